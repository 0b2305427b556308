"""What can be found in labels: a closed list, each with its weight and what training does about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...basics.errors import SHOWN_AT_MOST, InputError

ERROR, WARNING, NOTE = "error", "warning", "note"
GRADES = (ERROR, WARNING, NOTE)

_DROPS = "training drops the whole image"
_NO_BATCH = "the row belongs to no image"
_UNUSED = "training never sees it"
_DROPS_IMAGE = "training drops the image"


@dataclass(frozen=True)
class Kind:
    """One kind of finding: how grave it is, and what training does with what was found."""

    grade: str
    consequence: str


KINDS: Mapping[str, Kind] = {
    # rows and files that training refuses
    "not-text": Kind(ERROR, _DROPS),
    "not-readable": Kind(ERROR, _DROPS),
    "byte-order-mark": Kind(ERROR, _DROPS),
    "blank-row": Kind(ERROR, _DROPS),
    "wrong-column-count": Kind(ERROR, _DROPS),
    "confidence-column": Kind(ERROR, _DROPS),
    "odd-coordinates": Kind(ERROR, _DROPS),
    "box-in-polygon-file": Kind(ERROR, _DROPS),
    "not-a-number": Kind(ERROR, _DROPS),
    "not-finite": Kind(ERROR, _DROPS),
    "class-not-an-integer": Kind(ERROR, _DROPS),
    "negative-class": Kind(ERROR, _DROPS),
    "class-too-large": Kind(ERROR, _DROPS),
    "negative-size": Kind(ERROR, _DROPS),
    "image-not-an-integer": Kind(ERROR, _NO_BATCH),
    "negative-image": Kind(ERROR, _NO_BATCH),
    "image-too-large": Kind(ERROR, _NO_BATCH),
    "out-of-range": Kind(ERROR, _DROPS),
    # images that training refuses
    "image-not-readable": Kind(ERROR, _DROPS_IMAGE),
    "image-too-small": Kind(ERROR, _DROPS_IMAGE),
    "image-format": Kind(ERROR, _DROPS_IMAGE),
    # what training changes, or what it is silent about
    "duplicate-box": Kind(WARNING, "training keeps one and sorts the rows of the file by class, x, y, w, h"),
    "same-box-other-class": Kind(WARNING, "training keeps both; they compete for the same anchors"),
    "class-truncated": Kind(WARNING, "this release cuts the class to a whole number"),
    "row-misread": Kind(WARNING, "this release takes x y and w h for two points of a polygon"),
    "class-equals-count": Kind(WARNING, "this release accepts it; the loss then indexes past the last class"),
    "zero-size": Kind(WARNING, "the box contains no anchor and gets no positive"),
    "ignored-as-padding": Kind(WARNING, "the box counts as padding and gets no positive"),
    "label-misplaced": Kind(WARNING, "training takes the image for background"),
    "label-without-image": Kind(WARNING, _UNUSED),
    "image-not-found": Kind(WARNING, _UNUSED),
    "dropped-in-training": Kind(WARNING, "training drops the box, without augmentation too"),
    "valid-key": Kind(WARNING, "training knows only val"),
    "other-folder": Kind(WARNING, "training started in this folder does not find the split"),
    "annotation-skipped": Kind(WARNING, "the box is left out"),
    # what is as it should be, but worth knowing
    "label-missing": Kind(NOTE, "training takes the image for background"),
    "label-empty": Kind(NOTE, "training takes the image for background"),
    "under-2-px": Kind(NOTE, "training's augmentation throws boxes away when a side is under 2 px"),
    "leaves-the-image": Kind(NOTE, "the part outside holds no pixels"),
    "point-outside": Kind(NOTE, "only the box around the points is checked"),
    "clipped-in-training": Kind(NOTE, "training clips the box to the input"),
    "remade-in-training": Kind(NOTE, "training makes the box anew, from the contour of its polygon"),
    "image-rewritten": Kind(NOTE, "training writes the image file anew"),
    "not-a-label-file": Kind(NOTE, "left out"),
}
"""By id. Ids are stable: scripts rely on them."""


@dataclass(frozen=True)
class Finding:
    """Something found in a label file (``line`` from 1) or about a whole file (``line`` 0)."""

    id: str
    message: str
    path: str
    line: int = 0
    hint: str = ""

    @property
    def grade(self) -> str:
        return KINDS[self.id].grade

    @property
    def consequence(self) -> str:
        return KINDS[self.id].consequence

    @property
    def in_a_row(self) -> bool:
        """Is it about a row of a file, not about a file as a whole?"""
        return bool(self.line) or self.path.endswith("]")

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


LINE, ANNOTATION = "line", "annotation"
"""What a row's place in its file is counted in."""


def finding_at(id: str, message: str, path: str, place: int, unit: str) -> Finding:
    """A finding about the row at ``place`` of a file, counted in ``unit``."""
    if unit == LINE:
        return Finding(id, message, path, place)
    return Finding(id, message, f"{path}[{unit}s[{place}]]")


def as_error(findings: Sequence[Finding]) -> InputError:
    """All findings in one error, in their order."""
    first, *others = [InputError(f.id, f.message, where=f.where, hint=f.hint) for f in findings]
    first.others = tuple(others)
    if len(others) > SHOWN_AT_MOST and not first.hint:
        first.hint = "yolo-assign labels --all lists everything that is wrong"
    return first


_SHOWN = 3
"""Places of a kind that a trace names; the report of all of them is another command."""

_TOLD_OTHERWISE = frozenset({"label-missing", "label-empty", "not-a-label-file"})
"""Notes that a trace counts as the states of its label files."""


_IN_TRAINING = frozenset({"clipped-in-training", "remade-in-training"})
"""Notes about what only training does."""


def remarks_about(findings: Iterable[Finding]) -> tuple[str, ...]:
    """What is to be said although the rows pass.

    Changes and oddities with their consequence: of rows the first of a kind, of whole files one and the number of
    the others; notes by number.
    """
    told = Counter[str]()
    first: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.grade == ERROR or finding.id in _TOLD_OTHERWISE:
            continue
        told[finding.id] += 1
        shown = first.setdefault(finding.id, [])
        if finding.grade != NOTE and len(shown) < (_SHOWN if finding.in_a_row else 1):
            shown.append(finding)
    lines, later = [], []
    for kind, number in told.items():
        if KINDS[kind].grade == NOTE:
            mode = " `mode=train`" if kind in _IN_TRAINING else ""
            later.append(f"{number} [{kind}]: {KINDS[kind].consequence}; yolo-assign labels{mode} names them")
            continue
        more = number - len(first[kind])
        for finding in first[kind]:
            others = f" (and {more} more)" if more and not finding.in_a_row else ""
            lines.append(f"{finding.where}: {finding.message}{others}; {finding.consequence} [{finding.id}]")
        if more and first[kind][0].in_a_row:
            later.append(f"{more} more of [{kind}]; yolo-assign labels lists them")
    return (*lines, *later)

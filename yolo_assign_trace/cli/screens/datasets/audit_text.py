"""What ``yolo-assign audit`` prints: a verdict, then tables; CSV for scripts."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence

from ....audit.document import flat
from ....audit.question import Combination
from ....audit.report import Report
from ....audit.tally import BOXES, FEW, HEAT, NEVER, PICTURES, Place, Read
from ....audit.verdict import BAD, ODD, candidates_per_box, verdict
from ....basics.box_sizes import SIZES
from ....basics.plural import and_more, count
from ....tracers.text_page import Column, Page
from ..terminal import in_flags, result_console
from .labels_text import print_groups

_COLOURS = {BAD: "red", ODD: "yellow"}
_SHADES = " .:-=+*#%@"
_CLASSES = 10
"""Classes that are shown without --all."""


def print_audit(report: Report, shown: int) -> None:
    """The verdict about the first combination, then tables over all; ``shown`` places of a kind are named."""
    page, read = Page(result_console()), report.tally.read[0]
    for remark in [*report.dataset.remarks, *report.remarks]:
        page.line((remark, "dim"), indent=0)
    page.line((f"{count(read.survey.images, 'image')}, {count(read.survey.boxes, 'box')}", "bold"), indent=0)
    page.heading("Verdict", f"of {report.question.combinations[0].name}")
    for sentence in verdict(report):
        page.line(
            (f"{sentence.about:<9} ", "bold"), (in_flags(sentence.text), _COLOURS.get(sentence.grade, "")), hang=10
        )
    _combinations(page, report)
    _helps(page, report)
    _inputs(page, report)
    _groups(page, report, shown)
    _pictures(page, report, read)
    _centres(page, read)
    _places(page, report, shown)
    if read.survey.groups:
        page.heading("Labels", f"read as {report.question.readings[0].rules.name}; yolo-assign labels says the same")
        print_groups(page, read.survey, shown)
    page.print()


def _combinations(page: Page, report: Report) -> None:
    rows = report.rows
    k = rows[0][0].k
    page.heading("Candidates", f"by input, levels and release; a box selects {k}")
    columns = [
        Column("never", [f"{counted.without:,}" for _, counted in rows]),
        Column("%", [_share(counted.without, counted.boxes) for _, counted in rows]),
        Column(f"1 to {k - 1}", [f"{counted.fewer:,}" for _, counted in rows]),
        Column("%", [_share(counted.fewer, counted.boxes) for _, counted in rows], narrow=[]),
        Column("a box", [f"{counted.candidates / (counted.boxes or 1):.1f}" for _, counted in rows]),
    ]
    names = list(dict.fromkeys(level.name for one, _ in rows for level in one.grid.levels))
    names.sort(key=lambda name: int(name[1:]) if name[1:].isdecimal() else 0)
    for name in names:
        cells = []
        for one, counted in rows:
            by_name = dict(zip([level.name for level in one.grid.levels], counted.levels.tolist(), strict=False))
            cells.append(f"{by_name[name] / (counted.boxes or 1):.1f}" if name in by_name else "")
        columns.append(Column(name, cells, narrow=[]))
    columns += [
        Column("none own", [f"{counted.shared:,}" for _, counted in rows], narrow=[]),
        Column("twins", [f"{counted.twins:,}" for _, counted in rows], narrow=[]),
        Column("too large", [f"{counted.beyond:,}" for _, counted in rows], narrow=[]),
    ]
    page.table([*_names(report.question.combinations), *columns])


def _names(combinations: Sequence[Combination]) -> list[Column]:
    return [
        Column("input", [one.size_text for one in combinations]),
        Column("levels", [one.shapes.name for one in combinations], right=False),
        Column("release", [one.release for one in combinations], right=False),
    ]


def _helps(page: Page, report: Report) -> None:
    rows = [(one, counted) for one, counted in report.rows if counted.helped and counted.lacking]
    if not rows:
        return
    page.heading("What would help", "how many boxes without a candidate get one, and of those with fewer than k get k")
    lines = [(one, counted, what) for one, counted in rows for what in counted.helped]
    columns = [
        Column("what", [what for _, _, what in lines], right=False),
        Column("one", [f"{counted.helped[what][0]:,} of {counted.without:,}" for _, counted, what in lines]),
        Column("k", [f"{counted.helped[what][1]:,} of {counted.lacking:,}" for _, counted, what in lines]),
    ]
    page.table([*_names([one for one, _, _ in lines]), *columns])


def _inputs(page: Page, report: Report) -> None:
    smallest = report.smallest
    if not smallest:
        return
    first = smallest[0]
    tried = f"of {first.tried} from {first.one.size_text} to {first.last.size_text} px"
    page.heading("Smallest input", f"at which so many boxes have a candidate, or k; {tried}")
    columns = [
        Column("levels", [each.one.shapes.name for each in smallest], right=False),
        Column("release", [each.one.release for each in smallest], right=False),
    ]
    for title, answers in (
        ("one", [each.candidate for each in smallest]),
        ("k", [each.enough for each in smallest]),
    ):
        columns += [Column(f"{title} {share} %", [sizes[share] or "-" for sizes in answers]) for share in answers[0]]
    page.table(columns)


def _groups(page: Page, report: Report, shown: int) -> None:
    one, counted = report.rows[0]
    sizes = [("size", f"{name} px", row) for name, row in zip(SIZES, counted.by_size.tolist(), strict=True)]
    pictures = [("picture", f"{name} px", row) for name, row in zip(PICTURES, counted.by_picture.tolist(), strict=True)]
    of_classes = counted.by_class.tolist()
    order = sorted(
        range(len(of_classes)), key=lambda i: (-of_classes[i][NEVER], -of_classes[i][FEW], -of_classes[i][BOXES])
    )
    present = [i for i in order if of_classes[i][BOXES]]
    some = present if shown > _CLASSES else present[:_CLASSES]
    classes = [("class", report.class_name(i), of_classes[i]) for i in some]
    rows = [row for row in [*sizes, *pictures, *classes] if row[2][BOXES]]
    if not rows:
        return
    page.heading("Who", f"at {one.name}; size is sqrt(width · height) in the input, picture the longer side")
    page.table(
        [
            Column("", [kind for kind, _, _ in rows], right=False),
            Column("", [name for _, name, _ in rows], right=False),
            Column("boxes", [f"{row[BOXES]:,}" for _, _, row in rows]),
            Column("%", [_share(row[BOXES], counted.boxes) for _, _, row in rows], narrow=[]),
            Column("never", [f"{row[NEVER]:,}" for _, _, row in rows]),
            Column("%", [_share(row[NEVER], row[BOXES]) for _, _, row in rows]),
            Column(f"1 to {one.k - 1}", [f"{row[FEW]:,}" for _, _, row in rows]),
            Column("a box", [f"{candidates_per_box(row):.1f}" for _, _, row in rows]),
        ]
    )
    if len(some) < len(present):
        page.line((f"...{and_more(len(present), len(some), 'class')}; --all shows them", "dim"))


def _pictures(page: Page, report: Report, read: Read) -> None:
    if not read.worst:
        return
    one = report.question.combinations[0]
    page.heading(
        "Pictures with most boxes", "they set the assigner's memory: MB of a dense float32 tensor, and on pairs"
    )
    page.table(
        [
            Column("boxes", [f"{picture.boxes:,}" for picture in read.worst]),
            Column("dense", [f"{picture.boxes * one.grid.anchors * 4e-6:,.1f}" for picture in read.worst]),
            Column("pairs", [f"{picture.pairs[0] * 4e-6:,.2f}" for picture in read.worst]),
            Column("label file", [picture.path for picture in read.worst], right=False, wrap=True),
        ]
    )


def _centres(page: Page, read: Read) -> None:
    most = int(read.heat.max())
    if not most:
        return
    page.heading("Where boxes are", f"centres by place in the image; {_SHADES[-1]} is {most:,}")
    for row in range(0, HEAT, 2):  # a cell of a terminal is twice as high as wide
        both = read.heat[row] + read.heat[row + 1]
        top = 2 * most
        page.line("".join(_SHADES[-(-int(n) * (len(_SHADES) - 1) // top)] * 2 for n in both.tolist()))


def _places(page: Page, report: Report, shown: int) -> None:
    one, counted = report.rows[0]
    kinds = [
        ("Boxes without a candidate", counted.never, counted.without),
        (f"Boxes with fewer than {one.k}", counted.few, counted.fewer),
        ("Boxes too large for every level", counted.unlike, counted.beyond),
    ]
    for title, places, number in kinds:
        if places:
            page.heading(title, f"{number:,} at {one.name}")
            for place in places[:shown]:
                page.line(where(place, report))
            if number > shown:
                page.line(f"...{and_more(number, min(shown, len(places)))}; --all and --parquet name them", hang=4)


def where(place: Place, report: Report) -> str:
    """A box by file and line, and what it is."""
    at = (
        f"{place.path}:{place.line}"
        if report.dataset.entries[0].table is None
        else f"{place.path}[annotations[{place.line}]]"
    )
    what = f"class {report.class_name(place.label)}, {place.width:g}x{place.height:g} px"
    return f"{at}: {what}, {count(place.candidates, 'candidate')}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def print_csv(report: Report) -> None:
    """One line for every combination, for scripts."""
    rows: Sequence[dict[str, object]] = flat(report)
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)

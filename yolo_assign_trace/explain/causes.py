"""Why a box has no positives: its one cause, with the numbers that show it. docs/causes.md is about the same ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError, Parameter, did_you_mean
from ..run.boxes_summary import CAUSES
from ..run.record import BoxLine
from ..traces.view import TraceView
from .larger_input import Helps, smallest_helping
from .sentences import Sentence, sentence

ANY = "any"


@dataclass(frozen=True)
class Cause:
    """``id`` is a key of :data:`~yolo_assign_trace.run.boxes_summary.CAUSES`, ``meaning`` its text there."""

    id: str
    meaning: str
    sentences: tuple[Sentence, ...]


def parse_causes(text: str) -> frozenset[str]:
    """The causes in a comma list; ``any`` stands for all.

    Raises:
        InputError: no such cause; the hint lists near matches.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in (ANY, *CAUSES):
            hint = did_you_mean(name, [*CAUSES, ANY])
            raise InputError("unknown-cause", f"{name!r} is no cause", where=Parameter("fail_on"), hint=hint)
    return frozenset(CAUSES if ANY in names else names)


def causes_of(view: TraceView, lines: Iterable[BoxLine]) -> list[Cause]:
    """The causes of those of the boxes that have one, in order; what costs is computed for all of them together."""
    lines = [line for line in lines if line.cause]
    empty = [(line.image, line.gt) for line in lines if line.cause == "no-anchor-inside"]
    boxes = np.array([view.corners[box] for box in empty]).reshape(-1, 4)
    helping = iter(smallest_helping(boxes, view.grid, view.settings.enlarged_below))
    return [
        Cause(
            line.cause,
            CAUSES[line.cause],
            _nothing_inside(view, line, next(helping))
            if line.cause == "no-anchor-inside"
            else tuple(_TELL[line.cause](view, line)),
        )
        for line in lines
    ]


def _ignored(view: TraceView, line: BoxLine) -> list[Sentence]:
    """Also of one that was masked out."""
    corners = view.corners[line.image, line.gt]
    what = "cause.masked" if line.cause == "masked-out" else "cause.ignored"
    with np.errstate(invalid="ignore"):  # infinity less infinity
        told = [sentence(what, **_named(corners), sum=float(corners.sum()))]
    if line.positives:  # it selects nothing and owns anchors all the same
        anchors = np.flatnonzero(view.owner[line.image] == line.gt)
        overlaps = view.optional("target_overlaps")
        wins = overlaps is not None and bool((overlaps[line.image, anchors] != 0).any())
        told.append(sentence("cause.ignored-wins" if wins else "cause.ignored-owns", positives=line.positives))
    return told


def _nothing_inside(view: TraceView, line: BoxLine, helps: Helps) -> tuple[Sentence, ...]:
    grid, at = view.grid, (line.image, line.gt)
    x1, y1, x2, y2 = view.screened[at].tolist()
    large = {"input_width": grid.width, "input_height": grid.height}
    if x2 <= 0 or y2 <= 0 or x1 >= grid.width or y1 >= grid.height:
        first = sentence("cause.off-grid", **_named(view.corners[at]), **large)
    elif not (line.width > 0 and line.height > 0):
        first = sentence("cause.empty", width=line.width, height=line.height)
    else:
        what = "cause.between-seen" if view.enlarged[at] else "cause.between"
        first = sentence(what, width=x2 - x1, height=y2 - y1, strides=list(grid.strides))
    if not view.settings.tells_screening:
        return (first,)
    told = [first]
    if helps.size is None:
        told.append(sentence("cause.no-larger-input", **_size(helps.tried)))
    else:
        told.append(sentence("cause.larger-input", **_size(helps.size), step=grid.strides[-1]))
        if helps.sure is not None:
            told.append(sentence("cause.always", **_size(helps.sure)))
    if helps.stride:
        told.append(sentence("cause.finer-level", stride=helps.stride, **large))
    elif helps.finest:
        told.append(sentence("cause.no-finer-level", stride=helps.finest))
    return tuple(told)


def _metric_zero(view: TraceView, line: BoxLine) -> list[Sentence]:
    here = view.index.of_box(line.image, line.gt)
    no_score, no_overlap = view.class_scores[here] == 0, view.overlaps[here] == 0
    zeros = {
        "score": no_score & ~no_overlap,
        "overlap": no_overlap & ~no_score,
        "both": no_score & no_overlap,
        "product": ~no_score & ~no_overlap,
    }
    told = [sentence("cause.zero", candidates=here.stop - here.start)]
    told += [sentence(f"cause.zero-{what}", number=int(mask.sum())) for what, mask in zeros.items() if mask.any()]
    resolved = int((view.pair_owner[here] == line.gt).sum())
    ties = view.optional("tie_order")
    if resolved:
        return [*told, sentence("cause.zero-kept", resolved=resolved)]
    tied = ties is not None and ties[line.image, line.gt]
    return [*told, sentence("cause.zero-ties" if tied else "cause.zero-no-ties")]


def _lost(view: TraceView, line: BoxLine) -> list[Sentence]:
    return [loss.sentence(line.selected) for loss in losses(view, line.image, line.gt)]


def _not_selected(view: TraceView, line: BoxLine) -> list[Sentence]:
    here = view.index.of_box(line.image, line.gt)
    mine = view.pair_owner[here] == line.gt
    if mine.any():
        metric = float(view.metric[here][mine].max())
        return [sentence("cause.not-kept", selected=line.selected, resolved=int(mine.sum()), metric=metric)]
    above = int((view.metric[here] > 0).sum())
    counts = {"candidates": sum(line.candidates), "above": above, "selected": line.selected}
    return [sentence("cause.not-selected", **counts)]


def _non_finite(view: TraceView, line: BoxLine) -> list[Sentence]:
    here = view.index.of_box(line.image, line.gt)
    columns = {"score": view.class_scores, "overlap": view.overlaps, "metric": view.metric}
    odd = {name: ~np.isfinite(column[here]) for name, column in columns.items()}
    first = here.start + int(np.argmax(odd["metric"]))
    counts = {name: int(mask.sum()) for name, mask in odd.items()}
    address = str(view.grid.address(int(view.pairs[first, 2])))
    return [sentence("cause.non-finite", **counts, candidates=here.stop - here.start, anchor=address)]


_TELL: Mapping[str, Callable[[TraceView, BoxLine], list[Sentence]]] = {
    "ignored-as-padding": _ignored,
    "masked-out": _ignored,
    "non-finite": _non_finite,
    "metric-zero": _metric_zero,
    "not-selected": _not_selected,
    "lost-conflicts": _lost,
}


@dataclass(frozen=True)
class Loss:
    """Anchors that a box had selected and another one has.

    ``owner`` is -1 for nobody. ``closest`` is the lost anchor where the overlaps differ least, with both of them.
    """

    owner: int
    anchors: int
    closest: int
    address: str
    overlap: float
    owner_overlap: float

    def sentence(self, selected: int) -> Sentence:
        """Told of a box that had ``selected`` anchors."""
        if self.owner < 0:
            return sentence("cause.lost-nowhere", anchors=self.anchors, selected=selected)
        both = {"overlap": self.overlap, "owner_overlap": self.owner_overlap}
        counts = {"anchors": self.anchors, "selected": selected}
        return sentence("cause.lost", **counts, owner=self.owner, anchor=self.address, **both)


def losses(view: TraceView, image: int, gt: int) -> tuple[Loss, ...]:
    """Who took the anchors that a box had selected, the one with most of them first."""
    here = view.index.of_box(image, gt)
    lost = here.start + np.flatnonzero(view.selected[here] & (view.pair_owner[here] != gt))
    owners = view.pair_owner[lost]
    by_owner = []
    for owner in np.unique(owners).tolist():
        taken = lost[owners == owner]
        gaps = view.owner_overlap[taken] - view.overlaps[taken]
        nearest = int(taken[np.argmin(np.where(np.isnan(gaps), np.inf, gaps))])
        anchor = int(view.pairs[nearest, 2])
        both = float(view.overlaps[nearest]), float(view.owner_overlap[nearest])
        by_owner.append(Loss(owner, len(taken), anchor, str(view.grid.address(anchor)), *both))
    return tuple(sorted(by_owner, key=lambda loss: (-loss.anchors, loss.owner)))


def _named(corners: Array) -> dict[str, float]:
    return dict(zip(("x1", "y1", "x2", "y2"), corners.tolist(), strict=True))


def _size(size: tuple[int, int]) -> dict[str, int]:
    return {"height": size[0], "width": size[1]}

"""Why a box has no positives: its one cause, with the numbers that show it. docs/causes.md is about the same ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError, Parameter, did_you_mean
from ..run.boxes_summary import CAUSES
from ..run.record import BoxLine
from .larger_input import Larger, smallest_helping
from .sentences import Sentence, sentence
from .view import TraceView

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


class Causes:
    """Finds the particulars of causes; what costs is computed for all boxes together."""

    def __init__(self, view: TraceView) -> None:
        self.view = view

    def of(self, line: BoxLine) -> Cause | None:
        """The cause of a box, None if nothing is wrong with it."""
        if not line.cause:
            return None
        tell = {
            "ignored-as-padding": self._ignored,
            "masked-out": self._masked,
            "no-anchor-inside": self._nothing_inside,
            "non-finite": self._non_finite,
            "metric-zero": self._metric_zero,
            "not-selected": self._not_selected,
            "lost-conflicts": self._lost,
        }[line.cause]
        return Cause(line.cause, CAUSES[line.cause], tuple(tell(line)))

    def _ignored(self, line: BoxLine) -> list[Sentence]:
        corners = self.view.corners[line.image, line.gt]
        return [sentence("cause.ignored", **_named(corners), sum=float(corners.sum())), *self._still_owns(line)]

    def _masked(self, line: BoxLine) -> list[Sentence]:
        corners = self.view.corners[line.image, line.gt]
        return [sentence("cause.masked", **_named(corners), sum=float(corners.sum())), *self._still_owns(line)]

    def _still_owns(self, line: BoxLine) -> list[Sentence]:
        """What is to be said of a box that selects nothing and owns anchors all the same."""
        found = []
        if line.positives:
            image, gt, anchor = self.view.positives
            here = (image == line.image) & (gt == line.gt)
            overlaps = self.view.optional("target_overlaps")
            wins = overlaps is not None and bool((overlaps[line.image, anchor[here]] != 0).any())
            found.append(sentence("cause.ignored-wins" if wins else "cause.ignored-owns", positives=line.positives))
        return found

    def _nothing_inside(self, line: BoxLine) -> list[Sentence]:
        view, grid = self.view, self.view.grid
        corners = view.corners[line.image, line.gt]
        seen = self._seen[line.image, line.gt]
        x1, y1, x2, y2 = seen.tolist()
        large = {"input_width": grid.width, "input_height": grid.height}
        if x2 <= 0 or y2 <= 0 or x1 >= grid.width or y1 >= grid.height:
            first = sentence("cause.off-grid", **_named(corners), **large)
        elif not (line.width > 0 and line.height > 0):
            first = sentence("cause.empty", width=line.width, height=line.height)
        else:
            strides = list(grid.strides)
            as_is = np.allclose(seen, corners, rtol=1e-4, atol=0)
            what = "cause.between" if as_is else "cause.between-seen"
            first = sentence(what, width=x2 - x1, height=y2 - y1, strides=strides)
        if not view.settings.screening:
            return [first]
        found, at = [first], self._place[line.image, line.gt]
        helping = self._helping
        if helping.height[at]:
            size = {"height": int(helping.height[at]), "width": int(helping.width[at])}
            found.append(sentence("cause.larger-input", **size, step=grid.strides[-1]))
            if helping.sure_height[at]:
                sure = {"height": int(helping.sure_height[at]), "width": int(helping.sure_width[at])}
                found.append(sentence("cause.always", **sure))
        else:
            found.append(sentence("cause.no-larger-input", height=helping.tried[0], width=helping.tried[1]))
        if helping.stride[at]:
            found.append(sentence("cause.finer-level", stride=int(helping.stride[at]), **large))
        elif helping.finest:
            found.append(sentence("cause.no-finer-level", stride=helping.finest))
        return found

    @cached_property
    def _seen(self) -> Array:
        """(image, gt, xyxy) boxes as screening saw them."""
        enlarged = self.view.optional("screen_bboxes")
        return self.view.corners if enlarged is None else enlarged

    @cached_property
    def _empty(self) -> list[tuple[int, int]]:
        return [(line.image, line.gt) for line in self.view.lines if line.cause == "no-anchor-inside"]

    @cached_property
    def _place(self) -> dict[tuple[int, int], int]:
        return {box: at for at, box in enumerate(self._empty)}

    @cached_property
    def _helping(self) -> Larger:
        boxes = np.array([self.view.corners[box] for box in self._empty])
        return smallest_helping(boxes, self.view.grid, self.view.settings.enlarged_below)

    def _metric_zero(self, line: BoxLine) -> list[Sentence]:
        view = self.view
        here = view.pairs_of_box(line.image, line.gt)
        no_score, no_overlap = view.class_scores[here] == 0, view.overlaps[here] == 0
        both = int((no_score & no_overlap).sum())
        numbers = {
            "score": int(no_score.sum()) - both,
            "overlap": int(no_overlap.sum()) - both,
            "both": both,
            "product": int((~no_score & ~no_overlap).sum()),
        }
        found = [sentence("cause.zero", candidates=here.stop - here.start)]
        found += [sentence(f"cause.zero-{what}", number=number) for what, number in numbers.items() if number]
        resolved = int((view.pair_owner[here] == line.gt).sum())
        ties = view.optional("tie_order")
        if resolved:
            found.append(sentence("cause.zero-kept", resolved=resolved))
        elif ties is not None and ties[line.image, line.gt]:
            found.append(sentence("cause.zero-ties"))
        else:
            found.append(sentence("cause.zero-no-ties"))
        return found

    def _lost(self, line: BoxLine) -> list[Sentence]:
        return [loss.sentence(line.selected) for loss in losses(self.view, line.image, line.gt)]

    def _not_selected(self, line: BoxLine) -> list[Sentence]:
        view = self.view
        here = view.pairs_of_box(line.image, line.gt)
        mine = view.pair_owner[here] == line.gt
        if mine.any():
            metric = float(view.metric[here][mine].max())
            return [sentence("cause.not-kept", selected=line.selected, resolved=int(mine.sum()), metric=metric)]
        above = int((view.metric[here] > 0).sum())
        counts = {"candidates": sum(line.candidates), "above": above, "selected": line.selected}
        return [sentence("cause.not-selected", **counts)]

    def _non_finite(self, line: BoxLine) -> list[Sentence]:
        view = self.view
        here = view.pairs_of_box(line.image, line.gt)
        odd = {
            "score": ~np.isfinite(view.class_scores[here]),
            "overlap": ~np.isfinite(view.overlaps[here]),
            "metric": ~np.isfinite(view.metric[here]),
        }
        first = here.start + int(np.argmax(odd["metric"]))
        counts = {name: int(mask.sum()) for name, mask in odd.items()}
        address = str(view.grid.address(int(view.pairs[first, 2])))
        return [sentence("cause.non-finite", **counts, candidates=here.stop - here.start, anchor=address)]


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
    here = view.pairs_of_box(image, gt)
    lost = here.start + np.flatnonzero(view.selected[here] & (view.pair_owner[here] != gt))
    owners = view.pair_owner[lost]
    found = []
    for owner in np.unique(owners).tolist():
        taken = lost[owners == owner]
        gaps = view.owner_overlap[taken] - view.overlaps[taken]
        nearest = int(taken[np.argmin(np.where(np.isnan(gaps), np.inf, gaps))])
        anchor = int(view.pairs[nearest, 2])
        both = float(view.overlaps[nearest]), float(view.owner_overlap[nearest])
        found.append(Loss(owner, len(taken), anchor, str(view.grid.address(anchor)), *both))
    return tuple(sorted(found, key=lambda loss: (-loss.anchors, loss.owner)))


def _named(corners: Sequence[float] | Array) -> dict[str, float]:
    return {name: float(value) for name, value in zip(("x1", "y1", "x2", "y2"), corners, strict=True)}

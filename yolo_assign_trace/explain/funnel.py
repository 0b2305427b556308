"""How many anchors each step leaves a box, level by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.arrays import Array
from ..traces.view import TraceView

STEPS = {
    "inside": "anchors whose centre lies inside the box",
    "above-zero": "of these, metric above 0",
    "selected": "selected by the box",
    "after-conflicts": "owned by the box after conflicts",
    "positive": "positive in the end",
}
"""The steps in order; ids are stable. The last two differ only where topk2 drops positives."""


@dataclass(frozen=True)
class Step:
    """One step of one box: anchors left per level, fine level first, and in total."""

    id: str
    per_level: tuple[int, ...]
    total: int


@dataclass(frozen=True)
class Funnel:
    """The way of one box's anchors.

    Attributes:
        steps: in the order of :data:`STEPS`.
        lost: selected anchors that other boxes have.
        won: anchors inside the box that it has without having selected them.
        outside: anchors that it has though their centre lies outside the box.
        dropped: anchors that topk2 took from it.
    """

    steps: tuple[Step, ...]
    lost: int
    won: int
    outside: int
    dropped: int


def funnel_of(view: TraceView, image: int, gt: int) -> Funnel:
    """The funnel of one box."""
    here = view.index.of_box(image, gt)
    anchors, selected, mine = view.pairs[here, 2], view.selected[here], view.pair_owner[here] == gt
    after, positive = (np.flatnonzero(owner[image] == gt) for owner in (view.resolved_owner, view.owner))
    left = (anchors, anchors[view.metric[here] > 0], anchors[selected], after, positive)
    return Funnel(
        steps=tuple(_step(view, *step) for step in zip(STEPS, left, strict=True)),
        lost=int((selected & ~mine).sum()),
        won=int((~selected & mine).sum()),
        outside=len(after) - int(mine.sum()),
        dropped=len(after) - len(positive),
    )


def _step(view: TraceView, id: str, anchors: Array) -> Step:
    return Step(id, tuple(np.bincount(view.level[anchors], minlength=view.levels).tolist()), len(anchors))

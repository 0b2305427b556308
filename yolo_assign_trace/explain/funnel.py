"""How many anchors each step leaves a box, level by level, for all boxes at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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


class Funnels:
    """Counts for all boxes of a trace."""

    def __init__(self, view: TraceView) -> None:
        self.view = view

    def of(self, image: int, gt: int) -> Funnel:
        """The funnel of one box."""
        row = image * self.view.m + gt
        steps = tuple(
            Step(step, tuple(counts[row].tolist()), int(counts[row].sum())) for step, counts in self._per_level.items()
        )
        lost, won, owned = (int(counts[row]) for counts in self._conflicts)
        after, positive = steps[3].total, steps[4].total
        return Funnel(steps, lost, won, outside=after - owned, dropped=after - positive)

    @cached_property
    def _per_level(self) -> dict[str, Array]:
        """Step to (row, level) counts."""
        view = self.view
        level = view.level[view.pairs[:, 2]]
        return {
            "inside": self._count(view.index.row, level),
            "above-zero": self._count(view.index.row[view.metric > 0], level[view.metric > 0]),
            "selected": self._count(view.index.row[view.selected], level[view.selected]),
            "after-conflicts": self._owned(view.resolved_owner),
            "positive": self._owned(view.owner),
        }

    def _owned(self, owner: Array) -> Array:
        image, anchor = np.nonzero(owner >= 0)
        return self._count(image * self.view.m + owner[image, anchor], self.view.level[anchor])

    def _count(self, row: Array, level: Array) -> Array:
        view = self.view
        size = view.b * view.m * view.levels
        return np.bincount(row * view.levels + level, minlength=size).reshape(-1, view.levels)

    @cached_property
    def _conflicts(self) -> tuple[Array, Array, Array]:
        """(row,) selected but not owned after conflicts; owned but not selected; owned, of the candidates."""
        view = self.view
        mine = view.pair_owner == view.pairs[:, 1]
        size = view.b * view.m
        masks = (view.selected & ~mine, ~view.selected & mine, mine)
        lost, won, owned = (np.bincount(view.index.row[mask], minlength=size) for mask in masks)
        return lost, won, owned

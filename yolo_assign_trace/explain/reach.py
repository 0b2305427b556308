"""Positives whose target the box distribution cannot express: a side further away than its last bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..traces.view import TraceView


@dataclass(frozen=True)
class LevelReach:
    """Positives of one level. ``beyond`` of them have a side more than ``limit`` cells away; ``farthest`` is the
    largest distance to a side, in cells, of all of them (0 without positives)."""

    level: str
    stride: int
    positives: int
    beyond: int
    farthest: float


@dataclass(frozen=True)
class Reach:
    """What reg_max allows. ``limit`` is reg_max - 1 in cells, None if reg_max is unknown or 1 (no distribution)."""

    reg_max: int | None
    limit: int | None
    levels: tuple[LevelReach, ...]

    @property
    def beyond(self) -> int:
        return sum(level.beyond for level in self.levels)


def reach_of(view: TraceView, image: int | None = None) -> Reach:
    """Distances from every positive anchor to the sides of its box, in cells, against reg_max - 1."""
    images, gts, anchors = view.positives
    if image is not None:
        here = images == image
        images, gts, anchors = images[here], gts[here], anchors[here]
    strides = np.array(view.grid.strides, dtype=np.float64)
    level = view.level[anchors]
    points = view.array("anc_points")[anchors].astype(np.float64)  # (positive, xy)
    box = view.corners[images, gts].astype(np.float64)
    sides = np.concatenate([points - box[:, :2], box[:, 2:] - points], axis=1) / strides[level][:, None]
    farthest = sides.max(axis=1) if len(sides) else np.zeros(0)
    reg_max = view.settings.reg_max
    limit = reg_max - 1 if reg_max is not None and reg_max > 1 else None
    levels = []
    for number, of_level in enumerate(view.grid.levels):
        mine = farthest[level == number]
        beyond = 0 if limit is None else int((mine > limit).sum())
        levels.append(
            LevelReach(of_level.name, of_level.stride, len(mine), beyond, float(mine.max()) if len(mine) else 0.0)
        )
    return Reach(reg_max, limit, tuple(levels))

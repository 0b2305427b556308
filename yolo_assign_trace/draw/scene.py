"""What became of the boxes and anchors of one image, in the form in which it is drawn. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from math import sqrt

import numpy as np

from ..assignment.grid import Level
from ..basics.arrays import Array
from ..run.boxes_summary import CAUSES
from ..run.record import BoxLine
from ..traces.view import OUTCOMES, TraceView

NEEDS = ("cutoff", "norm_align_metric")
"""Outputs that a trace must have to be drawn, beside those that anything about it needs."""

FAR = 1e6
"""px; beyond what any canvas has."""
CROWD = 40
"""In an image of more boxes lines get thinner, and labels stand only where they fit."""

NO_WINNER = -1
"""The winner of an anchor that a box lost, if nobody has it."""


@dataclass(frozen=True)
class Box:
    """One ground-truth box.

    ``corners`` are xyxy px; ``screened`` are those that screening saw, if it enlarged the box; ``cutoff`` is the
    k-th largest metric.
    """

    line: BoxLine
    class_name: str
    corners: Array
    screened: Array | None
    cutoff: float

    @property
    def gt(self) -> int:
        return self.line.gt

    @property
    def cause(self) -> str:
        """Why it has no positives, in words; empty if it has."""
        return CAUSES[self.line.cause] if self.line.cause else ""


@dataclass(frozen=True)
class Pairs:
    """The candidate pairs of some boxes, one row each, sorted by gt and anchor.

    ``outcome`` is the index of a key of :data:`OUTCOMES`, ``owner`` the gt that had the anchor after conflicts.
    """

    gt: Array
    anchor: Array
    score: Array
    overlap: Array
    metric: Array
    selected: Array
    outcome: Array
    owner: Array

    def where(self, rows: Array | slice) -> Pairs:
        """Only the ``rows`` (mask, indices or slice)."""
        return Pairs(*(getattr(self, f.name)[rows] for f in fields(self)))

    def ended(self, outcome: str) -> Array:
        """(pair,) the rows with this outcome."""
        rows: Array = self.outcome == list(OUTCOMES).index(outcome)
        return rows


@dataclass(frozen=True)
class Lost:
    """An anchor that box ``gt`` selected and box ``winner`` got."""

    gt: int
    anchor: int
    winner: int


class ImageScene:
    """What became of the boxes and anchors of image number ``image``.

    Attributes:
        points: (anchor, xy) px.
        boxes: in order.
        pairs: its candidate pairs.
        positive: (anchor,) bool.
        owner: (anchor,) gt that owns the anchor; only of positives.
        target: (anchor,) target score.
    """

    def __init__(self, view: TraceView, image: int) -> None:
        self.image = image
        self.grid = view.grid
        self.points = view.array("anc_points")
        self.boxes = tuple(_box(view, line) for line in view.lines_of(image))
        columns = view.class_scores, view.overlaps, view.metric, view.selected, view.outcome, view.pair_owner
        rows = slice(*np.searchsorted(view.pairs[:, 0], [image, image + 1]).tolist())
        self.pairs = Pairs(view.pairs[:, 1], view.pairs[:, 2], *columns).where(rows)
        self.positive = view.positive[image]
        self.owner = view.owner[image]
        self.target = view.array("norm_align_metric")[image]

    @property
    def thin(self) -> float:
        """Widths of lines over those in an image of few boxes: the more boxes, the thinner."""
        return max(0.5, min(1.0, sqrt(CROWD / max(len(self.boxes), 1))))

    def anchors_of(self, rows: Array) -> Array:
        """The distinct anchors of the pairs in ``rows``, ascending."""
        anchors: Array = np.unique(self.pairs.anchor[rows])
        return anchors

    @cached_property
    def dropped(self) -> Array:
        """Anchors that a box had won and gave up again, as it keeps only its best (topk2)."""
        return self.anchors_of(self.pairs.ended("dropped"))

    @cached_property
    def lost(self) -> tuple[Lost, ...]:
        lost = self.pairs.where(self.pairs.ended("lost"))
        return tuple(map(Lost, lost.gt.tolist(), lost.anchor.tolist(), lost.owner.tolist()))

    @cached_property
    def metric_share(self) -> Array:
        """(pair,) metric over the best metric of its gt; 0 where that is not a number above 0."""
        metric = np.where(np.isfinite(self.pairs.metric), self.pairs.metric, 0).astype(np.float64)
        best = np.zeros(len(self.boxes))
        np.maximum.at(best, self.pairs.gt, metric)
        return np.divide(metric, best[self.pairs.gt], out=np.zeros(len(metric)), where=best[self.pairs.gt] > 0)


def _box(view: TraceView, line: BoxLine) -> Box:
    at = line.image, line.gt
    name = view.names.get(line.label, f"class {line.label}")
    screened = view.screened[at] if view.enlarged[at] else None
    return Box(
        line,
        name,
        _drawable(view.corners[at]),
        None if screened is None else _drawable(screened),
        float(view.array("cutoff")[at]),
    )


def _drawable(corners: Array) -> Array:
    """An infinite edge lies far away; one that is nan is not drawn."""
    return np.clip(corners, -FAR, FAR)


def on_level(level: Level, anchors: Array) -> Array:
    """Those of ``anchors`` that belong to ``level``."""
    kept: Array = anchors[(anchors >= level.first) & (anchors < level.first + level.anchors)]
    return kept

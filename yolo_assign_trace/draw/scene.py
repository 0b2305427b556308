"""What a stored trace says about its images, in the form in which it is drawn. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..assignment.grid import Grid, Level
from ..basics.arrays import Array
from ..run.boxes_summary import CAUSES, summarize
from ..run.record import BoxLine
from ..traces.stored import StoredTrace

NO_WINNER = -1
"""The winner of an anchor that a box lost, if the trace does not tell."""


NEEDED = (
    *("gt_labels", "gt_bboxes", "mask_gt", "anc_points", "pairs", "class_scores", "overlaps", "align_metric"),
    *("mask_topk", "cutoff", "mask_pos", "fg_mask", "target_gt_idx", "norm_align_metric"),
)
"""Outputs that a trace must have to be drawn."""


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
    """The candidate pairs of some boxes, one row each, sorted by gt and anchor."""

    gt: Array
    anchor: Array
    score: Array
    overlap: Array
    metric: Array
    selected: Array
    resolved: Array
    positive: Array

    def where(self, rows: Array) -> Pairs:
        """Only the ``rows`` (mask or indices)."""
        return Pairs(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Lost:
    """An anchor that box ``gt`` selected and box ``winner`` got."""

    gt: int
    anchor: int
    winner: int


@dataclass(frozen=True)
class ImageScene:
    """What became of the boxes and anchors of one image.

    Attributes:
        image: its number.
        grid: the levels.
        points: (anchor, xy) px.
        boxes: in order.
        pairs: its candidate pairs.
        positive: (anchor,) bool.
        owner: (anchor,) gt that owns the anchor; only of positives.
        target: (anchor,) target score.
    """

    image: int
    grid: Grid
    points: Array
    boxes: tuple[Box, ...]
    pairs: Pairs
    positive: Array
    owner: Array
    target: Array

    def anchors_of(self, rows: Array) -> Array:
        """The distinct anchors of the pairs in ``rows``, ascending."""
        found: Array = np.unique(self.pairs.anchor[rows])
        return found

    @cached_property
    def dropped(self) -> Array:
        """Anchors that a box had won and gave up again, as it keeps only its best (topk2)."""
        rows = self.pairs.resolved & ~self.pairs.positive
        return np.setdiff1d(self.anchors_of(rows), np.flatnonzero(self.positive))

    @cached_property
    def lost(self) -> tuple[Lost, ...]:
        pairs = self.pairs
        winner = np.full(self.grid.anchors, NO_WINNER)
        winner[pairs.anchor[pairs.resolved]] = pairs.gt[pairs.resolved]
        winner[self.positive] = self.owner[self.positive]
        rows = pairs.selected & ~pairs.resolved
        found = zip(pairs.gt[rows].tolist(), pairs.anchor[rows].tolist(), strict=True)
        return tuple(Lost(gt, anchor, int(winner[anchor])) for gt, anchor in found if winner[anchor] != gt)

    @cached_property
    def metric_share(self) -> Array:
        """(pair,) metric over the best metric of its gt; 0 where that is not a number above 0."""
        metric = np.where(np.isfinite(self.pairs.metric), self.pairs.metric, 0).astype(np.float64)
        best = np.zeros(len(self.boxes))
        np.maximum.at(best, self.pairs.gt, metric)
        return np.divide(metric, best[self.pairs.gt], out=np.zeros(len(metric)), where=best[self.pairs.gt] > 0)


class TraceScene:
    """What a whole trace says; ``image(i)`` is one image of it."""

    def __init__(self, trace: StoredTrace) -> None:
        self.trace = trace
        self.header = trace.header
        self.grid = trace.grid
        self.kept = {stored.output.name: stored.array for stored in trace.outputs.values()}
        for name in NEEDED:
            trace.array(name)  # says which output is missing, if one is
        self.images: int = self.kept["mask_gt"].shape[0]
        self.names = trace.class_names
        lines = summarize(self.grid, trace.box_counts, self.kept)
        self.lines: list[list[BoxLine]] = [[] for _ in range(self.images)]
        for line in lines:
            self.lines[line.image].append(line)
        self.starts = np.searchsorted(self.kept["pairs"][:, 0], np.arange(self.images + 1)).tolist()

    @cached_property
    def funnel(self) -> dict[str, int]:
        """Counts over all images, from candidates to positives."""
        with np.errstate(invalid="ignore"):
            above = int((self.kept["align_metric"] > 0).sum())
        return {
            "candidate pairs": len(self.kept["pairs"]),
            "metric above 0": above,
            "selected pairs": int(self.kept["mask_topk"].sum()),
            "positive anchors": int(self.kept["fg_mask"].sum()),
        }

    @cached_property
    def positives(self) -> tuple[Array, Array, Array]:
        """Of every positive anchor: its level's index, the side of its box in px (root of the area), its score."""
        fg = self.kept["fg_mask"]
        image, anchor = np.nonzero(fg)
        corners = self.kept["gt_bboxes"][image, self.kept["target_gt_idx"][image, anchor]].astype(np.float64)
        return level_index(self.grid, anchor), side_of(corners), self.kept["norm_align_metric"][fg]

    @cached_property
    def sides(self) -> Array:
        """Side of every box in px: the root of its area."""
        rows = [(line.width, line.height) for lines in self.lines for line in lines]
        found: Array = np.sqrt(np.maximum(np.array(rows, dtype=np.float64).reshape(-1, 2), 0).prod(axis=1))
        return found

    def image(self, image: int) -> ImageScene:
        """What became of image number ``image``."""
        kept = self.kept
        rows = slice(self.starts[image], self.starts[image + 1])
        resolved = kept.get("mask_resolved", kept["mask_pos"])
        pairs = Pairs(
            gt=kept["pairs"][rows, 1],
            anchor=kept["pairs"][rows, 2],
            score=kept["class_scores"][rows],
            overlap=kept["overlaps"][rows],
            metric=kept["align_metric"][rows],
            selected=kept["mask_topk"][rows],
            resolved=resolved[rows],
            positive=kept["mask_pos"][rows],
        )
        return ImageScene(
            image,
            self.grid,
            kept["anc_points"],
            tuple(self._box(line) for line in self.lines[image]),
            pairs,
            kept["fg_mask"][image],
            kept["target_gt_idx"][image],
            kept["norm_align_metric"][image],
        )

    def _box(self, line: BoxLine) -> Box:
        at = line.image, line.gt
        corners, screened = self.kept["gt_bboxes"][at], None
        if "screen_bboxes" in self.kept:
            seen = self.kept["screen_bboxes"][at]
            # the detour over centre and size moves edges by rounding alone; that is no enlargement
            if ((seen[2:] - seen[:2]) > (corners[2:] - corners[:2]) * (1 + 1e-4)).any():
                screened = seen
        name = self.names.get(line.label, f"class {line.label}")
        return Box(line, name, corners, screened, float(self.kept["cutoff"][at]))


def level_index(grid: Grid, anchors: Array) -> Array:
    """Index of the level of every anchor, 0 for the finest."""
    found: Array = np.searchsorted([level.first for level in grid.levels], anchors, side="right") - 1
    return found


def on_level(level: Level, anchors: Array) -> Array:
    """Those of ``anchors`` that belong to ``level``."""
    kept: Array = anchors[(anchors >= level.first) & (anchors < level.first + level.anchors)]
    return kept


def side_of(corners: Array) -> Array:
    """Root of the area of boxes (..., xyxy), px."""
    found: Array = np.sqrt(np.maximum(corners[..., 2:] - corners[..., :2], 0).prod(axis=-1))
    return found

"""Candidates of boxes by where their edges fall between the sorted cell centres; no anchor is tested.

The same float32 steps as the stages ``ground_truth`` and ``screen`` take, so that the same centres lie inside; a test
holds one against the other. Boxes are (4, box) here, a row for every coordinate, because that is what numpy is fast at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...assignment.grid import Grid, Level
from ...basics.arrays import Array


@dataclass(frozen=True)
class Screened:
    """Boxes in the network input and what of the grid lies inside.

    Attributes:
        corners: (xyxy, box) float32 px, as ``gt_bboxes``.
        valid: (box,) bool, as ``mask_gt``.
        screened: (xyxy, box) float32 px, the boxes that centres were tested against.
        ranges: (level, box) int32 first and end column, first and end row of the centres inside: (level, 4, box).
        levels: (level, box) int32, candidates by level.
        total: (box,) int32, candidates.
    """

    corners: Array
    valid: Array
    screened: Array
    ranges: Array
    levels: Array
    total: Array


def screen(fractions: Array, grid: Grid, enlarged_below: int | None) -> Screened:
    """What a release screens of boxes.

    Args:
        fractions: (4, box) float64 cx, cy, w, h as fractions of the network input.
        grid: the levels.
        enlarged_below: index of the stride below which a side counts as the second stride; None for no such thing.
    """
    corners, valid = gt_bboxes(fractions, grid)
    screened = enlarged(corners, valid, grid.strides, enlarged_below)
    ranges = np.empty((len(grid.levels), 4, corners.shape[1]), dtype=np.int32)
    for i, level in enumerate(grid.levels):
        ranges[i] = centres_inside(screened, level)
    ranges[:, 1::2, :] *= valid  # of a padding box nothing is a candidate
    levels = np.maximum(ranges[:, 1] - ranges[:, 0], 0) * np.maximum(ranges[:, 3] - ranges[:, 2], 0)
    return Screened(corners, valid, screened, ranges, levels, levels.sum(axis=0, dtype=np.int32))


def gt_bboxes(fractions: Array, grid: Grid) -> tuple[Array, Array]:
    """(xyxy, box) float32 px and (box,) bool: is it a box, not padding? As the stage ``ground_truth`` makes them."""
    size = np.array([[grid.width], [grid.height]] * 2, dtype=np.float32)
    rows = fractions.astype(np.float32) * size
    centre, half = rows[:2], rows[2:] / np.float32(2)
    corners = np.concatenate([centre - half, centre + half])
    valid: Array = corners[0] + corners[1] + corners[2] + corners[3] > 0  # one after the other, as torch sums four
    return corners, valid


def enlarged(corners: Array, valid: Array, strides: Sequence[int], enlarged_below: int | None) -> Array:
    """As the stages ``screen_enlarged`` and ``screen_floored`` make the boxes (xyxy, box) they screen by."""
    if enlarged_below is None:
        return corners
    last = len(strides) - 1
    size, centre = corners[2:] - corners[:2], (corners[:2] + corners[2:]) / np.float32(2)
    size[(size < strides[min(enlarged_below, last)]) & valid] = strides[min(1, last)]
    half = size / np.float32(2)
    return np.concatenate([centre - half, centre + half])


def centres_inside(boxes: Array, level: Level) -> tuple[Array, Array, Array, Array]:
    """First and end column, first and end row of the centres strictly inside boxes (xyxy, box) px.

    Centre i stands at (i + 0.5) · stride. An edge of float32 that is not on a centre is so far from it that neither
    the quotient nor the difference in float64 can come to lie on it; and 1e-9 px are less than one step of float32.
    """
    low, high = boxes[:2].astype(np.float64), boxes[2:].astype(np.float64)
    limit = np.array([[level.width], [level.height]])
    low /= level.stride
    low -= 0.5
    np.floor(low, out=low)
    low += 1
    high /= level.stride
    high -= 0.5
    np.ceil(high, out=high)
    first, end = np.clip(low, 0, limit), np.clip(high, 0, limit)
    return first[0], end[0], first[1], end[1]


def expressible(boxes: Screened, grid: Grid, reg_max: int) -> Array:
    """(box,) bool: has the box a candidate from which no side is further than reg_max − 1 cells?

    Distances are measured to the box itself, also where screening saw a larger one. True for boxes without candidates:
    that is another finding.
    """
    possible: Array = boxes.total == 0
    corners = boxes.corners.astype(np.float64)
    for level, ranges in zip(grid.levels, boxes.ranges, strict=True):
        reach = (reg_max - 1) * level.stride
        fits = np.ones(corners.shape[1], dtype=bool)
        for axis in (0, 1):
            # centres from which the far side is in reach: high - reach <= centre <= low + reach
            least = np.ceil((corners[2 + axis] - reach) / level.stride - 0.5)
            most = np.floor((corners[axis] + reach) / level.stride - 0.5)
            first, end = ranges[2 * axis], ranges[2 * axis + 1]
            fits &= np.maximum(first, least) <= np.minimum(end - 1, most)
        possible |= fits
    return possible

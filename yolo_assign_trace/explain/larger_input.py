"""At which larger input, or on which finer level, an anchor centre would lie inside a box: found by trying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..assignment.grid import Grid
from ..basics.arrays import Array

TIMES_AT_MOST = 16
"""Inputs up to this many times as large are tried."""
_MARGIN = 1e-3  # px by which a side must be longer than the stride, so that rounding cannot matter
_INSIDE = 1e-9  # px, the strict test of the screen stage


@dataclass(frozen=True)
class Helps:
    """What would have helped a box. Sizes are height, width in px; None where nothing that was tried does.

    Attributes:
        size: of the smallest input with a centre inside.
        sure: of the input from which on every larger one helps, whatever the box's place.
        stride: of the coarsest extra level, finer than all others, with a centre inside at the input as it is, or 0.
        tried: of the largest input that was tried.
        finest: the finest extra stride that was tried, 0 if there is none below the present ones.
    """

    size: tuple[int, int] | None
    sure: tuple[int, int] | None
    stride: int
    tried: tuple[int, int]
    finest: int


def smallest_helping(boxes: Array, grid: Grid, enlarged_below: int | None = None) -> list[Helps]:
    """Try larger inputs and finer levels for ``boxes`` (box, 4), x1, y1, x2, y2 px, all at once.

    The longer side of the input grows in steps of the largest stride, the other side in proportion, rounded to whole
    px; boxes grow with it. Extra levels have half the finest stride, a quarter of it and so on, as long as that is a
    whole number. ``enlarged_below`` is the index of the stride below which screening enlarges a side to the second
    stride, None if it does not.
    """
    boxes = boxes.astype(np.float64)
    size_of, sure_of = np.zeros((2, len(boxes), 2), dtype=np.int64)  # (box, 2), 0 while open
    stride_of = np.zeros(len(boxes), dtype=np.int64)
    # what of a box lies over the input: an open interval longer than a stride holds a centre of that level
    limit = np.array([grid.width, grid.height] * 2, dtype=np.float64)
    over = boxes.clip(0, limit)
    sides = over[:, 2:] - over[:, :2]
    strides, step, longer = grid.strides, grid.strides[-1], max(grid.height, grid.width)
    size = tried = (grid.height, grid.width)
    for side in range(longer + step, TIMES_AT_MOST * longer + 1, step):
        open_boxes = np.flatnonzero((size_of[:, 0] == 0) | (sure_of[:, 0] == 0))
        if not open_boxes.size:
            break
        size = (round(grid.height * side / longer), round(grid.width * side / longer))
        growth = np.array([size[1] / grid.width, size[0] / grid.height] * 2)
        sure = open_boxes[(sides[open_boxes] * growth[:2] > strides[0] + _MARGIN).all(axis=1)]
        sure_of[sure[sure_of[sure, 0] == 0]] = size
        open_boxes = open_boxes[size_of[open_boxes, 0] == 0]
        size_of[open_boxes[holds_centre(boxes[open_boxes] * growth, size, strides, enlarged_below)]] = size
        tried = size
    finer, finest = strides[0], 0
    while finer % 2 == 0:
        finer = finest = finer // 2
        open_boxes = np.flatnonzero(stride_of == 0)
        helped = holds_centre(boxes[open_boxes], (grid.height, grid.width), (finer, *strides), enlarged_below)
        stride_of[open_boxes[helped]] = finer
    sizes, sure_ones = ([(h, w) if h else None for h, w in each.tolist()] for each in (size_of, sure_of))
    each_box = zip(sizes, sure_ones, stride_of.tolist(), strict=True)
    return [Helps(size, sure, stride, tried, finest) for size, sure, stride in each_box]


@np.errstate(invalid="ignore")  # of infinite boxes
def holds_centre(
    boxes: Array, size: tuple[int, int], strides: Sequence[int], enlarged_below: int | None = None
) -> Array:
    """(box,) does any anchor centre of the levels ``strides`` over ``size`` (height, width) px lie inside?"""
    if enlarged_below is not None:
        second = strides[min(1, len(strides) - 1)]
        centre, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        sides = np.where(sides < strides[min(enlarged_below, len(strides) - 1)], second, sides)
        boxes = np.concatenate([centre - sides / 2, centre + sides / 2], axis=1)
    holds = np.zeros(len(boxes), dtype=bool)
    for stride in strides:
        cells = np.array([-(-size[1] // stride), -(-size[0] // stride)])  # a map may overhang the input
        # the first centre behind the left or upper side is one of three; no other can do better
        first = np.floor(boxes[:, :2] / stride - 0.5).clip(min=0)[..., None] + np.arange(3)  # (box, xy, 3)
        centres = (first + 0.5) * stride
        inside = (centres - boxes[:, :2, None] > _INSIDE) & (boxes[:, 2:, None] - centres > _INSIDE)
        inside &= first < cells[:, None]
        holds |= inside.any(axis=-1).all(axis=-1)
    return holds

"""Boxes of one image against each other: nested ones, and boxes that have no candidate for themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...assignment.grid import Grid
from ...basics.arrays import Array
from .candidates import Screened

_AT_ONCE = 1 << 21
"""Pairs that are looked at together."""


def pairs_inside(low: Array, high: Array, picture: Array, room: float) -> Iterator[tuple[Array, Array]]:
    """Ordered pairs (a, b) of boxes of one image of which a lies inside b grown by ``room``, in portions.

    Args:
        low: (xy, box) left upper corners.
        high: (xy, box) right lower corners.
        picture: (box,) number of the image, ascending.
        room: in the unit of the corners.
    """
    if not len(picture):
        return
    starts = np.flatnonzero(np.diff(picture, prepend=picture[0] - 1))
    counts = np.diff(starts, append=len(picture))
    for m in np.unique(counts[counts > 1]).tolist():
        of_m = starts[counts == m]
        images = max(1, _AT_ONCE // (m * m))
        for begin in range(0, len(of_m), images):
            boxes = of_m[begin : begin + images, None] + np.arange(m)  # (image, m)
            edges = [edge[boxes] for edge in (*low, *-high)]  # each (image, m); a smaller one reaches further out
            rows = max(1, _AT_ONCE // (m * len(boxes)))
            for row in range(0, m, rows):  # of an image with thousands of boxes
                inside = np.ones((len(boxes), min(rows, m - row), m), dtype=bool)
                for edge in edges:
                    inside &= edge[:, row : row + rows, None] >= edge[:, None] - room
                diagonal = np.arange(inside.shape[1])
                inside[:, diagonal, row + diagonal] = False
                image, a, b = np.nonzero(inside)
                yield boxes[image, row + a], boxes[image, b]


def nested(corners: Array, picture: Array) -> Array:
    """(box,) bool: does it lie within another box (xyxy, box) of its image, which may be as large?"""
    inside = np.zeros(len(picture), dtype=bool)
    for a, _ in pairs_inside(corners[:2], corners[2:], picture, 0):
        inside[a] = True
    return inside


def without_own(screened: Screened, picture: Array, grid: Grid) -> tuple[Array, Array]:
    """Boxes that have candidates, but none that is not also a candidate of one other box of the image.

    Returns:
        (box,) bool: is it such a box; and (box,) int64: another box with the very same candidates, -1 without one.
    """
    size = np.array([[grid.width], [grid.height]], dtype=np.float32)
    low, high = screened.screened[:2].clip(0, size), screened.screened[2:].clip(0, size)
    shared = np.zeros(len(picture), dtype=bool)
    twin = np.full(len(picture), -1, dtype=np.int64)
    # The candidates of a box reach to within a stride of its sides, so b can lack at most that much of a.
    for near_a, near_b in pairs_inside(low, high, picture, float(grid.strides[-1])):
        possible = (screened.total[near_a] > 0) & (screened.total[near_a] <= screened.total[near_b])
        a, b = near_a[possible], near_b[possible]
        subset = np.ones(len(a), dtype=bool)
        for ranges, count in zip(screened.ranges, screened.levels, strict=True):
            within = (ranges[0][a] >= ranges[0][b]) & (ranges[1][a] <= ranges[1][b])
            within &= (ranges[2][a] >= ranges[2][b]) & (ranges[3][a] <= ranges[3][b])
            subset &= within | (count[a] == 0)
        a, b = a[subset], b[subset]
        shared[a] = True
        same = screened.total[a] == screened.total[b]
        twin[a[same]] = b[same]
    return shared, twin

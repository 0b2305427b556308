"""What training does to boxes once they lie in the input: boxes of polygons made anew, clipped, the rest dropped.

Pixels of the network input throughout, float32 as training computes them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...assignment.releases import Release
from ...basics.arrays import Array
from ...run.letterbox import Letterbox

_SAMPLES = 1000
"""Points that a contour is sampled at."""

_TINIEST = 2.0
"""px; boxes with a side of no more are dropped."""

_LEAST_LEFT, _LEAST_LEFT_OF_POLYGONS = 0.1, 0.01
"""Share of a box's area that has to lie in the input."""

_LONGEST = 100.0
"""Longer side over shorter one from which a box is dropped."""


def training_boxes(placed: Array, polygons: Sequence[Array], box: Letterbox, release: Release) -> tuple[Array, Array]:
    """The boxes that arrive at the loss of a training step without augmentation.

    Args:
        placed: (box, xyxy) px, the boxes of the file in the input.
        polygons: the contour (point, xy) of every box as fractions of the image; empty for files of boxes.
        box: how the image lies in the input.
        release: of which package.

    Returns:
        (box, xyxy) px of all boxes, clipped to the input, and (box,) bool: is it kept?
    """
    size = np.array([box.input_width, box.input_height], dtype=np.float32)
    placed = placed.astype(np.float32)
    boxes = placed
    if polygons:
        scaled = np.array([box.scaled_width, box.scaled_height], dtype=np.float32)
        shift = np.array([box.left, box.top], dtype=np.float32)
        boxes = np.stack([_box_of(contour(p, release) * scaled + shift, size, release) for p in polygons])
    clipped = boxes.reshape(-1, 2, 2).clip(0, size).reshape(-1, 4)
    sides, sides_before = clipped[:, 2:] - clipped[:, :2], placed[:, 2:] - placed[:, :2]  # (box, wh)
    least = _LEAST_LEFT_OF_POLYGONS if polygons else _LEAST_LEFT
    tiny = np.float32(1e-16)
    thinness = np.maximum(sides[:, 0] / (sides[:, 1] + tiny), sides[:, 1] / (sides[:, 0] + tiny))
    left_over = sides.prod(axis=1) / (sides_before.prod(axis=1) + tiny)
    kept: Array = (sides > _TINIEST).all(axis=1) & (left_over > least) & (thinness < _LONGEST)
    return clipped, kept


def dropped_because(clipped: Array) -> str:
    """Why training drops a box, of which x1 y1 x2 y2 px lie in the input.

    >>> dropped_because(np.array([0, 0, 30, 1.5]))
    'of the box 30x1.50 px lie in the input, a side is not over 2 px'
    """
    width, height = (clipped[2:] - clipped[:2]).tolist()
    left = f"of the box {width:.3g}x{height:.2f} px lie in the input"
    if min(width, height) <= _TINIEST:
        return f"{left}, a side is not over {_TINIEST:g} px"
    if max(width, height) >= _LONGEST * min(width, height):
        return f"{left}, one side is {_LONGEST:g} times the other"
    return f"{left}, too little of it"


def contour(polygon: Array, release: Release) -> Array:
    """Points (point, xy) along a closed polygon, equally spaced by the number of the vertex.

    Until 8.3.43 they generally miss the vertices, so that the box around them comes out a little smaller.
    """
    closed = np.concatenate([polygon, polygon[:1]])
    vertices = np.arange(len(closed))
    with_vertices = release >= (8, 3, 44) and len(closed) < _SAMPLES
    at = np.linspace(0, len(closed) - 1, _SAMPLES - len(closed) if with_vertices else _SAMPLES)
    if with_vertices:
        at = np.insert(at, np.searchsorted(at, vertices), vertices)
    sampled = [np.interp(at, vertices, closed[:, i]) for i in (0, 1)]
    return np.stack(sampled, axis=1).astype(np.float32)


def _box_of(points: Array, size: Array, release: Release) -> Array:
    """The box x1 y1 x2 y2 around what of a contour lies in an input of ``size`` (width, height); zeros for nothing."""
    if release >= (8, 4, 92):
        points = _cut(points, size)
    elif release >= (8, 3, 39):
        sides = (points.min(axis=0) < 0).sum() + (points.max(axis=0) > size).sum()
        if sides >= 3 or release < (8, 3, 52):
            points = points.clip(0, size)
    inside: Array = (points >= 0) & (points <= size)
    if (8, 4, 14) <= release < (8, 4, 60):  # there the border does not count
        inside = (points > 0) & (points < size)
    points = points[inside.all(axis=1)]
    if not len(points):
        return np.zeros(4, dtype=np.float32)
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)


def _cut(points: Array, size: Array) -> Array:
    """The polygon cut by the input, side by side (Sutherland and Hodgman 1974)."""
    for axis in (0, 1):
        for sign, limit in ((1, 0.0), (-1, float(size[axis]))):
            if not len(points):
                return points
            before = np.roll(points, 1, axis=0)
            depth, depth_before = sign * (points[:, axis] - limit), sign * (before[:, axis] - limit)
            crosses = (depth >= 0) != (depth_before >= 0)
            with np.errstate(invalid="ignore", divide="ignore"):  # read only where the side is crossed
                share = depth_before / (depth_before - depth)
                crossing = before + share[:, None] * (points - before)
            crossing[:, axis] = limit
            both = np.stack([crossing, points], axis=1).reshape(-1, 2)
            points = both[np.stack([crosses, depth >= 0], axis=1).reshape(-1)]
    return points

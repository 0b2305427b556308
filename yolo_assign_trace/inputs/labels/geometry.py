"""What a box looks like in the image and in the network input, where that is worth pointing out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...basics.arrays import Array
from ...run.letterbox import Letterbox
from .findings import Finding
from .text import LabelTable

LOST_UNDER = 2.0
"""px of the network input; training's augmentation throws smaller boxes away."""

_OUTSIDE = 1e-3
"""Fractions of the image; labels with few digits overshoot the edge by less."""


def reaches_outside(centres: Array, sizes: Array) -> Array:
    """(box,) does a box reach noticeably out of the image? Both arrays are (box, 2) float64, as fractions."""
    over: Array = (centres - sizes / 2 < -_OUTSIDE) | (centres + sizes / 2 > 1 + _OUTSIDE)
    return np.asarray(over.any(axis=1))


def geometry_findings(table: LabelTable, imgsz: tuple[int, int], box: Letterbox | None) -> Iterator[Finding]:
    """Boxes without area, boxes that leave the image, tiny ones, and ones that count as padding.

    Args:
        table: rows of one image.
        imgsz: height and width of the network input, px.
        box: how the image lies in it; None if its size is unknown, and then only what holds for every size is said.
    """
    if not len(table.rows):
        return
    places = table.rows[:, 2:].astype(np.float64)
    centres, sizes = places[:, :2], places[:, 2:]
    scaled = np.array([box.scaled_width, box.scaled_height] if box else [imgsz[1], imgsz[0]], dtype=np.float64)
    placed = (box.place(places) if box else places)[:, :2] * [imgsz[1], imgsz[0]]
    flat = np.asarray((sizes <= 0).any(axis=1))
    tiny: Array = ~flat & (sizes * scaled < LOST_UNDER).any(axis=1)
    outside: Array = ~flat & reaches_outside(centres, sizes)
    ignored: Array = placed.sum(axis=1) <= 0
    for i in np.flatnonzero(flat | tiny | outside | ignored).tolist():
        w, h = (sizes[i] * scaled).tolist()
        if flat[i]:
            yield table.finding("zero-size", f"the box is {sizes[i, 0]:g} wide and {sizes[i, 1]:g} high", i)
        if tiny[i]:
            most = "" if box else "at most "
            yield table.finding("under-2-px", f"the box is {most}{w:.2f}x{h:.2f} px at imgsz {max(imgsz)}", i)
        if outside[i]:
            left, top = (centres[i] - sizes[i] / 2).tolist()
            right, bottom = (centres[i] + sizes[i] / 2).tolist()
            message = f"the box reaches from {left:.4g}, {top:.4g} to {right:.4g}, {bottom:.4g}"
            yield table.finding("leaves-the-image", message, i)
        if ignored[i]:
            message = "its corners add up to 0 or less, so it counts as padding"
            yield table.finding("ignored-as-padding", message, i)

"""Classes of size that boxes are counted by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Array

SIZES = ("<8", "8-16", "16-32", "32-96", ">96")
"""Classes of size by sqrt(width · height) in px: a limit belongs to the larger class, 96 to 32-96."""


@np.errstate(invalid="ignore")  # of infinite boxes
def size_classes(sizes: Array | Sequence[tuple[float, float]]) -> Array:
    """(box,) index into :data:`SIZES` of boxes of (width, height) px."""
    sides = np.asarray(sizes, dtype=np.float64).reshape(-1, 2).clip(min=0)
    root = np.sqrt(sides[:, 0] * sides[:, 1])
    classes: Array = np.digitize(root, [8, 16, 32]) + (root > 96)
    return classes

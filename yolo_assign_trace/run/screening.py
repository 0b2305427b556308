"""What screening did to boxes, seen from its result."""

from __future__ import annotations

import numpy as np

from ..basics.arrays import Array

_ROUNDING = 1e-4


@np.errstate(invalid="ignore")  # of infinite boxes
def is_enlarged(corners: Array, screened: Array) -> Array:
    """(...) did screening see the box larger than it is?

    The way over centre and size and back moves edges by rounding alone; that is no enlargement.

    Args:
        corners: (..., xyxy) px, the boxes.
        screened: (..., xyxy) px, the boxes that the anchor centres were tested against.
    """
    sides, seen = corners[..., 2:] - corners[..., :2], screened[..., 2:] - screened[..., :2]
    larger: Array = np.any(seen > sides * (1 + _ROUNDING), axis=-1)
    return larger

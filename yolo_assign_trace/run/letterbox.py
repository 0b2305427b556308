"""How an image comes to lie in the network input: scaled as a whole, centred, the rest padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..basics.arrays import Array


@dataclass(frozen=True)
class Letterbox:
    """An image of ``width`` x ``height`` px in an input of ``input_width`` x ``input_height`` px.

    The image is scaled by ``scale`` to ``scaled_width`` x ``scaled_height`` px, whole pixels, and its left upper
    corner comes to lie at (``left``, ``top``).
    """

    width: int
    height: int
    input_width: int
    input_height: int
    scale: float
    scaled_width: int
    scaled_height: int
    left: int
    top: int

    @classmethod
    def of(cls, size: tuple[int, int], imgsz: tuple[int, int]) -> Letterbox:
        """The letterbox of an image (width, height) in an input (height, width): as large as fits, centred.

        The padding of left and top is round(half - 0.1), so an odd pixel goes to the right or the bottom.

        >>> Letterbox.of((640, 427), (640, 640)).top
        106
        """
        (width, height), (input_height, input_width) = size, imgsz
        scale = min(input_width / width, input_height / height)
        # the thinnest image still has a row of pixels
        scaled_width, scaled_height = max(1, round(width * scale)), max(1, round(height * scale))
        left = round((input_width - scaled_width) / 2 - 0.1)
        top = round((input_height - scaled_height) / 2 - 0.1)
        return cls(width, height, input_width, input_height, scale, scaled_width, scaled_height, left, top)

    def place(self, boxes: Array) -> Array:
        """Boxes (box, 4) cx cy w h as fractions of the image, to the same as fractions of the input."""
        scaled = np.array([self.scaled_width, self.scaled_height] * 2, dtype=np.float64)
        whole = np.array([self.input_width, self.input_height] * 2, dtype=np.float64)
        placed: Array = (boxes * scaled + np.array([self.left, self.top, 0, 0])) / whole
        return placed

    def __str__(self) -> str:
        return f"{self.width}x{self.height} px, scale {self.scale:.9g}, left {self.left}, top {self.top}"


def rect_imgsz(size: tuple[int, int], long_side: int, strides: Sequence[int]) -> tuple[int, int]:
    """The smallest input (height, width) in whole largest strides that holds an image scaled to ``long_side``.

    >>> rect_imgsz((640, 427), 640, (8, 16, 32))
    (448, 640)
    """
    step = max(strides)
    scale = long_side / max(size)
    width, height = (-(-max(1, round(side * scale)) // step) * step for side in size)
    return height, width

"""How an image comes to lie in the network input: scaled, centred, the rest padded; by release, in two modes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..assignment.releases import NEWEST_MEASURED, Release
from ..basics.errors import InputError, Parameter, did_you_mean

if TYPE_CHECKING:
    from ..basics.arrays import Array

VAL, TRAIN = "val", "train"
MODES = (VAL, TRAIN)
"""Validation leaves boxes as they are. Training clips them to the input, and drops what is left of too few."""


def parse_mode(text: str) -> str:
    """One of :data:`MODES`.

    Raises:
        InputError: anything else.
    """
    if text not in MODES:
        raise InputError(
            "unknown-mode", f"{text!r} is no mode", where=Parameter("mode"), hint=did_you_mean(text, MODES)
        )
    return text


@dataclass(frozen=True)
class Placing:
    """How a release places images in a mode; all boundaries were measured (docs/labels.md)."""

    release: Release = NEWEST_MEASURED
    mode: str = VAL

    @property
    def training(self) -> bool:
        return self.mode == TRAIN

    def shift(self, padding: float) -> float:
        """Where the image begins, if ``padding`` px stand on both sides of it together.

        Labels were shifted by half pixels until 8.3.36; then an odd pixel went to the right or the bottom. Training
        has returned to half pixels with 8.4.52.
        """
        if self.release < (8, 3, 37) or (self.training and self.release >= (8, 4, 52)):
            return padding / 2
        return round(padding / 2 - 0.1)

    def rect_imgsz(self, sizes: Sequence[tuple[int, int]], long_side: int, stride: int) -> tuple[int, int]:
        """The input (height, width) of a batch of images (width, height) in rectangular mode.

        Validation adds half a largest stride. Training added none, and was square from 8.4.52 to 8.4.84.

        >>> Placing().rect_imgsz([(640, 427)], 640, 32)
        (448, 672)
        """
        if self.training and (8, 4, 52) <= self.release <= (8, 4, 84):
            return long_side, long_side
        ratios = [height / width for width, height in sizes]
        shape = (1.0, 1.0)
        if max(ratios) < 1:
            shape = (max(ratios), 1.0)
        elif min(ratios) > 1:
            shape = (1.0, 1 / min(ratios))
        room = 0.0 if self.training else 0.5
        height, width = (math.ceil(side * long_side / stride + room) * stride for side in shape)
        return height, width


VALIDATION = Placing()


@dataclass(frozen=True)
class Letterbox:
    """An image of ``width`` x ``height`` px in an input of ``input_width`` x ``input_height`` px.

    The image is scaled to ``scaled_width`` x ``scaled_height`` px, whole pixels, so the two sides may differ a little
    in scale; its left upper corner comes to lie at (``left``, ``top``), which can be half a pixel.
    """

    width: int
    height: int
    input_width: int
    input_height: int
    scaled_width: int
    scaled_height: int
    left: float
    top: float

    @classmethod
    def of(
        cls,
        size: tuple[int, int],
        imgsz: tuple[int, int],
        placing: Placing = VALIDATION,
        *,
        long_side: int | None = None,
    ) -> Letterbox:
        """The letterbox of an image (width, height) in an input (height, width).

        The long side becomes that of the input, or ``long_side`` in rectangular mode, the other one is rounded up.

        >>> print(Letterbox.of((500, 333), (640, 640)))
        500x333 px, scaled to 640x427, left 0, top 106
        """
        (width, height), (input_height, input_width) = size, imgsz
        most_wide, most_high = (long_side, long_side) if long_side else (input_width, input_height)
        scale = long_side / max(size) if long_side else min(input_width / width, input_height / height)
        scaled_width, scaled_height = width, height
        if scale != 1:
            scaled_width = min(math.ceil(width * scale), most_wide)
            scaled_height = min(math.ceil(height * scale), most_high)
        left, top = placing.shift(input_width - scaled_width), placing.shift(input_height - scaled_height)
        return cls(width, height, input_width, input_height, scaled_width, scaled_height, left, top)

    @classmethod
    def whole(cls, imgsz: tuple[int, int]) -> Letterbox:
        """The input (height, width) as an image of its own size."""
        return cls.of((imgsz[1], imgsz[0]), imgsz)

    def place(self, boxes: Array) -> Array:
        """Boxes (box, 4) cx cy w h as fractions of the image, to the same as fractions of the input."""
        import numpy as np  # here, because --help names the modes

        scaled = np.array([self.scaled_width, self.scaled_height] * 2, dtype=np.float64)
        whole = np.array([self.input_width, self.input_height] * 2, dtype=np.float64)
        placed: Array = (boxes * scaled + np.array([self.left, self.top, 0, 0])) / whole
        return placed

    def __str__(self) -> str:
        scaled = f"scaled to {self.scaled_width}x{self.scaled_height}"
        return f"{self.width}x{self.height} px, {scaled}, left {self.left:g}, top {self.top:g}"

"""Pictures as a network sees them in validation: read, scaled and padded with the library that training uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...assignment.releases import Release
from ...basics.arrays import Array
from ...basics.errors import InputError
from ...run.letterbox import Letterbox

PADDING = 114
"""Grey value around the picture."""


def network_input(path: str, box: Letterbox, release: Release) -> Array:
    """(3, height, width) uint8, red first: the picture laid into the input as ``box`` says.

    Equal byte for byte to what releases 8.0.100 - 8.4.190 make for validation.

    Raises:
        InputError: a picture that is not there, cannot be read, or has not the size that ``box`` was made for.
    """
    import cv2

    data = np.frombuffer(_bytes(path), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None  # turned as its EXIF header says
    if pixels is None:
        raise InputError("not-a-picture", "this picture cannot be read", where=path)
    height, width = pixels.shape[:2]
    if (width, height) != (box.width, box.height):
        message = f"this picture is {width}x{height} px, but its header says {box.width}x{box.height}"
        raise InputError("picture-of-another-size", message, where=path)
    scaled = (box.scaled_width, box.scaled_height)
    if scaled != (width, height):
        shrinks = max(scaled) < max(width, height)
        averaged = shrinks and release < (8, 0, 169)
        pixels = cv2.resize(pixels, scaled, interpolation=cv2.INTER_AREA if averaged else cv2.INTER_LINEAR)
    made = np.full((box.input_height, box.input_width, 3), PADDING, np.uint8)
    top, left = round(box.top - 0.1), round(box.left - 0.1)  # half pixels go to the other side
    made[top : top + box.scaled_height, left : left + box.scaled_width] = pixels
    return np.ascontiguousarray(made[..., ::-1].transpose(2, 0, 1))  # convolutions add up in the order of memory


def _bytes(path: str) -> bytes:
    from ..reading.files import refusal

    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise refusal(Path(path), "picture", error) from None

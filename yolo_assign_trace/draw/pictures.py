"""The pictures under a trace: found by the name in its header, laid over the network input as training does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..assignment.grid import Grid
from ..basics.arrays import Array
from .names import Placement, plain

LARGEST = 1400
"""Longest side in px of a picture as drawn; a panel is half as wide."""


@dataclass(frozen=True)
class Picture:
    """``pixels`` (row, column, rgb) uint8 and where they lie: left, right, bottom, top in px of the input."""

    pixels: Array
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class Found:
    """A picture, or in words why there is none; both are empty if nobody asked for pictures."""

    picture: Picture | None = None
    remark: str = ""


def find_picture(folder: Path | None, placed: Placement | None, grid: Grid, image: int) -> Found:
    """The picture of ``image`` in ``folder``; a missing or broken one is a remark, as the boxes can do without."""
    if folder is None:
        return Found()
    if placed is None:
        return Found(remark=f"the trace does not say which picture image {image} is; drawn without it")
    path = folder / Path(placed.name).name  # a trace must not reach outside of the folder
    name = plain(path.name)
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            found = ImageOps.exif_transpose(opened).convert("RGB")
    except FileNotFoundError:
        return Found(remark=f"there is no picture {name} in {plain(str(folder))}; image {image} is drawn without it")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = plain(str(error).replace(str(path), name))
        return Found(remark=f"the picture {name} cannot be read: {reason}; image {image} is drawn without it")
    if placed.gain is None:  # only the name is known: the labels are relative to the whole picture
        width, height = float(grid.width), float(grid.height)
    else:
        width, height = found.width * placed.gain, found.height * placed.gain
    if max(found.size) > LARGEST:
        found.thumbnail((LARGEST, LARGEST))
    extent = (placed.left, placed.left + width, placed.top + height, placed.top)
    return Found(Picture(np.asarray(found), extent))


def backdrop(picture: Picture, page: str) -> Picture:
    """The picture in grey, half as large and faded towards the colour ``page``, so that marks stand out on it."""
    from PIL import Image, ImageColor

    colour = Image.fromarray(picture.pixels)
    grey = colour.convert("L").resize((max(1, colour.width // 2), max(1, colour.height // 2)))
    towards = Image.new("RGB", grey.size, ImageColor.getrgb(page))
    faded = Image.blend(grey.convert("RGB"), towards, 0.62)
    return Picture(np.asarray(faded), picture.extent)

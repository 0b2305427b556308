"""The pictures under a trace: found by the name that it has for them, laid over the network input as training does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..basics.arrays import Array
from ..basics.printable import printable
from ..traces.stored import StoredTrace

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


def find_picture(folder: Path | None, trace: StoredTrace, image: int) -> Found:
    """The picture of ``image`` in ``folder``; a missing or broken one is a remark, as the boxes can do without."""
    if folder is None:
        return Found()
    named = trace.image(image)
    if named is None:
        return Found(remark=f"the trace does not say which picture image {image} is; drawn without it")
    path = folder / Path(named.name).name  # a trace must not reach outside of the folder
    name = printable(path.name)
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            found = ImageOps.exif_transpose(opened).convert("RGB")
    except FileNotFoundError:
        where = printable(str(folder))
        return Found(remark=f"there is no picture {name} in {where}; image {image} is drawn without it")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = printable(str(error).replace(str(path), name))
        return Found(remark=f"the picture {name} cannot be read: {reason}; image {image} is drawn without it")
    if named.letterbox is None:  # only the name is known: the labels are relative to the whole picture
        left, top, width, height = 0.0, 0.0, float(trace.grid.width), float(trace.grid.height)
    else:
        left, top, scale = named.letterbox.left, named.letterbox.top, named.letterbox.scale
        width, height = found.width * scale, found.height * scale
    if max(found.size) > LARGEST:
        found.thumbnail((LARGEST, LARGEST))
    return Found(Picture(np.asarray(found), (left, left + width, top + height, top)))


def backdrop(picture: Picture, page: str) -> Picture:
    """The picture in grey, half as large and faded towards the colour ``page``, so that marks stand out on it."""
    from PIL import Image, ImageColor

    colour = Image.fromarray(picture.pixels)
    grey = colour.convert("L").resize((max(1, colour.width // 2), max(1, colour.height // 2)))
    towards = Image.new("RGB", grey.size, ImageColor.getrgb(page))
    faded = Image.blend(grey.convert("RGB"), towards, 0.62)
    return Picture(np.asarray(faded), picture.extent)

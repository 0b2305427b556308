"""The photos under a trace: found by the name that it has for them, laid over the network input as training does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError
from ..basics.printable import printable
from ..inputs.reading.files import open_regular
from ..run.letterbox import Letterbox
from ..traces.stored import StoredTrace

LARGEST = 1400
"""Longest side in px of a photo as drawn; a panel is half as wide."""


Pictures = Callable[[int], Path | Array | None]
"""Where the picture of an image lies, or its pixels as the network got them; None if that is not known."""


@dataclass(frozen=True)
class Photo:
    """``pixels`` (row, column, rgb) uint8 and where they lie: left, right, bottom, top in px of the input."""

    pixels: Array
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class MaybePhoto:
    """A photo, or in words why there is none; both are empty if nobody asked for photos."""

    photo: Photo | None = None
    remark: str = ""


def in_folder(folder: Path, trace: StoredTrace) -> Pictures:
    """The pictures of a folder by the names that the trace has for its images."""

    def find(image: int) -> Path | None:
        named = trace.image(image)
        return folder / Path(named.name).name if named else None  # a trace must not reach outside of the folder

    return find


def find_photo(pictures: Pictures | None, trace: StoredTrace, image: int) -> MaybePhoto:
    """The photo of ``image``; a missing or broken one is a remark, as the boxes can do without."""
    if pictures is None:
        return MaybePhoto()
    named, path = trace.image(image), pictures(image)
    if isinstance(path, np.ndarray):
        return MaybePhoto(Photo(path, (0.0, float(trace.grid.width), float(trace.grid.height), 0.0)))
    if named is None or path is None:
        return MaybePhoto(remark=f"the trace does not say which picture image {image} is; drawn without it")
    name = printable(path.name)
    from PIL import Image, ImageOps

    try:
        with open_regular(path, "picture") as file, Image.open(file) as opened:
            pixels = ImageOps.exif_transpose(opened).convert("RGB")
    except InputError as error:
        if error.id == "no-such-file":
            where = printable(str(path.parent))
            return MaybePhoto(remark=f"there is no picture {name} in {where}; image {image} is drawn without it")
        return MaybePhoto(
            remark=f"the picture {name} cannot be read: {error.message}; image {image} is drawn without it"
        )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = printable(str(error).replace(str(path), name))
        return MaybePhoto(remark=f"the picture {name} cannot be read: {reason}; image {image} is drawn without it")
    letterbox = named.letterbox
    if letterbox is None and trace.of_a_call:  # training and validation letterbox what they call the assigner with
        letterbox = Letterbox.of(pixels.size, (trace.grid.height, trace.grid.width))
    if letterbox is None:  # only the name is known: the labels are relative to the whole photo
        left, top, width, height = 0.0, 0.0, float(trace.grid.width), float(trace.grid.height)
    else:
        left, top = letterbox.left, letterbox.top
        width, height = float(letterbox.scaled_width), float(letterbox.scaled_height)
    if max(pixels.size) > LARGEST:
        pixels.thumbnail((LARGEST, LARGEST))
    return MaybePhoto(Photo(np.asarray(pixels), (left, left + width, top + height, top)))


def backdrop(photo: Photo, ground: str) -> Photo:
    """The photo in grey, half as large and faded towards the colour ``ground``, so that marks stand out on it."""
    from PIL import Image, ImageColor

    colour = Image.fromarray(photo.pixels)
    grey = colour.convert("L").resize((max(1, colour.width // 2), max(1, colour.height // 2)))
    towards = Image.new("RGB", grey.size, ImageColor.getrgb(ground))
    faded = Image.blend(grey.convert("RGB"), towards, 0.62)
    return Photo(np.asarray(faded), photo.extent)

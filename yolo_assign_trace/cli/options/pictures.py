"""``--images``, which selects images everywhere, and ``--pictures``, the folder that it once named."""

from __future__ import annotations

import re
from pathlib import Path

from ...basics.errors import InputError
from ..screens.terminal import say

PICTURES = "Where the pictures are that the trace is about. Those of a dataset are known."

_SELECTION = re.compile(r"\s*\d*\s*:?\s*\d*\s*")


def images_and_pictures(images: str | None, pictures: Path | None) -> tuple[str | None, Path | None]:
    """Which images, and the folder of their pictures; a folder in place of images is understood as well, and told.

    Raises:
        InputError: no such folder, or neither a folder nor images.
    """
    if images is not None and not _SELECTION.fullmatch(images):
        if not Path(images).is_dir():
            hint = "write a number or first:end, such as 0:8; --pictures FOLDER is where the pictures are"
            raise InputError("wrong-images", f"{images[:40]!r} selects no images", where="--images", hint=hint)
        if pictures is not None:
            message = "both name the folder of the pictures"
            raise InputError("options-exclude", message, where="--images, --pictures", hint="leave --images out")
        say(f"note: --images selects images, such as 0:8; the folder of pictures is --pictures {images}", "yellow")
        pictures, images = Path(images), None
    if pictures is not None and not pictures.is_dir():
        raise InputError("no-such-folder", "there is no such folder of pictures", where=str(pictures))
    return images, pictures

"""Photos inside the page: made small, so that sixteen of them stay under a few megabytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

from ..draw.photos import Pictures, find_photo
from ..traces.stored import StoredTrace

LARGEST = 800
"""Longest side in px of an embedded photo."""
QUALITY = 75


def embedded(
    pictures: Pictures | None, trace: StoredTrace, image: int, remark: Callable[[str], None]
) -> dict[str, Any] | None:
    """The photo of ``image`` as a JPEG in a data URI and where it lies: x, y, width, height px of the input.

    None without pictures or this one; ``remark`` hears why.
    """
    maybe = find_photo(pictures, trace, image)
    if maybe.remark:
        remark(maybe.remark.replace("drawn", "shown"))
    if maybe.photo is None:
        return None
    from PIL import Image

    small = Image.fromarray(maybe.photo.pixels)
    small.thumbnail((LARGEST, LARGEST))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    left, right, bottom, top = maybe.photo.extent
    data = base64.b64encode(buffer.getvalue()).decode()
    return {"uri": f"data:image/jpeg;base64,{data}", "place": [left, top, right - left, bottom - top]}

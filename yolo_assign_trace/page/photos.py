"""Pictures inside the page: made small, so that sixteen of them stay under a few megabytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..draw.pictures import find_picture
from ..traces.stored import StoredTrace

LARGEST = 800
"""Longest side in px of an embedded picture."""
QUALITY = 75


def embedded(
    folder: Path | None, trace: StoredTrace, image: int, remark: Callable[[str], None]
) -> dict[str, Any] | None:
    """The picture of ``image`` as a JPEG in a data URI and where it lies: x, y, width, height px of the input.

    None without a folder or picture; ``remark`` hears why.
    """
    found = find_picture(folder, trace, image)
    if found.remark:
        remark(found.remark.replace("drawn", "shown"))
    if found.picture is None:
        return None
    from PIL import Image

    picture = Image.fromarray(found.picture.pixels)
    picture.thumbnail((LARGEST, LARGEST))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    left, right, bottom, top = found.picture.extent
    data = base64.b64encode(buffer.getvalue()).decode()
    return {"uri": f"data:image/jpeg;base64,{data}", "place": [left, top, right - left, bottom - top]}

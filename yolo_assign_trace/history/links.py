"""Links from a box of a recording to where a page of ``yolo-assign page`` shows it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

import orjson

from ..basics.errors import InputError
from ..inputs.reading.files import open_regular
from .boxes import Box

_DATA = re.compile(rb'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


class Links:
    """Finds boxes on a page, by the file names of pictures.

    Args:
        page: the page's file.
        start: the folder that links are relative to.

    Raises:
        InputError: it cannot be read, or is no such page.
    """

    def __init__(self, page: Path, start: Path) -> None:
        self._address = quote(os.path.relpath(page.resolve(), start.resolve()))
        self._images = _images_of(page)

    def of(self, box: Box) -> str:
        """The address that shows it, or its picture if the page has other boxes there; empty without that picture."""
        name = PurePath(box.picture).name
        found = [n for n, image in enumerate(self._images) if PurePath(image["name"]).name == name]
        if len(found) > 1:  # the same name in several folders
            found = [n for n in found if PurePath(box.picture).as_posix().endswith(f"/{self._images[n]['name']}")]
        if len(found) != 1:
            return ""
        same = any((b["gt"], b["label"]) == (box.gt, box.label) for b in self._images[found[0]]["boxes"])
        return f"{self._address}#image={found[0]}{f'&gt={box.gt}' if same else ''}"


def _images_of(page: Path) -> Sequence[dict[str, Any]]:
    with open_regular(page, "page") as file:
        content = file.read()
    found = _DATA.search(content)
    try:
        images: list[dict[str, Any]] = orjson.loads(found[1] if found else b"")["images"]
        for image in images:
            _ = image["name"] + "", [(box["gt"], box["label"]) for box in image["boxes"]]
        return images
    except (ValueError, KeyError, TypeError):
        hint = "yolo-assign page TRACE -o FILE writes one"
        raise InputError("not-a-page", "this is no page of a trace", where=str(page), hint=hint) from None

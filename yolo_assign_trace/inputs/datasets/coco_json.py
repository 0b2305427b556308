"""COCO annotations: boxes in px by image, classes by category."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from ...basics.errors import InputError
from ...basics.plural import count
from ..labels.duplicates import reduce_rows
from ..labels.findings import ANNOTATION, Finding
from ..labels.text import EMPTY, FOUND, LabelTable
from ..reading.files import display_name, read_bytes
from .entries import COCO, Dataset, Entry

LARGEST_SIDE = 1_000_000
"""px of an image; more is taken for a mistake."""


def read_coco(path: Path) -> Dataset:
    """All images of an annotation file with their boxes, in the order of ``images``.

    Categories become classes 0, 1, ... in the order of their ids; crowds, boxes without area and boxes outside
    their image are left out and said so. The whole file is in memory.

    Raises:
        InputError: not JSON, a part missing, or a value that cannot be; the message names image or annotation.
    """
    import orjson

    data = read_bytes(path, "annotation file")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        message = f"this is not valid JSON: {error.msg}"
        raise InputError("wrong-json", message, where=f"{path}:{error.lineno}") from None
    parts: dict[str, Any] = {}
    for key in ("images", "annotations", "categories"):
        parts[key] = document.get(key) if isinstance(document, dict) else None
        if not isinstance(parts[key], list) or not all(isinstance(item, dict) for item in parts[key]):
            hint = "COCO annotations have images, annotations and categories, each a list of objects"
            raise InputError("wrong-json", f"there is no list {key!r}", where=str(path), hint=hint)
    reader = _Reader(str(path))
    classes = reader.classes(parts["categories"])
    images = reader.images(parts["images"])
    rows = reader.rows(parts["annotations"], images, {key: i for i, (key, _) in enumerate(classes)})
    entries = []
    for image_id, (name, size) in images.items():
        here = rows.get(image_id, [])
        numbers = np.array([row for row, _ in here], dtype=np.float32).reshape(-1, 6)
        findings: list[Finding] = []
        places = np.array([i for _, i in here], dtype=np.int64)
        order = reduce_rows(numbers, places, str(path), findings, unit=ANNOTATION)
        state = FOUND if len(order) else EMPTY
        table = LabelTable(
            str(path), numbers[order], places[order], findings=tuple(findings), unit=ANNOTATION, state=state
        )
        entries.append(Entry(None, str(path), name, table, size))
    remark = f"{count(len(entries), 'image')}, categories {_range(classes)} read as classes 0 to {len(classes) - 1}"
    names = tuple(name for _, name in classes)
    return Dataset(display_name(path), COCO, entries, names, tuple(reader.findings), (remark,))


def _range(classes: list[tuple[int, str]]) -> str:
    return f"{classes[0][0]} to {classes[-1][0]}"


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []

    def classes(self, categories: list[dict[str, Any]]) -> list[tuple[int, str]]:
        """(category id, name), by id."""
        names: dict[int, str] = {}
        for i, category in enumerate(categories):
            key = category.get("id")
            if not _is_int(key) or key in names:
                raise self._error(f"categories[{i}]", f"the id is {key!r}, expected a whole number of its own")
            names[key] = str(category.get("name", key))
        if not names:
            raise self._error("categories", "there is no category")
        return sorted(names.items())

    def images(self, images: list[dict[str, Any]]) -> dict[int, tuple[str, tuple[int, int]]]:
        """Name and (width, height) by image id."""
        named: dict[int, tuple[str, tuple[int, int]]] = {}
        for i, image in enumerate(images):
            key, width, height = image.get("id"), image.get("width"), image.get("height")
            if not _is_int(key) or key in named:
                raise self._error(f"images[{i}]", f"the id is {key!r}, expected a whole number of its own")
            if not (
                _is_int(width) and _is_int(height) and 0 < min(width, height) <= max(width, height) <= LARGEST_SIDE
            ):
                expected = f"expected whole numbers of px up to {LARGEST_SIDE:,}"
                raise self._error(f"images[{i}]", f"width and height are {width!r} and {height!r}, {expected}")
            file_name = image.get("file_name", str(key))
            name = file_name.rpartition("/")[2] if isinstance(file_name, str) else ""
            if not name or "\0" in name:
                raise self._error(f"images[{i}]", f"file_name is {str(file_name)[:60]!r}, expected the name of a file")
            named[key] = (name, (width, height))
        return named

    def rows(
        self,
        annotations: list[dict[str, Any]],
        images: Mapping[int, tuple[str, tuple[int, int]]],
        classes: Mapping[int, int],
    ) -> dict[int, list[tuple[list[float], int]]]:
        """Label rows (0, class, cx, cy, w, h · norm) with the number of their annotation, by image id."""
        by_image: dict[int, list[tuple[list[float], int]]] = {}
        for i, annotation in enumerate(annotations):
            where = f"annotations[{i}]"
            key, category, box = annotation.get("image_id"), annotation.get("category_id"), annotation.get("bbox")
            if not _is_int(key) or key not in images:
                raise self._error(where, f"image_id is {key!r}, but there is no such image")
            if not _is_int(category) or category not in classes:
                raise self._error(where, f"category_id is {category!r}, but there is no such category")
            if annotation.get("iscrowd"):
                self._skip(where, "a crowd, which is no single box")
                continue
            if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
                raise self._error(where, f"bbox is {str(box)[:60]}, expected [x, y, width, height] in px")
            x, y, w, h = map(float, box)
            if w <= 0 or h <= 0:
                self._skip(where, f"its box is {w:g}x{h:g} px")
                continue
            width, height = images[key][1]
            if x >= width or y >= height or x + w <= 0 or y + h <= 0:
                self._skip(where, f"its box {box} lies wholly outside the image of {width}x{height} px")
                continue
            row = [0, classes[category], (x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
            by_image.setdefault(key, []).append((row, i))
        return by_image

    def _skip(self, where: str, why: str) -> None:
        self.findings.append(Finding("annotation-skipped", why, f"{self.path}[{where}]"))

    def _error(self, where: str, message: str) -> InputError:
        return InputError("wrong-json", message, where=f"{self.path}[{where}]")


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9

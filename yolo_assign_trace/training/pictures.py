"""Which picture and which line of its label file a box of a batch is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from torch import Tensor

SLACK = 1.5
"""Pixels by which a side may miss what its line says: letterboxing rounds, and boxes are clipped."""


@dataclass(frozen=True)
class Batch:
    """What a loss is told beside the predictions, as far as it is there.

    Attributes:
        files: the picture's file of every image; empty if the batch does not say.
        rows: boxes of every image; empty if the batch does not say.
        shapes: (height, width) px of the pictures before they were resized.
        imgsz: (height, width) px of the network input, None if unknown.
        pictures: (image, channel, height, width) as the network gets them, None if unknown.
    """

    files: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    shapes: tuple[tuple[int, int], ...] = ()
    imgsz: tuple[int, int] | None = None
    pictures: Tensor | None = None


def read_batch(batch: Any) -> Batch:
    """Whatever can be read of it; another kind of batch tells nothing."""
    if not isinstance(batch, Mapping):
        return Batch()
    pictures, index = batch.get("img"), batch.get("batch_idx")
    if not isinstance(pictures, Tensor) or pictures.dim() != 4:
        pictures = None
    images = len(pictures) if pictures is not None else 0
    rows: tuple[int, ...] = ()
    if isinstance(index, Tensor) and images:
        rows = tuple(index.detach().reshape(-1).long().bincount(minlength=images).tolist())
    files = tuple(str(file) for file in batch.get("im_file") or ())
    shapes = tuple((int(shape[0]), int(shape[1])) for shape in batch.get("ori_shape") or ())
    imgsz = (int(pictures.shape[2]), int(pictures.shape[3])) if pictures is not None else None
    return Batch(
        files if len(files) == images else (),
        rows if len(rows) == images else (),
        shapes if len(shapes) == images else (),
        imgsz,
        pictures,
    )


@dataclass(frozen=True)
class Lines:
    """Where the boxes of a picture stand in its label file.

    Attributes:
        file: the label file; empty if there is none.
        numbers: line of every box; empty if that cannot be told.
        by: what agrees besides the number of rows: ``sizes`` and classes, or ``classes`` alone.
    """

    file: str = ""
    numbers: tuple[int, ...] = ()
    by: str = ""


def label_file(picture: str) -> str:
    """Where the family looks for a picture's labels: the last folder ``images`` becomes ``labels``.

    >>> label_file("/d/images/val/7.jpg")
    '/d/labels/val/7.txt'
    """
    head, found, tail = picture.rpartition(f"{os.sep}images{os.sep}")
    moved = f"{head}{os.sep}labels{os.sep}{tail}" if found else picture
    return str(Path(moved).with_suffix(".txt"))


def find_lines(
    picture: str, classes: Sequence[int], sizes: Sequence[Sequence[float]], shape: tuple[int, int] | None
) -> Lines:
    """Match the boxes of an unaugmented picture to the lines of its label file, by order.

    Args:
        picture: its file.
        classes: of its boxes, in order.
        sizes: width and height of its boxes in px of the network input.
        shape: height and width of the picture itself in px, None if unknown.
    """
    file = label_file(picture)
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Lines()
    rows = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(rows) != len(classes):  # rows were dropped; which ones is not known here
        return Lines(file)
    try:
        labels = [int(float(fields[0])) for _, fields in rows]
        plain = [[float(field) for field in fields[3:5]] if len(fields) == 5 else None for _, fields in rows]
    except (ValueError, OverflowError):
        return Lines(file)
    if labels != list(classes) and any(classes):  # trained as a single class, all are 0
        return Lines(file)
    numbers = tuple(number for number, _ in rows)
    if shape is None or None in plain:
        return Lines(file, numbers, "classes")
    height, width = shape
    expected = [(w * width, h * height) for w, h in (sides for sides in plain if sides is not None)]
    found = [(float(size[0]), float(size[1])) for size in sizes]
    ratios = [f / e for pair in zip(found, expected, strict=True) for f, e in zip(*pair, strict=True) if e > 0]
    scale = median(ratios) if ratios else 1.0
    fits = all(
        abs(f - e * scale) <= SLACK for pair in zip(found, expected, strict=True) for f, e in zip(*pair, strict=True)
    )
    return Lines(file, numbers, "sizes") if fits else Lines(file)

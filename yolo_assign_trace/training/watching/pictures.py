"""Which picture and which line of its label file a box of a batch is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ...basics.arrays import Array

SLACK = 1.5
"""Pixels of the network input by which an edge may miss what its line says: letterboxing rounds."""


@dataclass(frozen=True)
class Layout:
    """How a picture of ``width`` x ``height`` px lies in the network input: gain and padding by axis, x first."""

    width: int
    height: int
    gain: tuple[float, float]
    padding: tuple[float, float]


@dataclass(frozen=True)
class Batch:
    """What a loss is told beside the predictions, as far as it is there.

    Attributes:
        files: the picture's file of every image; empty if the batch does not say.
        rows: boxes of every image; empty if the batch does not say.
        layouts: how the pictures lie in the input; empty if the batch does not say.
        imgsz: (height, width) px of the network input, None if unknown.
        pictures: (image, channel, height, width) as the network gets them, None if unknown.
    """

    files: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    layouts: tuple[Layout, ...] = ()
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
    layouts = tuple(map(_layout, batch.get("ori_shape") or (), batch.get("ratio_pad") or ()))
    imgsz = (int(pictures.shape[2]), int(pictures.shape[3])) if pictures is not None else None
    return Batch(
        files if len(files) == images else (),
        rows if len(rows) == images else (),
        tuple(filter(None, layouts)) if len(layouts) == images and all(layouts) else (),
        imgsz,
        pictures,
    )


def _layout(shape: Any, ratio_pad: Any) -> Layout | None:
    try:
        (gain_y, gain_x), (left, top) = ratio_pad
        return Layout(int(shape[1]), int(shape[0]), (float(gain_x), float(gain_y)), (float(left), float(top)))
    except (TypeError, ValueError, IndexError):  # with augmentation there is no such thing
        return None


@dataclass(frozen=True)
class Lines:
    """Where the boxes of a picture stand in its label file.

    Attributes:
        file: the label file; empty if there is none.
        numbers: line of every box, None where it cannot be told; empty if none can.
        by: how they were told: ``position``, where class and place of each box agree with its line, or ``order``,
            where number and classes of all boxes do; empty if not.
    """

    file: str = ""
    numbers: tuple[int | None, ...] = ()
    by: str = ""


def label_file(picture: str) -> str:
    """Where the family looks for a picture's labels: the last folder ``images`` becomes ``labels``.

    >>> label_file("/d/images/val/7.jpg")
    '/d/labels/val/7.txt'
    """
    head, found, tail = picture.rpartition(f"{os.sep}images{os.sep}")
    moved = f"{head}{os.sep}labels{os.sep}{tail}" if found else picture
    return str(Path(moved).with_suffix(".txt"))


def find_lines(picture: str, classes: Sequence[int], boxes: Array, layout: Layout | None) -> Lines:
    """Match the boxes of an unaugmented picture to the lines of its label file.

    Args:
        picture: its file.
        classes: of its boxes.
        boxes: (box, xyxy) or, rotated, (box, xywh and angle) in px of the network input.
        layout: how the picture lies there, None if unknown.
    """
    file = label_file(picture)
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
        rows = [(n, [float(field) for field in line.split()]) for n, line in enumerate(text.splitlines(), 1)]
    except (OSError, ValueError):
        return Lines(file if Path(file).is_file() else "")
    rows = [(number, fields) for number, fields in rows if len(fields) >= 5]
    one_class = not any(classes)  # trained as a single class, all are 0
    if layout is not None and rows:
        found = _by_position(rows, classes, boxes, layout, one_class=one_class)
        if any(found):
            return Lines(file, found, "position")
    if len(rows) == len(classes) and (one_class or [int(fields[0]) for _, fields in rows] == list(classes)):
        return Lines(file, tuple(number for number, _ in rows), "order")
    return Lines(file)


def _by_position(
    rows: Sequence[tuple[int, list[float]]], classes: Sequence[int], boxes: Array, layout: Layout, *, one_class: bool
) -> tuple[int | None, ...]:
    """Every box takes the nearest line of its class that no other has taken, if one is near."""
    rotated = boxes.shape[-1] > 4
    ways = [(number, fields[0], _places(fields, rotated=rotated)) for number, fields in rows]
    scale = np.array([layout.width * layout.gain[0], layout.height * layout.gain[1]])
    shift = np.array(layout.padding)
    free = {number: (label, ways_of * scale + shift) for number, label, ways_of in ways}
    found: list[int | None] = []
    for label, box in zip(classes, boxes, strict=True):
        at = box[:2].reshape(1, 1, 2) if rotated else box.reshape(1, 2, 2)
        misses = {n: abs(w - at).max(axis=(1, 2)).min() for n, (own, w) in free.items() if one_class or own == label}
        best = min(misses, key=lambda n: float(misses[n]), default=None)
        if best is not None and misses[best] <= SLACK:
            del free[best]
            found.append(best)
        else:
            found.append(None)
    return tuple(found)


def _places(fields: list[float], *, rotated: bool) -> Array:
    """(way to read it, corner, xy) fractions: a row may be a box, with keypoints or not, or a polygon.

    Of a rotated box the centre stands for all, which its four corners have in the middle.
    """
    x, y, w, h = fields[1:5]
    ways = [] if rotated else [[[x - w / 2, y - h / 2], [x + w / 2, y + h / 2]]]
    if len(fields) % 2 and len(fields) > 5:
        points = np.array(fields[1:]).reshape(-1, 2)
        ways.append(
            [points.mean(axis=0).tolist()] if rotated else [points.min(axis=0).tolist(), points.max(axis=0).tolist()]
        )
    return np.array(ways).reshape(-1, 1 if rotated else 2, 2)

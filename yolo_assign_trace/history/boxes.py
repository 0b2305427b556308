"""The boxes of every validation: how their positive anchors changed from one to the next, and which never had any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..basics.box_sizes import SIZES, size_classes
from ..formats.anchor_code import churn, decode_anchors
from .recorded import Recorded, each_line
from .tally import HEADS

Key = tuple[str, str, int]
"""Head, picture and row: the same box in every epoch."""


@dataclass
class Box:
    """A box of the validation.

    Attributes:
        head: of the assigner that it was seen by.
        picture, labels: files; ``labels`` is empty if there is none.
        gt: its row in the call.
        line: of the label file, None if it cannot be told.
        label: class index.
        size: width and height in px of the network input.
        size_class: index into SIZES.
        epochs, starved: in how many it was recorded, and had no positives.
        causes: why it had none; the empty one where it cannot be told.
    """

    head: str
    picture: str
    labels: str
    gt: int
    line: int | None
    label: int
    size: tuple[float, float]
    size_class: int
    epochs: int = 0
    starved: int = 0
    causes: Counter[str] = field(default_factory=Counter)

    @property
    def place(self) -> str:
        """``file:line`` of its label, or its picture and row."""
        return f"{self.picture} gt {self.gt}" if self.line is None else f"{self.labels}:{self.line}"


@dataclass
class Churn:
    """Mean change of boxes from one recorded validation to the next.

    A box counts if it had positives in one of the two: 1 - |P ∩ P'| / |P ∪ P'| of its positive anchors.

    Attributes:
        sums, boxes: (size,).
    """

    sums: Array = field(default_factory=lambda: np.zeros(len(SIZES)))
    boxes: Array = field(default_factory=lambda: np.zeros(len(SIZES), dtype=np.int64))

    def add(self, size: int, before: str, after: str) -> None:
        if before or after:
            self.sums[size] += 0.0 if before == after else churn(decode_anchors(before), decode_anchors(after))
            self.boxes[size] += 1

    def mean(self, size: int | None = None) -> float | None:
        """Of all boxes or of those of a class of size; None if there is none."""
        total, boxes = (self.sums.sum(), self.boxes.sum()) if size is None else (self.sums[size], self.boxes[size])
        return float(total / boxes) if boxes else None


@dataclass
class Boxes:
    """All boxes of the validations.

    Attributes:
        boxes: in the order of the recording.
        churn: by head and epoch, since the recorded epoch before it; the first epoch has none.
        nameless: lines of boxes whose picture is not known, so that nothing can be told of them.
    """

    boxes: dict[Key, Box] = field(default_factory=dict)
    churn: dict[tuple[str, int], Churn] = field(default_factory=dict)
    nameless: int = 0

    def starving(self, head: str | None = None) -> list[Box]:
        """Boxes that had no positives in any recorded epoch."""
        return [box for box in self.boxes.values() if box.starved == box.epochs and head in (None, box.head)]


def read_boxes(recorded: Recorded) -> Boxes:
    """Read the validations epoch by epoch, of all processes at once.

    Raises:
        InputError: a line that is none of boxes.
    """
    found = Boxes()
    streams = [each_line(recorded.folder, "boxes", rank, _reader(found)) for rank in recorded.ranks]
    lines = merge(*(filter(None, stream) for stream in streams), key=lambda line: line[0])
    before: dict[Key, str] = {}
    for epoch, of_epoch in groupby(lines, key=lambda line: line[0]):
        now = {key: rest for _, key, *rest in of_epoch}  # what several processes have seen counts once
        for key, (code, cause) in now.items():
            box = found.boxes[key]
            box.epochs += 1
            if not code:
                box.starved += 1
                box.causes[cause] += 1
            if key in before:
                found.churn.setdefault((key[0], epoch), Churn()).add(box.size_class, before[key], code)
        before |= {key: code for key, (code, _) in now.items()}
    return found


def _reader(found: Boxes) -> Callable[[Mapping[str, Any]], tuple[Any, ...] | None]:
    """Makes (epoch, key, code, cause) of a line; None of one that introduces a picture."""
    pictures: dict[int, tuple[str, str]] = {}

    def read(line: Mapping[str, Any]) -> tuple[Any, ...] | None:
        if "file" in line:
            pictures[line["picture"]] = line["file"], line["labels"]
            return None
        if line["picture"] is None:
            found.nameless += 1
            return None
        picture, labels = pictures[line["picture"]]
        head, gt = HEADS[HEADS.index(line["head"])], int(line["gt"])
        key = head, picture, gt
        if key not in found.boxes:
            width, height = map(float, line["size"])
            of_label = head, picture, labels, gt, line["line"], int(line["class"])
            found.boxes[key] = Box(*of_label, (width, height), int(size_classes([(width, height)])[0]))
        return int(line["epoch"]), key, str(line["owners"]), str(line["cause"] or "")

    return read

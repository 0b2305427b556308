"""Counts of calls added up, by epoch, part of the training, and head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..basics.box_sizes import SIZES
from .recorded import Recorded, each_line

PARTS = ("train", "val")
HEADS = ("one2many", "one2one")


def _zeros() -> Array:
    return np.zeros(len(SIZES), dtype=np.int64)


@dataclass
class Tally:
    """Some calls added up.

    Attributes:
        calls, images: how many.
        boxes, without: (size,) boxes, and those without positives.
        positives: (size,) by level.
        contested, beyond: anchors that several boxes selected, boxes that no candidate reaches; None if a call could
            not tell.
        target_sum, target_max: of the positives' target scores.
    """

    calls: int = 0
    images: int = 0
    boxes: Array = field(default_factory=_zeros)
    without: Array = field(default_factory=_zeros)
    positives: dict[str, Array] = field(default_factory=dict)
    contested: int | None = 0
    beyond: int | None = 0
    target_sum: float = 0.0
    target_max: float | None = None

    def add(self, line: Mapping[str, Any]) -> None:
        """Add a line of counts.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        self.calls += 1
        self.images += line["images"]
        self.boxes += np.array(line["boxes"], dtype=np.int64)
        self.without += np.array(line["without"], dtype=np.int64)
        for level, row in zip(line["levels"], line["positives"], strict=True):
            self.positives.setdefault(level, _zeros())
            self.positives[level] += np.array(row, dtype=np.int64)
        self.contested = _sum(self.contested, line["contested"])
        self.beyond = _sum(self.beyond, line["beyond"])
        if line["target_mean"] is not None:
            self.target_sum += line["target_mean"] * int(np.sum(line["positives"]))
            self.target_max = max(self.target_max or 0.0, line["target_max"])

    @property
    def by_size(self) -> Array:
        """(size,) positives."""
        found: Array = sum(self.positives.values(), _zeros())
        return found

    @property
    def target_mean(self) -> float | None:
        return _ratio(self.target_sum, self.by_size.sum())

    def per_box(self, size: int | None = None) -> float | None:
        """Positives per box, of all boxes or those of a class of size; None if there is no box."""
        return _ratio(_of(self.by_size, size), _of(self.boxes, size))

    def share_without(self, size: int | None = None) -> float | None:
        """Share of the boxes that have no positives."""
        return _ratio(_of(self.without, size), _of(self.boxes, size))

    def share_of(self, level: str) -> float | None:
        """Share of all positives that lie on a level; None without positives or without that level."""
        return _ratio(self.positives[level].sum(), self.by_size.sum()) if level in self.positives else None


def read_tallies(recorded: Recorded) -> dict[tuple[str, str, int], Tally]:
    """Counts by part, head and epoch, of all processes together.

    Raises:
        InputError: a line that is none of counts.
    """
    found: dict[tuple[str, str, int], Tally] = {}

    def add(line: Mapping[str, Any]) -> None:
        part, head = PARTS[PARTS.index(line["part"])], HEADS[HEADS.index(line["head"])]
        found.setdefault((part, head, int(line["epoch"])), Tally()).add(line)

    for rank in recorded.ranks:
        for _ in each_line(recorded.folder, "counts", rank, add):
            pass
    return found


def _of(counts: Array, size: int | None) -> int:
    return int(counts.sum() if size is None else counts[size])


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other

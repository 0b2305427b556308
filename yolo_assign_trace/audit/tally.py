"""What was counted in a part of a dataset, and how parts are added up. Whole numbers only, so that order is nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..basics.arrays import Array
from ..basics.box_sizes import SIZES
from ..inputs.datasets.survey import Survey

BOXES, NEVER, FEW, CANDIDATES = range(4)
"""Columns of a table of groups: boxes, those without a candidate, those with fewer than k but some, candidates."""

PICTURES = ("up to 640", "641 to 1280", "1281 to 1920", "over 1920", "unknown")
"""Classes of pictures by their longer side in px."""

HEAT = 16
"""Cells a side of the map of box centres."""

WORST = 10
"""Pictures with most boxes that are kept."""


class Place(NamedTuple):
    """A box by name: file, line, class, width and height in px of the network input, candidates."""

    path: str
    line: int
    label: int
    width: float
    height: float
    candidates: int


class Picture(NamedTuple):
    """A picture by name: boxes, number in the dataset, file, width and height (0: unknown), pairs by combination."""

    boxes: int
    number: int
    path: str
    width: int
    height: int
    pairs: tuple[int, ...]


def _table(groups: int) -> Callable[[], Array]:
    return lambda: np.zeros((groups, 4), dtype=np.int64)


@dataclass
class Counted:
    """What one combination gives.

    Attributes:
        boxes: how many.
        padding: boxes that count as padding; they are among those without a candidate.
        histogram: (k + 1,) boxes by candidates, the last of k or more.
        levels: (level,) candidates.
        by_class, by_size, by_picture: (group, 4), see :data:`BOXES`.
        beyond: boxes of which every candidate is further than R − 1 cells from a side.
        shared: boxes all of whose candidates are also another's.
        twins: boxes with the very same candidates as another; and
        twins_of_classes: those that are of another class.
        helped: by what would help, how many of the boxes without a candidate get one, how many of those with fewer
            than k get k.
        never, few, unlike: places of boxes without a candidate, with fewer than k, with sides beyond reach.
    """

    boxes: int = 0
    padding: int = 0
    histogram: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    levels: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    by_class: Array = field(default_factory=_table(0))
    by_size: Array = field(default_factory=_table(len(SIZES)))
    by_picture: Array = field(default_factory=_table(len(PICTURES)))
    beyond: int = 0
    shared: int = 0
    twins: int = 0
    twins_of_classes: int = 0
    helped: dict[str, Array] = field(default_factory=dict)
    never: list[Place] = field(default_factory=list)
    few: list[Place] = field(default_factory=list)
    unlike: list[Place] = field(default_factory=list)

    @property
    def candidates(self) -> int:
        return int(self.levels.sum())

    @property
    def without(self) -> int:
        """Boxes without a candidate."""
        return int(self.histogram[:1].sum())

    @property
    def fewer(self) -> int:
        """Boxes with some candidates, but fewer than k."""
        return int(self.histogram[1:-1].sum())

    @property
    def lacking(self) -> int:
        """Boxes with fewer than k candidates, or none."""
        return self.without + self.fewer

    def merge(self, other: Counted, keep: int) -> None:
        """Add what was counted in the images that follow."""
        for name in ("boxes", "padding", "beyond", "shared", "twins", "twins_of_classes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("histogram", "levels", "by_class", "by_size", "by_picture"):
            setattr(self, name, added(getattr(self, name), getattr(other, name)))
        for name, numbers in other.helped.items():
            self.helped[name] = added(self.helped.get(name, numbers * 0), numbers)
        for name in ("never", "few", "unlike"):
            mine = getattr(self, name)
            mine += getattr(other, name)[: keep - len(mine)]


@dataclass
class Read:
    """What one release reads.

    Attributes:
        survey: the findings of ``labels``.
        unplaced: boxes of images whose size is not known, which no combination counts.
        nested: boxes within another one of the image.
        heat: (16, 16) box centres by place in the image, row by row.
        pictures: (5,) images by :data:`PICTURES`.
        real, padded: rows of all batches with boxes as they are, and as padding makes them.
        worst: the pictures with most boxes.
    """

    survey: Survey = field(default_factory=Survey)
    unplaced: int = 0
    nested: int = 0
    heat: Array = field(default_factory=lambda: np.zeros((HEAT, HEAT), dtype=np.int64))
    pictures: Array = field(default_factory=lambda: np.zeros(len(PICTURES), dtype=np.int64))
    real: int = 0
    padded: int = 0
    worst: list[Picture] = field(default_factory=list)

    def merge(self, other: Read) -> None:
        """Add what was read in the images that follow."""
        self.survey.merge(other.survey)
        for name in ("unplaced", "nested", "real", "padded"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.heat, self.pictures = self.heat + other.heat, self.pictures + other.pictures
        self.worst = worst_of([*self.worst, *other.worst])


@dataclass
class Ladder:
    """(size, 2) for every input of a ladder: boxes without a candidate, boxes with fewer than k; and all boxes."""

    boxes: int = 0
    lacking: Array = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

    def merge(self, other: Ladder) -> None:
        self.boxes += other.boxes
        self.lacking = added(self.lacking, other.lacking)


@dataclass
class Tally:
    """What a part of a dataset gives: by release, by combination, and by ladder of inputs."""

    read: list[Read]
    counted: list[Counted]
    ladders: list[Ladder]

    @classmethod
    def empty(cls, read: int, counted: int, ladders: int, keep: int) -> Tally:
        return cls(
            [Read(Survey(keep=keep)) for _ in range(read)],
            [Counted() for _ in range(counted)],
            [Ladder() for _ in range(ladders)],
        )

    def merge(self, other: Tally, keep: int) -> None:
        """Add what was counted in the images that follow."""
        for mine, theirs in zip(self.read, other.read, strict=True):
            mine.merge(theirs)
        for counted, more in zip(self.counted, other.counted, strict=True):
            counted.merge(more, keep)
        for ladder, longer in zip(self.ladders, other.ladders, strict=True):
            ladder.merge(longer)


def added(one: Array, other: Array) -> Array:
    """The sum of two arrays of which one may have fewer rows."""
    shorter, longer = sorted((one, other), key=len)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def worst_of(pictures: Sequence[Picture]) -> list[Picture]:
    """Those with most boxes, the first in the dataset first among equals."""
    return sorted(pictures, key=lambda one: (-one.boxes, one.number))[:WORST]


def grouped(group: Array, groups: int, totals: Array, k: int) -> Array:
    """(group, 4) :data:`BOXES` and the others, of boxes with ``totals`` (box,) candidates in their ``group`` (box,)."""
    boxes = np.bincount(group, minlength=groups)
    never, few = group[totals == 0], group[(totals > 0) & (totals < k)]
    candidates = np.rint(np.bincount(group, weights=totals, minlength=groups)).astype(np.int64)
    counts = [boxes, *(np.bincount(lacking, minlength=len(boxes)) for lacking in (never, few)), candidates]
    return np.stack(counts, axis=1)

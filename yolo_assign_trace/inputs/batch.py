"""Images that are traced as one batch: their label rows in the network input, before any head output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..assignment.grid import Grid
from ..basics.arrays import Array
from ..run.given import Image
from ..run.letterbox import Letterbox
from .labels.row import BATCH
from .labels.text import LabelTable


@dataclass(frozen=True)
class Source:
    """The rows of one label file, which file that is, and how its images lie in the input; None: as they are."""

    table: LabelTable
    path: str
    letterbox: Letterbox | None = None


@dataclass(frozen=True)
class Part:
    """Images that are traced as one batch. Rows are made when they are asked for, so that many parts take little.

    Attributes:
        name: of the source, for headers.
        grid: the levels.
        sources: one per image, or a single file whose rows say which image they belong to.
        batch: number of images.
        positions: of the images in the source, from 0.
        span: first and last position that the batch was made for; dropped images leave gaps.
        at: number of images in the batches before.
        images: the images, empty for a file of rows.
        digest: of the labels.
    """

    name: str
    grid: Grid
    sources: Sequence[Source]
    batch: int
    positions: Sequence[int]
    span: tuple[int, int]
    at: int
    images: tuple[Image, ...]
    digest: str

    @property
    def stem(self) -> str:
        """Name of this part's output files: the positions of its first and last image."""
        first, last = self.span
        return f"{first:05d}" if last == first else f"{first:05d}-{last:05d}"

    @property
    def has_images(self) -> bool:
        """Is it told which image a row belongs to?"""
        return len(self.sources) > 1 or any(source.table.form == BATCH for source in self.sources)

    @property
    def boxes(self) -> int:
        return sum(len(source.table.rows) for source in self.sources)

    @property
    def most_boxes(self) -> int:
        """Boxes of the image that has most, m."""
        return int(np.bincount(self.rows[:, 0].astype(np.int64)).max(initial=0))

    @property
    def rows(self) -> Array:
        """(box, 6) float64: image, class, cx, cy, w, h as fractions of the network input."""
        return np.concatenate([np.zeros((0, 6)), *map(self._placed, range(len(self.sources)))])

    def place(self, row: int) -> str:
        """Where a row of :attr:`rows` stands, as ``file:line``."""
        for source in self.sources:
            if row < len(source.table.rows):
                return source.table.place(source.path, row)
            row -= len(source.table.rows)
        raise IndexError(row)

    def _placed(self, number: int) -> Array:
        source = self.sources[number]
        rows = source.table.rows.astype(np.float64)
        if source.table.form != BATCH:
            rows[:, 0] = number
        if source.letterbox:
            rows[:, 2:] = source.letterbox.place(rows[:, 2:])
        return rows

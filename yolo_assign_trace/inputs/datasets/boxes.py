"""The boxes of many images in flat arrays, in the order of the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...basics.arrays import Array
from ..labels.text import LabelTable


def _whole() -> Array:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Boxes:
    """Boxes that arrive in training, from the images of a part of a dataset.

    Attributes:
        entry: (box,) place of the image in the part.
        line: (box,) place in the label file: line from 1, or annotation from 0.
        label: (box,) class; fractions are cut as the loss does.
        places: (box, 4) float32 cx, cy, w, h as fractions of the image.
        image: (box,) number of the image where a single file holds several, otherwise 0.
    """

    entry: Array = field(default_factory=_whole)
    line: Array = field(default_factory=_whole)
    label: Array = field(default_factory=_whole)
    places: Array = field(default_factory=lambda: np.zeros((0, 4), dtype=np.float32))
    image: Array = field(default_factory=_whole)

    def __len__(self) -> int:
        return len(self.entry)

    @classmethod
    def of_tables(cls, tables: Sequence[tuple[int, LabelTable]]) -> Boxes:
        """Of tables, each with the place of its image."""
        if not tables:
            return cls()
        rows = np.concatenate([table.rows for _, table in tables])
        return cls(
            entry=np.repeat([at for at, _ in tables], [len(table.rows) for _, table in tables]),
            line=np.concatenate([table.lines for _, table in tables]),
            label=rows[:, 1].astype(np.int64),
            places=rows[:, 2:],
            image=rows[:, 0].astype(np.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence[tuple[int, Boxes]]) -> Boxes:
        """Several behind each other, each with the place of its first image; the boxes in the order of the images."""
        if not parts:
            return cls()
        entry = np.concatenate([first + boxes.entry for first, boxes in parts])
        order = np.argsort(entry, kind="stable")
        return cls(
            entry=entry[order],
            line=np.concatenate([boxes.line for _, boxes in parts])[order],
            label=np.concatenate([boxes.label for _, boxes in parts])[order],
            places=np.concatenate([boxes.places for _, boxes in parts])[order],
            image=np.concatenate([boxes.image if len(boxes.image) else boxes.entry * 0 for _, boxes in parts])[order],
        )

    def only(self, kept: Array) -> Boxes:
        """Those for which ``kept`` (box,), true or false or their numbers, says so."""
        return Boxes(self.entry[kept], self.line[kept], self.label[kept], self.places[kept], self.image[kept])

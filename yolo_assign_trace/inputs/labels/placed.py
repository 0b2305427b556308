"""The rows of a label file as they lie in the network input, by release and mode."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...basics.arrays import Array
from ...run.letterbox import Letterbox, Placing
from .contours import dropped_because, training_boxes
from .findings import Finding
from .geometry import geometry_findings
from .row import BATCH
from .text import LabelTable

_CLIPPED_FROM = 1e-3
"""px; less is the rounding of float32."""


@dataclass(frozen=True)
class PlacedTable:
    """The rows of a label file and where they go. Boxes are placed when they are asked for.

    Attributes:
        table: the rows that arrive.
        letterbox: how the image lies in the input; None where rows are fractions of the input.
        whole: the input itself, which stands for the image then.
        placing: by which release and in which mode.
    """

    table: LabelTable
    letterbox: Letterbox | None
    whole: Letterbox
    placing: Placing

    @property
    def box(self) -> Letterbox:
        return self.letterbox or self.whole

    def rows(self, image: int) -> Array:
        """(box, 6) float64: image, class, cx, cy, w, h as fractions of the network input.

        ``image`` is the number of the image, unless the rows say it.
        """
        rows = self.table.rows.astype(np.float64)
        if self.table.form != BATCH:
            rows[:, 0] = image
        rows[:, 2:] = self.box.place(rows[:, 2:]) if self.letterbox else rows[:, 2:]
        if self.placing.training:
            corners, _ = self.in_training()
            size = np.array([self.box.input_width, self.box.input_height])
            low, high = corners[:, :2].astype(np.float64), corners[:, 2:].astype(np.float64)
            rows[:, 2:4], rows[:, 4:] = (low + high) / 2 / size, (high - low) / size
        return rows

    def in_training(self) -> tuple[Array, Array]:
        """(box, xyxy) px, clipped as training does, and (box,) bool: is it kept?"""
        return training_boxes(self.corners(), self.table.polygons, self.box, self.placing.release)

    def corners(self) -> Array:
        """(box, xyxy) px of the boxes of the file, float64; nothing is clipped."""
        places = self.box.place(self.table.rows[:, 2:].astype(np.float64))
        places *= np.array([self.box.input_width, self.box.input_height] * 2)
        return np.concatenate([places[:, :2] - places[:, 2:] / 2, places[:, :2] + places[:, 2:] / 2], axis=1)


def place_table(
    table: LabelTable, letterbox: Letterbox | None, whole: Letterbox, placing: Placing
) -> tuple[PlacedTable, list[Finding]]:
    """The rows of a file in the input, without those that training drops, and what is to be pointed out about them."""
    placed = PlacedTable(table, letterbox, whole, placing)
    findings = list(geometry_findings(table, (whole.input_height, whole.input_width), placed.box))
    if placing.training and len(table.rows):
        clipped, kept = placed.in_training()
        lost = np.flatnonzero(~kept).tolist()
        findings += [table.finding("dropped-in-training", dropped_because(clipped[row]), row) for row in lost]
        if table.polygons:
            remade = np.flatnonzero(kept).tolist()
            message = "the box is not the one around the points"
            findings += [table.finding("remade-in-training", message, row) for row in remade]
        else:
            over = (np.abs(clipped - placed.corners()) > _CLIPPED_FROM).any(axis=1)
            for row in np.flatnonzero(kept & over).tolist():
                left, top, right, bottom = clipped[row].tolist()
                message = f"of the box {left:.4g}, {top:.4g} to {right:.4g}, {bottom:.4g} px are left"
                findings.append(table.finding("clipped-in-training", message, row))
        placed = replace(placed, table=table.only(kept))
    return placed, findings

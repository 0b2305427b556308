"""What a trace starts from: head outputs and label rows, or a captured call. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..assignment.grid import Grid
from .letterbox import Letterbox


@dataclass(frozen=True)
class Image:
    """An image of a trace: its name, and how it lies in the network input if that is known."""

    name: str
    letterbox: Letterbox | None = None

    def __str__(self) -> str:
        return f"{self.name}, {self.letterbox}" if self.letterbox else self.name


@dataclass
class Inputs:
    """What a trace starts from.

    Attributes:
        grid: levels and anchors.
        maps: head outputs, arrays or tensors, fine level first, each (b, 4·reg_max + nc, h, w), logits.
        label_rows: (box, 6) float64 array or tensor: image, class, cx, cy, w, h (normalised).
        batch: number of images b.
        nc: number of classes c.
        reg_max: bins per side R.
        about: one line each about ``labels`` and ``heads``, for headers.
        images: the images by name; empty if they have none.
        class_names: by class; empty if the classes have none.
    """

    grid: Grid
    maps: list[Any]
    label_rows: Any
    batch: int
    nc: int
    reg_max: int = 16
    about: Mapping[str, str] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    class_names: tuple[str, ...] = ()

    @property
    def boxes(self) -> tuple[int, ...]:
        """Label rows of every image."""
        counts = np.bincount(np.asarray(self.label_rows)[:, 0].astype(np.int64), minlength=self.batch)
        return tuple(counts.tolist())

    @property
    def longest(self) -> int:
        """Boxes per image after padding, m."""
        return max(self.boxes, default=0)


@dataclass(frozen=True)
class Captured:
    """What a trace of a captured assigner call starts from: its six inputs, arrays or tensors of one float dtype.

    Attributes:
        grid: levels and anchors.
        pd_scores: (image, anchor, class) scores.
        pd_bboxes: (image, anchor, xyxy) px.
        anc_points: (anchor, xy) px, the cell centres of ``grid``.
        gt_labels: (image, gt, 1) class indices.
        gt_bboxes: (image, gt, xyxy) px.
        mask_gt: (image, gt, 1) true for real boxes.
        about: one line each about ``labels`` and ``heads``, for headers.
        parameters: topk, topk2, alpha and beta of the call as far as they were saved with it.
        remarks: what a user should know about how the file was read.
        images: the images by name; empty if they have none.
        class_names: by class; empty if the classes have none.
    """

    grid: Grid
    pd_scores: Any
    pd_bboxes: Any
    anc_points: Any
    gt_labels: Any
    gt_bboxes: Any
    mask_gt: Any
    about: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    class_names: tuple[str, ...] = ()

    @property
    def batch(self) -> int:
        return int(self.pd_scores.shape[0])

    @property
    def nc(self) -> int:
        return int(self.pd_scores.shape[2])

    @property
    def longest(self) -> int:
        """Boxes per image after padding, m."""
        return int(self.gt_bboxes.shape[1])

    @property
    def boxes(self) -> tuple[int, ...]:
        """Boxes of every image: its rows up to the last one that is not all zero, padding in between included."""
        filled = np.asarray(self.gt_bboxes).any(axis=-1) | np.asarray(self.mask_gt)[..., 0].astype(bool)  # (b, m)
        places = np.where(filled, np.arange(1, self.longest + 1), 0)
        return tuple(places.max(axis=1, initial=0).tolist())

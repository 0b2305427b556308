"""What a trace starts from: head outputs and label rows, or an assigner call. Only what makes tensors imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import CALL, Captured, begin_with_capture, state_of_call
from ..assignment.grid import Grid
from ..assignment.outputs import FIXED_SIZES
from ..assignment.releases import Release
from .letterbox import Letterbox
from .release_choice import ReleaseChoice

if TYPE_CHECKING:
    import torch
    from torch import Tensor


GEOMETRIC = ("no-anchor-inside", "ignored-as-padding")
"""Causes that boxes and anchors alone decide, whatever a model predicts."""

SYNTHETIC = f"synthetic heads: only candidates, {' and '.join(GEOMETRIC)}, which are geometry, carry meaning"
"""What must be said wherever numbers of heads of no model are shown."""

NO_LOSS_OF_A_MODEL = "synthetic heads: these losses carry no meaning"
"""The same of losses."""


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
        release: that labels were read and boxes placed by; None where no release had a part in it.
        synthetic: are the maps drawn, so that no model had a part in it?
        head: which of the two heads of an end-to-end model, one2many or one2one; empty if there is one.
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
    release: ReleaseChoice | None = None
    synthetic: bool = False
    head: str = ""

    @property
    def boxes(self) -> tuple[int, ...]:
        """Label rows of every image."""
        counts = np.bincount(np.asarray(self.label_rows)[:, 0].astype(np.int64), minlength=self.batch)
        return tuple(counts.tolist())

    @property
    def longest(self) -> int:
        """Boxes per image after padding, m."""
        return max(self.boxes, default=0)

    @property
    def sizes(self) -> dict[str, int]:
        """Length of every axis but ``pair``."""
        return _sizes(self) | {"channel": 4 * self.reg_max}

    @property
    def settings(self) -> dict[str, int]:
        """What stages take beside tensors and the parameters of an assigner."""
        return {"batch": self.batch, "nc": self.nc, "reg_max": self.reg_max}

    @property
    def dtype(self) -> torch.dtype:
        """Of the head outputs."""
        import torch

        return torch.as_tensor(self.maps[0]).dtype

    def begin(self, assigner: Assigner) -> Assigner:
        """The stages that run: all of them."""
        return assigner

    def state(self, dtype: torch.dtype, device: torch.device, *, use_up: bool = False) -> dict[str, Any]:
        """What the first stage takes; with ``use_up`` it holds the only reference to the maps."""
        import torch

        state = {
            "grid": self.grid,
            "label_rows": torch.as_tensor(self.label_rows, device=device),
            "maps": [torch.as_tensor(level, dtype=dtype, device=device) for level in self.maps],
        }
        if use_up:
            self.maps.clear()
        return state

    def screen_inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """gt_bboxes (b, m, 4) px, mask_gt (b, m, 1), anc_points (a, 2) px: what screening takes needs no maps."""
        import torch

        from ..assignment import stages

        strides = torch.tensor(self.grid.strides, dtype=torch.float32)
        points = stages.anchors(self.grid, strides)
        truth = stages.ground_truth(torch.as_tensor(self.label_rows), self.grid, self.batch, strides)
        return truth.gt_bboxes, truth.mask_gt, points.anchor_points * points.stride_tensor


@dataclass(frozen=True)
class Call:
    """An assigner call, such as a training step makes; a trace of it begins with the stage ``capture``.

    Attributes:
        grid: levels and anchors.
        six: what the assigner is called with, arrays or tensors of one float dtype; ``anc_points`` are the cell
            centres of ``grid``.
        about, images, class_names, release, synthetic: as in :class:`Inputs`.
        parameters: topk, topk2, alpha and beta of the call as far as they were saved with it.
        remarks: what a user should know about how the file was read.
        outputs: what the original answered, arrays by name, as far as it was saved with the call.
        recorded_by: the release that made the call, if it was saved with it.
        pictures: (image, 3, height, width) uint8, red first, as the network got them, if they were saved with it.
    """

    grid: Grid
    six: Captured
    about: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    class_names: tuple[str, ...] = ()
    release: ReleaseChoice | None = None
    synthetic: bool = False
    outputs: Mapping[str, Any] = field(default_factory=dict)
    recorded_by: Release | None = None
    pictures: Any = None

    @property
    def batch(self) -> int:
        return int(self.six.pd_scores.shape[0])

    @property
    def nc(self) -> int:
        return int(self.six.pd_scores.shape[2])

    @property
    def longest(self) -> int:
        """Boxes per image after padding, m."""
        return int(self.six.gt_bboxes.shape[1])

    @property
    def boxes(self) -> tuple[int, ...]:
        """Boxes of every image: its rows up to the last one that is not all zero, padding in between included."""
        filled = np.asarray(self.six.gt_bboxes).any(axis=-1) | np.asarray(self.six.mask_gt)[..., 0].astype(bool)
        places = np.where(filled, np.arange(1, self.longest + 1), 0)  # (b, m)
        return tuple(places.max(axis=1, initial=0).tolist())

    @property
    def sizes(self) -> dict[str, int]:
        """Length of every axis but ``pair``; a call has no bins, so no axis of channels."""
        return _sizes(self)

    @property
    def settings(self) -> dict[str, int]:
        """What stages take beside tensors and the parameters of an assigner."""
        return {"batch": self.batch, "nc": self.nc}

    @property
    def dtype(self) -> torch.dtype:
        """Of the scores; of the boxes where scores are half as precise."""
        import torch

        dtype = torch.as_tensor(self.six.pd_scores).dtype
        return dtype if dtype.itemsize >= 4 else torch.as_tensor(self.six.pd_bboxes).dtype

    def begin(self, assigner: Assigner) -> Assigner:
        """The stages that run, as :func:`~yolo_assign_trace.assignment.call.begin_with_capture` has them."""
        return begin_with_capture(assigner)

    def state(self, dtype: torch.dtype, device: torch.device, *, use_up: bool = False) -> dict[str, Any]:
        """What the first stage takes.

        Raises:
            InputError: tensors that do not fit together.
        """
        import torch

        tensors = {name: torch.as_tensor(getattr(self.six, name), device=device) for name in CALL}
        floats = {name: tensor.to(dtype) for name, tensor in tensors.items() if tensor.is_floating_point()}
        return state_of_call(tensors | floats, self.grid)

    def screen_inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """gt_bboxes, mask_gt and anc_points: what screening takes."""
        import torch

        boxes, mask, points = map(torch.as_tensor, (self.six.gt_bboxes, self.six.mask_gt, self.six.anc_points))
        return boxes, mask, points


def _sizes(start: Inputs | Call) -> dict[str, int]:
    return {
        "image": start.batch,
        "gt": start.longest,
        "anchor": start.grid.anchors,
        "class": start.nc,
        "level": len(start.grid.levels),
        **FIXED_SIZES,
    }

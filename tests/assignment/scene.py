"""A scene: everything the assigner is asked with, and short ways to run it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from yolo_assign_trace import assign
from yolo_assign_trace.assignment.assigner import Assigner, Parameters
from yolo_assign_trace.assignment.generations import YOLOV8
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.run.runner import run_stages

INPUTS = ("pd_scores", "pd_bboxes", "anc_points", "gt_labels", "gt_bboxes", "mask_gt")


def yolov8(topk: int = 10, alpha: float = 0.5, beta: float = 6.0) -> Assigner:
    """The default assigner with other parameters."""
    return replace(YOLOV8, parameters=Parameters(topk=topk, alpha=alpha, beta=beta))


def centres(grid: Grid, dtype: torch.dtype = torch.float32) -> Tensor:
    """(anchor, xy) px, one address at a time."""
    return torch.tensor([grid.address(anchor).centre for anchor in range(grid.anchors)], dtype=dtype)


@dataclass(frozen=True, repr=False)
class Scene:
    """Inputs of the stages from screen on; shapes as :func:`yolo_assign_trace.assign` wants them."""

    grid: Grid
    assigner: Assigner
    pd_scores: Tensor  # (b, a, c)
    pd_bboxes: Tensor  # (b, a, 4) px
    anc_points: Tensor  # (a, 2) px
    gt_labels: Tensor  # (b, m, 1)
    gt_bboxes: Tensor  # (b, m, 4) px
    mask_gt: Tensor  # (b, m, 1)

    def __repr__(self) -> str:
        parameters = self.assigner.parameters
        return f"Scene({self.grid}; {parameters}; boxes {self.gt_bboxes.tolist()}, {self.gt_bboxes.dtype})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would print the stages of the assigner as well

    @property
    def inputs(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in INPUTS}

    def results(self) -> dict[str, Tensor]:
        """The five results, through the public function."""
        return assign(**self.inputs, grid=self.grid, assigner=self.assigner)

    def tensors(self, *names: str) -> dict[str, np.ndarray]:
        """Any outputs of the stages from screen on, by name."""
        b, _, c = self.pd_scores.shape
        state: dict[str, Any] = self.assigner.settings | self.inputs | {"grid": self.grid, "batch": b, "nc": c}
        kept = run_stages(self.assigner, state, names, first="screen")
        return {name: tensor.numpy() for name, tensor in kept.items()}

    def dense(self, pairs: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values over pairs as (image, gt, anchor), zero where there is no pair."""
        b, m, _ = self.gt_bboxes.shape
        table = np.zeros((b, m, self.grid.anchors), dtype=values.dtype)
        table[tuple(pairs.T)] = values
        return table

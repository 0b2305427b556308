"""Assigner calls to save and to read: a small one made at random, and those of the golden cases."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from tests.assignment import golden_cases
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.inputs.heads.capture import read_capture
from yolo_assign_trace.inputs.heads.shapes import layout_grid
from yolo_assign_trace.run.given import Call

GRID = layout_grid("yolov8", (64, 64))


@lru_cache(maxsize=1)  # the generations of a case follow each other
def golden_capture(name: str) -> Call:
    paths = [folder / f"{name}.npz" for folder in golden_cases.FOLDERS]
    return read_capture(next(path for path in paths if path.exists()))


def call(grid: Grid = GRID, m: int = 2, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """A call of two images and three classes; predictions and boxes at random."""
    generator = torch.Generator().manual_seed(1)
    corner = torch.rand(2, m, 2, generator=generator) * 30
    points = torch.tensor([grid.address(i).centre for i in range(grid.anchors)])
    return {
        "pd_scores": torch.rand(2, grid.anchors, 3, generator=generator).to(dtype),
        "pd_bboxes": (points.repeat(1, 2) + torch.tensor([-9.0, -9, 9, 9])).expand(2, -1, -1).to(dtype),
        "anc_points": points.to(dtype),
        "gt_labels": torch.ones(2, m, 1),
        "gt_bboxes": torch.cat([corner, corner + 25], dim=-1).to(dtype),
        "mask_gt": torch.ones(2, m, 1),
    }


def saved(folder: Path, **changes: Any) -> Path:
    """A capture as .pt with entries replaced, or left out where the change is None."""
    torch.save({k: v for k, v in {**call(), **changes}.items() if v is not None}, folder / "call.pt")
    return folder / "call.pt"

"""Golden cases as scenes; ``golden/README.md`` says what is in the files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.assignment.scene import Scene, centres
from tests.commands import SHARED
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid

COPIED = Path(__file__).parent / "golden"
FOLDERS = (COPIED, Path(__file__).parent / "golden_tasks", SHARED / "golden", SHARED / "golden_tasks")
DEFAULT_GENERATION = "8.0.52"


@dataclass(frozen=True)
class GoldenCase:
    """Inputs as a scene, to be run by a generation's assigner, and the answers of the releases."""

    name: str
    generation: str
    scene: Scene
    arrays: dict[str, np.ndarray]

    def answer(self, tensor: str) -> np.ndarray:
        """What the generation answered."""
        return self.arrays[f"{self.generation}/{tensor}"]


def load(name: str, generation: str = DEFAULT_GENERATION) -> GoldenCase:
    """The case ``name``; the running test is skipped if only the shared folder has it and that is not there."""
    path = next((path for folder in FOLDERS if (path := folder / f"{name}.npz").exists()), None)
    if path is None:
        pytest.skip(f"{name} is not copied, and the shared folder is not here")
    arrays, grid, points = _read(path)
    parameters = {key: arrays[f"hyper_{key}"].item() for key in ("topk", "topk2", "alpha", "beta")}

    def floats(key: str) -> torch.Tensor:
        return torch.from_numpy(arrays[key].astype(np.float32))

    scene = Scene(
        grid=grid,
        assigner=GENERATIONS[generation].with_parameters(**parameters | {"topk2": parameters["topk2"] or None}),
        pd_scores=floats("pred_scores"),
        pd_bboxes=floats("pred_bboxes"),
        anc_points=points,
        gt_labels=floats("gt_labels").long(),
        gt_bboxes=floats("gt_bboxes"),
        mask_gt=floats("mask_gt").bool(),
    )
    return GoldenCase(name, generation, scene, arrays)


@lru_cache(maxsize=1)  # the generations of a case are asked for one after the other
def _read(path: Path) -> tuple[dict[str, np.ndarray], Grid, torch.Tensor]:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    height, width = arrays["imgsz"].tolist()
    strides = arrays["strides"].tolist()
    grid = Grid.of((height, width), [(-(-height // s), -(-width // s)) for s in strides], strides)
    return arrays, grid, centres(grid)

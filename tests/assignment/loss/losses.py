"""Head outputs and labels with the loss that follows; golden cases are described beside the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tests.assignment.golden_cases import FOLDERS
from yolo_assign_trace import Inputs, find_assigner, trace
from yolo_assign_trace.assignment.assigner import Assigner, Gains
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.loss.choice import with_loss
from yolo_assign_trace.assignment.releases import parse_release
from yolo_assign_trace.tracers.memory import Memory

ANSWERED_BY = {"8.0.0": "8.0.51", "8.0.52": "8.3.253", "8.4.144": "8.4.190"}
"""The release behind the answers of a generation."""


def loss_of(inputs: Inputs, assigner: Assigner, release: str = "", gains: Gains | None = None) -> Memory:
    """A trace with the stage ``loss``."""
    memory = Memory()
    trace(inputs, with_loss(assigner, parse_release(release) if release else None, gains), [memory])
    return memory


@dataclass(frozen=True)
class GoldenLoss:
    """A case and the answers of one release to it; ``head`` is empty where there is one."""

    generation: str
    head: str
    arrays: dict[str, np.ndarray]

    @property
    def inputs(self) -> Inputs:
        height, width = self.arrays["imgsz"].tolist()
        strides = self.arrays["strides"].tolist()
        prefix = f"{self.head}_" if self.head else ""
        maps = [self.arrays[f"{prefix}map{i}"].astype(np.float32) for i in range(len(strides))]
        reg_max = int(self.arrays["reg_max"])
        return Inputs(
            grid=Grid.of((height, width), [level.shape[2:] for level in maps], strides),
            maps=list(maps),
            label_rows=self.arrays["targets"].astype(np.float64),
            batch=len(maps[0]),
            nc=maps[0].shape[1] - 4 * reg_max,
            reg_max=reg_max,
        )

    @property
    def assigner(self) -> Assigner:
        return find_assigner(f"yolo26-{self.head}" if self.head else self.generation)

    def traced(self) -> Memory:
        return loss_of(self.inputs, self.assigner, ANSWERED_BY[self.generation])

    def answer(self, name: str) -> Any:
        return self.arrays["/".join(filter(None, [self.generation, self.head, name]))]

    def has(self, name: str) -> bool:
        return "/".join(filter(None, [self.generation, self.head, name])) in self.arrays


def load(name: str, generation: str, head: str = "") -> GoldenLoss:
    """The case ``loss_<name>``; the running test is skipped if it is nowhere."""
    path = next((path for folder in FOLDERS if (path := folder / f"loss_{name}.npz").exists()), None)
    if path is None:
        pytest.skip(f"loss_{name} is not copied, and the shared folder is not here")
    with np.load(path, allow_pickle=False) as archive:
        return GoldenLoss(generation, head, {key: archive[key] for key in archive.files})


def drawn(grid: Grid, seed: int, *, images: int, boxes: int, nc: int, reg_max: int, sharp: float = 2.0) -> Inputs:
    """Random head outputs, and boxes of any size within the input; the last image has none if there are several."""
    random = np.random.RandomState(seed)
    shapes = [(images, 4 * reg_max + nc, level.height, level.width) for level in grid.levels]
    maps = [(random.randn(*shape) * sharp).astype(np.float32) for shape in shapes]
    if reg_max == 1:
        for level in maps:
            level[:, :4] = np.abs(level[:, :4])
    sizes = random.uniform(0.05, 0.9, (boxes, 2))
    centres = random.uniform(sizes / 2, 1 - sizes / 2)
    image = random.randint(0, max(1, images - 1), boxes)
    rows = np.column_stack([np.sort(image), random.randint(0, nc, boxes), centres, sizes])
    return Inputs(grid=grid, maps=list(maps), label_rows=rows, batch=images, nc=nc, reg_max=reg_max)


def as_double(inputs: Inputs) -> Inputs:
    inputs.maps = [torch.from_numpy(np.asarray(level, dtype=np.float64)) for level in inputs.maps]
    return inputs

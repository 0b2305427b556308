"""Run by a real release's Python: what its trainer takes as loss items, beside ours of the same head outputs.

Arguments: description of a model, data.yaml, folder for the run, relative tolerance. It looks at each step of an epoch.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from yolo_assign_trace import Grid, Inputs, find_assigner, trace
from yolo_assign_trace.assignment.releases import parse_release
from yolo_assign_trace.run.release_choice import ReleaseChoice
from yolo_assign_trace.tracers.memory import Memory

Step = tuple[Any, dict[str, Tensor], Tensor]


def record(steps: list[Step]) -> None:
    """Patch the class of the loss: head outputs, labels and items of every call in training."""
    from ultralytics.utils.loss import v8DetectionLoss

    call = v8DetectionLoss.__call__

    def recorded(self: Any, preds: Any, batch: dict[str, Tensor], *more: Any, **named: Any) -> Any:
        result = call(self, preds, batch, *more, **named)
        if torch.is_grad_enabled():
            labels = {name: batch[name].clone() for name in ("batch_idx", "cls", "bboxes", "img")}
            steps.append((preds, labels, as_items(result[1])))
        return result

    v8DetectionLoss.__call__ = recorded


def as_items(found: Any) -> Tensor:
    """(3,) box, cls, dfl, of a tensor or of a dictionary by name."""
    if isinstance(found, dict):
        assert [name.split("/")[-1].removesuffix("_loss") for name in found] == ["box", "cls", "dfl"], list(found)
        found = torch.stack([torch.as_tensor(item) for item in found.values()])
    return torch.as_tensor(found).detach().clone()


def as_one(raw: Any) -> Tensor:
    """(b, 4·R+c, a): raw outputs of whichever layout."""
    raw = raw[1] if isinstance(raw, tuple) else raw
    if isinstance(raw, dict):
        return torch.cat([raw["boxes"], raw["scores"]], 1).detach()
    return torch.cat([level.flatten(2) for level in raw], 2).detach()


def items_of(preds: Any, labels: dict[str, Tensor], strides: list[int], nc: int, release: ReleaseChoice) -> np.ndarray:
    """Ours."""
    height, width = labels["img"].shape[2:]
    grid = Grid.of((height, width), [(height // s, width // s) for s in strides], strides)
    flat = as_one(preds)
    maps = [
        part.reshape(len(flat), -1, level.height, level.width)
        for part, level in zip(flat.split([level.anchors for level in grid.levels], -1), grid.levels, strict=True)
    ]
    rows = torch.cat([labels["batch_idx"].view(-1, 1), labels["cls"].view(-1, 1), labels["bboxes"]], 1).double()
    reg_max = (flat.shape[1] - nc) // 4
    inputs = Inputs(grid, maps, rows, len(flat), nc, reg_max, release=release)
    memory = Memory()
    trace(inputs, find_assigner(release.name), [memory], loss=True)
    return memory["loss_items"]


def main(model: str, data: str, folder: str, relative: str) -> None:
    steps: list[Step] = []
    record(steps)
    import ultralytics
    from ultralytics import YOLO

    taken: list[Tensor] = []
    heads: list[Any] = []

    def after_step(trainer: Any) -> None:
        taken.append(as_items(trainer.loss_items))
        heads.append(trainer.model.model[-1])

    yolo = YOLO(model)
    yolo.add_callback("on_train_batch_end", after_step)
    settings = {"imgsz": 160, "batch": 4, "workers": 0, "device": "cpu", "plots": False, "amp": False, "epochs": 1}
    yolo.train(data=data, project=str(Path(folder) / "runs"), verbose=False, **settings)
    number = parse_release(ultralytics.__version__)
    assert number is not None
    release = ReleaseChoice(number)
    strides, nc = [int(stride) for stride in heads[0].stride.tolist()], int(heads[0].nc)
    assert len(steps) == len(taken) > 0
    for (preds, labels, theirs), of_trainer in zip(steps, taken, strict=True):
        np.testing.assert_array_equal(theirs, of_trainer)
        np.testing.assert_allclose(items_of(preds, labels, strides, nc, release), theirs.numpy(), rtol=float(relative))
    print("items equal", len(steps))


if __name__ == "__main__":
    main(*sys.argv[1:])

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
from yolo_assign_trace.assignment.loss.choice import end_to_end_weights
from yolo_assign_trace.assignment.releases import parse_release
from yolo_assign_trace.run.release_choice import ReleaseChoice
from yolo_assign_trace.tracers.memory import Memory

HEADS = ("one2many", "one2one")
Step = tuple[dict[str, Tensor], dict[str, Tensor], Tensor, Tensor]
"""Outputs by head, labels, items, and what is returned."""


def record(name: str, steps: list[Step]) -> None:
    """Patch the class of the loss: see every call in training."""
    from ultralytics.utils import loss

    kind = getattr(loss, name)
    call = kind.__call__

    def recorded(self: Any, preds: Any, batch: dict[str, Tensor], *more: Any, **named: Any) -> Any:
        result = call(self, preds, batch, *more, **named)
        if torch.is_grad_enabled():
            labels = {name: batch[name].clone() for name in ("batch_idx", "cls", "bboxes", "img")}
            raw = preds[1] if isinstance(preds, tuple) else preds
            two = isinstance(raw, dict) and set(HEADS) <= raw.keys()
            outputs = {head: as_one(raw[head]) for head in HEADS} if two else {"": as_one(raw)}
            steps.append((outputs, labels, as_items(result[1]), result[0].detach().clone()))
        return result

    kind.__call__ = recorded


def as_items(found: Any) -> Tensor:
    """(3,) box, cls, dfl, of a tensor or of a dictionary by name."""
    if isinstance(found, dict):
        names = [name.removesuffix("_loss") for name in found]
        assert names in (["box", "cls", "dfl"], ["box", "cls", "l1"]), names  # the latter with R = 1
        found = torch.stack([torch.as_tensor(item) for item in found.values()])
    return torch.as_tensor(found).detach().clone()


def as_one(raw: Any) -> Tensor:
    """(b, 4·R+c, a): raw outputs of whichever layout."""
    if isinstance(raw, dict):
        return torch.cat([raw["boxes"], raw["scores"]], 1).detach()
    return torch.cat([level.flatten(2) for level in raw], 2).detach()


def ours(flat: Tensor, labels: dict[str, Tensor], head: Any, name: str, release: ReleaseChoice) -> np.ndarray:
    """The items of one head, ``name``, empty if there is one."""
    height, width = labels["img"].shape[2:]
    strides = [int(stride) for stride in head.stride.tolist()]
    grid = Grid.of((height, width), [(height // s, width // s) for s in strides], strides)
    maps = [
        part.reshape(len(flat), -1, level.height, level.width)
        for part, level in zip(flat.split([level.anchors for level in grid.levels], -1), grid.levels, strict=True)
    ]
    rows = torch.cat([labels["batch_idx"].view(-1, 1), labels["cls"].view(-1, 1), labels["bboxes"]], 1).double()
    nc, memory = int(head.nc), Memory()
    inputs = Inputs(grid, maps, rows, len(flat), nc, (flat.shape[1] - nc) // 4, release=release, head=name)
    trace(inputs, find_assigner(f"yolo26-{name}" if name else release.name), [memory], loss=True)
    return memory["loss_items"]


def main(model: str, data: str, folder: str, relative: str) -> None:
    steps: list[Step] = []
    record("E2ELoss" if "26" in model else "v8DetectionLoss", steps)
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
    assert len(steps) == len(taken) > 0
    for (outputs, labels, theirs, returned), of_trainer in zip(steps, taken, strict=True):
        np.testing.assert_array_equal(theirs, of_trainer)
        made = [ours(flat, labels, heads[0], name, ReleaseChoice(number)) for name, flat in outputs.items()]
        np.testing.assert_allclose(made[-1], theirs.numpy(), rtol=float(relative))
        weights = end_to_end_weights(0, 1) if len(made) > 1 else (1.0,)
        both = len(labels["img"]) * sum(weight * items for weight, items in zip(weights, made, strict=True))
        whole = both.sum() if returned.ndim == 0 else both
        np.testing.assert_allclose(whole, returned.numpy(), rtol=float(relative))
    print("items equal", len(steps))


if __name__ == "__main__":
    main(*sys.argv[1:])

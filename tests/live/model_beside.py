"""Run by a real release's Python: `--model` beside what the release itself makes of the same pictures.

Arguments: checkpoint, data.yaml, folder of the pictures, head ("" if there is one). Prints what was equal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from yolo_assign_trace.assignment.call import RESULTS
from yolo_assign_trace.inputs.load import load_inputs
from yolo_assign_trace.inputs.request import Request
from yolo_assign_trace.run.runner import trace


def batch_of_the_release(pictures: str) -> Any:
    """All pictures as its own data loading has them in a validation, at 160 px."""
    try:
        from ultralytics.data import YOLODataset
    except ImportError:
        from ultralytics.yolo.data import YOLODataset
    settings = {"img_path": pictures, "imgsz": 160, "augment": False, "rect": False, "batch_size": 4, "stride": 32}
    settings |= {"data": {"names": {0: "a", 1: "b", 2: "c"}, "nc": 3, "channels": 3}}
    try:
        dataset = YOLODataset(**settings, task="detect")
    except TypeError:
        dataset = YOLODataset(**settings)
    order = sorted(range(len(dataset)), key=lambda i: dataset.im_files[i])
    return dataset.collate_fn([dataset[i] for i in order])


def as_one(raw: Any) -> Tensor:
    """(b, 4·R+c, a): raw outputs of whichever layout."""
    if isinstance(raw, dict):
        return torch.cat([raw["boxes"], raw["scores"]], 1)
    return torch.cat([level.flatten(2) for level in raw], 2)


def main(checkpoint: str, data: str, pictures: str, branch: str) -> None:
    inputs, _ = load_inputs(Request(data=Path(data), split="val", model=Path(checkpoint), branch=branch or None))
    from ultralytics import YOLO

    network = YOLO(checkpoint).model.float().eval()
    batch = batch_of_the_release(pictures)
    network.model[-1].training = True
    with torch.no_grad():
        raw = network(batch["img"].float() / 255)
    of_head = raw[branch] if branch else raw
    theirs, ours = as_one(of_head), as_one([torch.from_numpy(level) for level in inputs.maps])
    assert torch.equal(theirs, ours), (theirs - ours).abs().max()
    print("outputs equal", tuple(ours.shape))
    if not hasattr(network, "init_criterion"):
        return  # its trainers make the loss
    from ultralytics.utils import DEFAULT_CFG
    from ultralytics.utils.tal import TaskAlignedAssigner

    recorded: list[tuple[Tensor, ...]] = []
    forward = TaskAlignedAssigner.forward

    def record(self: Any, *arguments: Any, **named: Any) -> Any:
        recorded.append(forward(self, *arguments, **named))
        return recorded[-1]

    TaskAlignedAssigner.forward = record
    network.args = SimpleNamespace(**vars(DEFAULT_CFG))
    network.init_criterion()(raw, batch)
    _, _, _, fg_mask, owner = recorded[1 if branch == "one2one" else 0]
    assigner = inputs.release.assigner
    if branch == "one2one":
        assigner = assigner.with_parameters(topk=7, topk2=1)
    results = trace(inputs, assigner)
    assert set(RESULTS) <= set(results)
    assert torch.equal(results["fg_mask"], fg_mask.bool())
    assert torch.equal(results["target_gt_idx"][fg_mask.bool()], owner[fg_mask.bool()])
    print("owners equal", int(fg_mask.sum()))


if __name__ == "__main__":
    main(*sys.argv[1:])

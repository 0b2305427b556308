"""A stand-in for the package of that name: models whose outputs are the picture itself, so that tests can see it.

A "model file" is JSON: task, names, strides, reg_max, layout of the outputs, imgsz. Channel 0 of a level is the mean of
red over each cell's pixels, channel 1 of green, channel 2 of blue; the others are 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class Detect(nn.Module):
    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self.nc, self.reg_max = len(told["names"]), told["reg_max"]
        self.stride = torch.tensor([float(stride) for stride in told["strides"]])
        self.layout = told["layout"]
        if self.layout.startswith("two heads"):
            self.one2one_cv2 = nn.Identity()
        if self.layout == "no head":
            del self.reg_max

    def forward(self, x: Tensor) -> Any:
        if not self.training:
            return torch.zeros(1), "decoded"  # what a model returns in evaluation
        maps = []
        for stride in self.stride.int().tolist():
            colours = nn.functional.avg_pool2d(x, stride)
            filler = torch.zeros(x.shape[0], 4 * self.reg_max + self.nc - 3, *colours.shape[2:])
            maps.append(torch.cat([colours, filler], 1))
        if self.layout == "maps":
            return maps
        flat = torch.cat([level.flatten(2) for level in maps], 2)
        split = {"boxes": flat[:, : 4 * self.reg_max], "scores": flat[:, 4 * self.reg_max :], "feats": maps}
        if self.layout == "boxes and scores":
            return split
        if self.layout == "two heads of maps":
            return {"one2many": maps, "one2one": [level + 1 for level in maps]}
        return {"one2many": split, "one2one": {**split, "boxes": split["boxes"] + 1}}


class Network(nn.Module):
    def __init__(self, told: dict[str, Any], nc: int | None = None, verbose: bool = True) -> None:
        super().__init__()
        names = told["names"] if nc is None else [str(i) for i in range(nc)]
        self.yaml = told
        self.names = dict(enumerate(names))
        self.args = {"imgsz": told["imgsz"]}
        self.model = nn.ModuleList([Detect(told | {"names": names})])
        self.noise = nn.Parameter(torch.rand(3))

    def forward(self, x: Tensor) -> Any:
        assert not self.training, "the network itself stays in evaluation"
        assert not torch.is_grad_enabled()
        print("this package prints")
        return self.model[0](x)


class YOLO:
    def __init__(self, path: str) -> None:
        print("this package prints")
        if path.endswith(".onnx"):
            self.model: Any = path
            return
        told = {
            "task": "detect",
            "names": ["a", "b", "c"],
            "strides": [8, 16, 32],
            "reg_max": 16,
            "layout": "maps",
            "imgsz": 64,
        } | json.loads(Path(path).read_text())
        self.task = told["task"]
        self.model = Network(told)

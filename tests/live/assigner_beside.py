"""Run by a real release's Python: its assigner and ours on the same inputs.

``scenes FIRST LAST`` runs random scenes, ``golden FILE ...`` golden cases, ``trainings JSON`` trainings in
which both answer each call, and the same inside ``fast_assigner``. The last line that it prints is JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import ultralytics
from random_scenes import random_scene
from torch import Tensor

from yolo_assign_trace.training import TaskAlignedAssigner, assigner, fast_assigner

try:
    from ultralytics.utils.tal import TaskAlignedAssigner as Original
except ImportError:
    from ultralytics.yolo.utils.tal import TaskAlignedAssigner as Original

RELEASE = ultralytics.__version__
NEWEST = RELEASE.startswith("8.4.")
RESULTS = ("target_labels", "target_bboxes", "target_scores", "fg_mask", "target_gt_idx")
ULPS = 0 if NEWEST else 4
"""By how much a score may differ: before 8.4.134 the original computes in other places of its vectors."""


def differences(theirs: tuple[Tensor, ...], ours: tuple[Tensor, ...]) -> list[str]:
    """Names of the outputs that are not the same: dtype, shape and bits, any nan for any other."""
    found = []
    for name, a, b in zip(RESULTS, theirs, ours, strict=True):
        if a.dtype != b.dtype or a.shape != b.shape:
            found.append(f"{name}: {a.dtype} {list(a.shape)} and {b.dtype} {list(b.shape)}")
        elif not (same := (a == b) | (a.isnan() & b.isnan())).all():
            if name == "target_scores" and (off := _ulps(a, b)) <= ULPS:
                continue
            found.append(f"{name}: {int((~same).sum())}" + (f", {off} ulps" if name == "target_scores" else ""))
    return found


def _ulps(a: Tensor, b: Tensor) -> int:
    """The largest distance of two tensors, in numbers that lie between."""
    if (a.isnan() != b.isnan()).any():
        return 1 << 30
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[a.element_size()]
    return int((a.nan_to_num().view(whole).long() - b.nan_to_num().view(whole).long()).abs().max())


def beside(six: tuple[Tensor, ...], parameters: dict[str, Any], autocast: torch.dtype | None = None) -> list[str]:
    """What differs between the answers of both to one call; what the original cannot answer, ours need not."""
    within = nullcontext() if autocast is None else torch.autocast("cpu", dtype=autocast)
    with within:
        try:
            theirs = Original(**parameters)(*six)
        except Exception as error:
            return [f"original: {type(error).__name__}"]
        try:
            return differences(theirs, TaskAlignedAssigner(**parameters, release=RELEASE)(*six))
        except Exception as error:
            return [f"ours: {type(error).__name__}: {error}"]


def scenes(first: str, last: str) -> dict[str, Any]:
    found: dict[str, Any] = {"different": {}, "odd": Counter(), "equal": 0}
    for seed in range(int(first), int(last)):
        scene = random_scene(seed, newest=NEWEST)
        if differ := beside(scene.six, scene.parameters, scene.autocast):
            found["different"][seed] = [*differ, *scene.odd]
        else:
            found["equal"] += 1
            found["odd"].update(scene.odd)
    return found


def golden(*files: str) -> dict[str, Any]:
    """As they are; half precision as mixed precision passes it, with and without autocast."""
    found: dict[str, Any] = {"different": {}, "equal": 0}
    for path in map(Path, files):
        with np.load(path, allow_pickle=False) as case:
            arrays = {name: case[name] for name in case.files if "/" not in name}
        parameters = {name: arrays[f"hyper_{name}"].item() for name in ("topk", "alpha", "beta")}
        parameters |= {"num_classes": arrays["pred_scores"].shape[2]}
        if NEWEST:
            parameters |= {"topk2": arrays["hyper_topk2"].item() or None, "stride": arrays["strides"].tolist()}
        six = [torch.from_numpy(arrays[name].astype(np.float32)) for name in ("pred_scores", "pred_bboxes")]
        points = arrays["anc_points"] if "anc_points" in arrays else _points(arrays["imgsz"], arrays["strides"])
        six += [torch.from_numpy(points.astype(np.float32))]
        six += [torch.from_numpy(arrays[name]) for name in ("gt_labels", "gt_bboxes", "mask_gt")]
        flows: list[torch.dtype | None] = [None]
        if path.stem.startswith("half_"):
            low = getattr(torch, str(arrays["dtype"]))
            six[0], six[2], flows = six[0].to(low), six[2].to(low), [None, low]
        for flow in flows:
            if differ := beside(tuple(six), parameters, flow):
                found["different"][f"{path.stem} {flow}"] = differ
            else:
                found["equal"] += 1
    return found


def _points(imgsz: Any, strides: Any) -> Any:
    """(a, xy) px: the centres of all levels, row by row."""
    height, width = imgsz.tolist()
    levels = []
    for stride in strides.tolist():
        y, x = np.mgrid[: -(-height // stride), : -(-width // stride)]
        levels.append((np.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride)
    return np.concatenate(levels)


def trainings(text: str) -> dict[str, Any]:
    """JSON of (model, data.yaml, px, epochs, ...) to what came of each."""
    return {model: _training(model, data, px, epochs) for model, data, px, epochs in json.loads(text)}


def _training(model: str, data: str, px: int, epochs: int) -> dict[str, Any]:
    """Trained twice: each call of the first is answered by both, those of the second inside ``fast_assigner``."""
    found: dict[str, Any] = {"different": [], "equal": Counter(), "fast": 0}
    forward, answer = Original.forward, assigner.answer

    def both(self: Any, *six: Tensor) -> Any:
        theirs = forward(self, *six)
        names = ("topk", "topk2", "num_classes", "alpha", "beta", "stride", "eps")
        settings = {name: value for name, value in vars(self).items() if name in names}
        if differ := differences(theirs, TaskAlignedAssigner(**settings, release=RELEASE)(*six)):
            found["different"].append(differ)
        found["equal"]["train" if torch.is_grad_enabled() else "val"] += not differ
        return theirs

    def counted(*given: Any) -> Any:
        found["fast"] += 1
        return answer(*given)

    with mock.patch.object(Original, "forward", both):
        without = _weights_after(model, data, px, epochs)
    with mock.patch.object(assigner, "answer", counted), fast_assigner():
        return found | {"weights": [without, _weights_after(model, data, px, epochs)]}


def _weights_after(model: str, data: str, px: int, epochs: int) -> str:
    """A hash of the weights that a training ends with."""
    settings = {"data": data, "imgsz": px, "epochs": epochs, "batch": 2, "workers": 0, "device": "cpu", "amp": False}
    trained = ultralytics.YOLO(f"{model}.yaml")
    trained.train(**settings, val=False, plots=False, verbose=False, project="runs", exist_ok=True)
    digest = hashlib.sha256()
    for name, value in sorted(trained.model.float().state_dict().items()):
        digest.update(name.encode() + value.contiguous().numpy().tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps({"scenes": scenes, "golden": golden, "trainings": trainings}[what](*arguments)))

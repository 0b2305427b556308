"""A package called ultralytics that is none: made here from scratch, with the names and the course of a real training.

A trainer with callbacks, a model whose criterion is saved with it, losses that get (preds, batch), an assigner with
the usual signature, a validation without gradients on a copy of the model. Everything is tiny: 2 pictures of 64x64 px,
84 anchors, 3 classes. The assigner is the dense one of tests.check.broken_assigners.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TAL = """
import torch
from tests.check.broken_assigners import Dense

class TaskAlignedAssigner(Dense):
    def __init__(self, topk=13, num_classes=80, alpha=1.0, beta=6.0, eps=1e-9):
        super().__init__(topk, num_classes, alpha, beta)
        self.eps = eps

    @torch.no_grad()
    def forward(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
        self.bs, self.n_max_boxes = pd_scores.shape[0], gt_bboxes.shape[1]
        return super().forward(pd_scores, pd_bboxes, anc_points, gt_labels.long(), gt_bboxes, mask_gt)

class PoseTaskAlignedAssigner(TaskAlignedAssigner):
    def __init__(self, sigmas, **kwargs):
        super().__init__(**kwargs)
        self.sigmas = sigmas

    def forward(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt, anc_strides, **extra):
        assert "gt_kpts" in extra
        return super().forward(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)
"""

LOSS = """
import torch
from .tal import PoseTaskAlignedAssigner, TaskAlignedAssigner

class v8DetectionLoss:
    reg_max, nc, strides = 2, 3, (8, 16, 32)

    def __init__(self, model, tal_topk=10, pose=False):
        settings = dict(topk=tal_topk, num_classes=self.nc, alpha=0.5, beta=6.0)
        sigmas = torch.full((2,), 0.5)
        self.assigner = PoseTaskAlignedAssigner(sigmas, **settings) if pose else TaskAlignedAssigner(**settings)

    def __call__(self, preds, batch):
        return self.loss(preds, batch)

    def loss(self, preds, batch):
        b = len(batch["img"])
        flat = torch.cat([p.flatten(2) for p in preds], 2).transpose(1, 2)
        box, scores = flat.split((4 * self.reg_max, self.nc), 2)
        box = box.view(b, -1, 4, self.reg_max).softmax(-1) @ torch.arange(self.reg_max).float()
        points, strides = [], []
        for stride, p in zip(self.strides, preds):
            y, x = torch.meshgrid(torch.arange(p.shape[2]), torch.arange(p.shape[3]), indexing="ij")
            points.append(torch.stack([x, y], -1).view(-1, 2) + 0.5)
            strides.append(torch.full((y.numel(), 1), float(stride)))
        points, strides = torch.cat(points), torch.cat(strides)
        boxes = torch.cat([points - box[..., :2], points + box[..., 2:]], -1)
        m = max(int((batch["batch_idx"] == i).sum()) for i in range(b))
        labels, gts = torch.zeros(b, m, 1), torch.zeros(b, m, 4)
        for i in range(b):
            own = batch["batch_idx"] == i
            xywh = batch["bboxes"][own] * batch["img"].shape[-1]
            labels[i, : own.sum()] = batch["cls"][own]
            gts[i, : own.sum()] = torch.cat([xywh[:, :2] - xywh[:, 2:] / 2, xywh[:, :2] + xywh[:, 2:] / 2], -1)
        extra = {}
        if isinstance(self.assigner, PoseTaskAlignedAssigner):
            extra = {"anc_strides": strides, "gt_kpts": torch.zeros(b, m, 2, 3)}
        answer = self.assigner(
            scores.detach().sigmoid(), (boxes.detach() * strides), points * strides,
            labels, gts, gts.sum(2, keepdim=True) > 0, **extra,
        )
        _, target_boxes, target_scores, positive, _ = answer
        loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, target_scores)
        if positive.any():
            loss = loss + (boxes[positive] - (target_boxes / strides)[positive]).abs().mean()
        return loss, loss.detach()

class E2ELoss:
    def __init__(self, model):
        self.one2many, self.one2one = v8DetectionLoss(model, 10), v8DetectionLoss(model, 1)

    def __call__(self, preds, batch):
        many, one = self.one2many.loss(preds, batch), self.one2one.loss(preds, batch)
        return many[0] + one[0], many[1] + one[1]
"""

TRAINER = """
import copy
import os
import pathlib
import types
import torch
from ultralytics.utils.loss import E2ELoss, v8DetectionLoss

class Net(torch.nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Conv2d(3, 11, s, s) for s in (8, 16, 32))
        self.criterion = E2ELoss(self) if kind == "e2e" else v8DetectionLoss(self, pose=kind == "pose")

    def forward(self, x):
        return [layer(x) for layer in self.layers]

class BaseTrainer:
    def __init__(self, folder, epochs=2, steps=3, kind="detect", wait=False):
        self.folder = pathlib.Path(folder)
        self.args = types.SimpleNamespace(epochs=epochs, task="detect", imgsz=64)
        self.data, self.steps, self.kind, self.wait = {"names": {0: "a", 1: "b", 2: "c"}}, steps, kind, wait
        self.callbacks, self.seen, self.epoch = {}, [], None

    def run_callbacks(self, event):
        self.seen.append(event)
        for callback in self.callbacks.get(event, []):
            callback(self)

    def batch(self, number):
        random = torch.Generator().manual_seed(number)
        sides = torch.rand(6, 2, generator=random) * 0.6 + 0.05
        return {
            "img": (torch.rand(2, 3, 64, 64, generator=random) * 255).round() / 255,
            "im_file": ("/pictures/%d.jpg" % number, "/pictures/%d.jpg" % (number + 1)),
            "batch_idx": torch.tensor([0.0, 0, 0, 0, 1, 1]),
            "cls": torch.randint(0, 3, (6, 1), generator=random).float(),
            "bboxes": torch.cat([sides / 2 + torch.rand(6, 2, generator=random) * (1 - sides), sides], -1),
        }

    def validation(self):
        files = sorted((self.folder / "images").glob("*.jpg"))
        rows = [
            [float(x) for x in line.split()]
            for f in files for line in (self.folder / "labels" / f.with_suffix(".txt").name).read_text().splitlines()
        ]
        index = [i for i, f in enumerate(files)
                 for _ in (self.folder / "labels" / f.with_suffix(".txt").name).read_text().splitlines()]
        rows = torch.tensor(rows)
        return {
            "img": torch.linspace(0, 1, 2 * 3 * 64 * 64).view(2, 3, 64, 64),
            "im_file": tuple(map(str, files)), "ori_shape": ((128, 128),) * 2,
            "ratio_pad": (((0.5, 0.5), (0, 0)),) * 2, "batch_idx": torch.tensor(index).float(),
            "cls": rows[:, :1], "bboxes": rows[:, 1:],
        }

    def train(self):
        torch.manual_seed(0)
        self.run_callbacks("on_pretrain_routine_start")
        self.model = Net(self.kind)
        optimizer = torch.optim.SGD(self.model.parameters(), 0.1)
        self.run_callbacks("on_train_start")
        for self.epoch in range(self.args.epochs):
            self.run_callbacks("on_train_epoch_start")
            for step in range(self.steps):
                self.run_callbacks("on_train_batch_start")
                batch = self.batch(self.epoch * self.steps + step)
                batch["img"] = batch["img"] + 0 * torch.rand(1)  # a training draws random numbers
                loss, _ = self.model.criterion(self.model(batch["img"]), batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                self.run_callbacks("on_train_batch_end")
                if self.wait:
                    print("step", flush=True)
                    input()
            self.run_callbacks("on_train_epoch_end")
            average = copy.deepcopy(self.model).eval()
            with torch.inference_mode():
                batch = self.validation()
                average.criterion(average(batch["img"]), batch)
            torch.save({"model": average, "epoch": self.epoch}, self.folder / "last.pt")
            self.run_callbacks("on_fit_epoch_end")
        self.run_callbacks("on_train_end")
        return self.model
"""

SCRIPT = """
import sys
from ultralytics.engine.trainer import BaseTrainer
BaseTrainer(sys.argv[1], **eval(sys.argv[2] if len(sys.argv) > 2 else "{}")).train()
"""

LABELS = {
    # picture: rows; the second of picture 0 has no anchor inside, the third lies as the first and is smaller
    "0": "0 0.5 0.5 0.5 0.5\n1 0.1406 0.1406 0.005 0.005\n2 0.5 0.5 0.45 0.5\n",
    "1": "1 0.3 0.6 0.4 0.2\n2 0.75 0.25 0.3 0.4\n",
}
STEPS, EPOCHS = 3, 2
"""Of a training that is not told otherwise."""


def write(folder: Path, release: str = "8.3.200") -> Path:
    """The package, a script that trains, pictures and labels."""
    files = {
        "ultralytics/__init__.py": f"__version__ = {release!r}\n",
        "ultralytics/utils/__init__.py": "",
        "ultralytics/engine/__init__.py": "",
        "ultralytics/utils/tal.py": TAL,
        "ultralytics/utils/loss.py": LOSS,
        "ultralytics/engine/trainer.py": TRAINER,
        "train.py": SCRIPT,
        **{f"images/{name}.jpg": "" for name in LABELS},
        **{f"labels/{name}.txt": rows for name, rows in LABELS.items()},
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def forget() -> None:
    """So that the next import finds a fresh package."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "ultralytics"]:
        del sys.modules[name]


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        forget()

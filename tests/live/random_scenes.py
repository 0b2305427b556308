"""Random calls of an assigner: every shape, dtype and oddity that it may meet. Run by a real release's Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

LEVELS = ((8, 16, 32), (8, 16, 32), (4, 8, 16, 32), (8, 16, 32, 64), (16,))  # ordinary ones, P2, P6, a single one
PARAMETERS = (
    # topk, topk2, alpha, beta
    (10, None, 0.5, 6.0),
    (10, None, 0.5, 6.0),
    (7, 1, 0.5, 6.0),
    (13, None, 1.0, 6.0),
    (1, None, 0.5, 6.0),
    (10, 3, 0.5, 2.0),
)


@dataclass(frozen=True)
class RandomScene:
    """One call, the parameters of its assigner, and what is odd about it."""

    six: tuple[Tensor, ...]
    parameters: dict[str, Any]
    autocast: torch.dtype | None
    odd: list[str]


class _Random(np.random.RandomState):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.odd: list[str] = []

    def often(self, share: float, what: str = "") -> bool:
        found = bool(self.random_sample() < share)
        if found and what:
            self.odd.append(what)
        return found

    def floats(self, *shape: int) -> Tensor:
        """Normal ones."""
        return torch.from_numpy(self.standard_normal(shape).astype(np.float32))


def random_scene(seed: int, *, newest: bool) -> RandomScene:
    """What ``seed`` says; ``newest``: has the release topk2 and stride?"""
    random = _Random(seed)
    strides = LEVELS[random.randint(len(LEVELS))]
    size = tuple(int(random.randint(1, 384 // strides[-1] + 1)) * strides[-1] for _ in range(2))
    points, stride = _points(random, size, strides)
    b, m, c, a = random.randint(1, 7), random.randint(1, 61), random.randint(1, 81), len(points)
    m = 0 if random.often(0.03, "no boxes") else m
    gt_labels, gt_bboxes, mask_gt = _boxes(random, b, m, c, size)
    pd_bboxes = _predictions(random, points, stride, gt_bboxes)
    pd_scores = (random.floats(b, a, c) * 2 + random.uniform(-6, 1)).sigmoid()
    if random.often(0.15, "equal scores"):
        pd_scores = (pd_scores * 4).round() / 4

    autocast = None
    if random.often(0.2, "half"):
        low = torch.float16 if random.often(0.5) else torch.bfloat16
        pd_scores, points = pd_scores.to(low), points.to(low)
        autocast = low if random.often(0.5, "autocast") else None
    if random.often(0.1, "not finite"):
        for tensor in (pd_scores, pd_bboxes, gt_bboxes):
            if tensor.numel() and random.often(0.5):
                at = random.randint(0, tensor.numel(), random.randint(1, 4))
                tensor.view(-1)[at] = (torch.nan, torch.inf, -torch.inf)[random.randint(3)]
    if random.often(0.3, "not contiguous"):
        pd_scores, pd_bboxes = (t.transpose(1, 2).contiguous().transpose(1, 2) for t in (pd_scores, pd_bboxes))
        gt_labels, gt_bboxes = torch.cat([gt_labels.float(), gt_bboxes], -1).split((1, 4), -1)  # as the losses have it

    topk, topk2, alpha, beta = PARAMETERS[random.randint(len(PARAMETERS))]
    parameters = {"topk": min(topk, a), "num_classes": c, "alpha": alpha, "beta": beta}
    if newest:
        parameters |= {"topk2": topk2, "stride": list(strides)}
    six = (pd_scores, pd_bboxes, points, gt_labels, gt_bboxes, mask_gt)
    return RandomScene(six, parameters, autocast, random.odd)


def _points(random: _Random, size: tuple[int, ...], strides: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """(a, xy) px and (a, 1) px per cell."""
    levels = []
    for stride in strides:
        y, x = torch.meshgrid(*(torch.arange(side // stride) for side in size), indexing="ij")
        levels.append((torch.stack([x, y], -1).view(-1, 2) + 0.5) * stride)
    points = torch.cat(levels)
    if len(points) < 16 or random.often(0.08, "no grid"):
        number = max(64, len(points))
        points = torch.from_numpy(random.uniform(0, max(size), (number, 2)).astype(np.float32))
        return points, torch.full((number, 1), 16.0)
    return points, torch.cat([torch.full((len(of), 1), float(s)) for of, s in zip(levels, strides, strict=True)])


def _boxes(random: _Random, b: int, m: int, c: int, size: tuple[int, ...]) -> tuple[Tensor, ...]:
    """gt_labels, gt_bboxes and mask_gt; padding stands anywhere and may hold numbers."""
    sides = np.exp(random.uniform(0, np.log(max(size)), (b, m, 2)))
    middle = random.uniform(0, 1, (b, m, 2)) * size[::-1]
    corners = np.concatenate([middle - sides / 2, middle + sides / 2], -1)
    if random.often(0.15, "corners on centres"):
        corners = np.round(corners / 4) * 4
    if random.often(0.5):
        corners = corners.clip(0, max(size))
    if m > 2 and random.often(0.15, "duplicates"):
        corners[:, 1] = corners[:, 0]
    gt_bboxes = torch.from_numpy(corners.astype(np.float32))
    gt_labels = torch.from_numpy(random.randint(0, c, (b, m, 1))).float()
    present = torch.ones(b, m, 1, dtype=torch.bool)
    if random.often(0.5, "padding"):
        present = torch.from_numpy(random.random_sample((b, m, 1)) > random.random_sample((b, 1, 1)))
    if random.often(0.2, "an image without boxes"):
        present[random.randint(b)] = False
    if random.often(0.7):
        gt_bboxes, gt_labels = gt_bboxes * present, gt_labels * present
    return (
        gt_labels.long() if random.often(0.3) else gt_labels,
        gt_bboxes,
        present if random.often(0.5) else present.float(),
    )


def _predictions(random: _Random, points: Tensor, stride: Tensor, gt_bboxes: Tensor) -> Tensor:
    """(b, a, xyxy) px: around the points, half of them at boxes of the image."""
    (b, m, _), a = gt_bboxes.shape, len(points)
    distances = random.floats(b, a, 4).exp() * 2 * stride
    predicted = torch.cat([points - distances[..., :2], points + distances[..., 2:]], -1)
    if m and random.often(0.5, "predictions at boxes"):
        near = torch.from_numpy(random.randint(0, m, (b, a, 1))).expand(-1, -1, 4)
        at_box = gt_bboxes.gather(1, near) + random.floats(b, a, 4) * 2
        predicted = torch.where(random.floats(b, a, 1) < 0, at_box, predicted)
    return (predicted / 16).round() * 16 if random.often(0.1, "equal predictions") else predicted

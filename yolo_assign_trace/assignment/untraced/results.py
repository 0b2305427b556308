"""The results, written once: what background has everywhere, then the positives."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .conflicts import Positives
from .rules import Results


def normalized(positives: Positives, slots: int, eps: float) -> Tensor:
    """The target score of every entry: its metric over the box's best, times the box's best overlap."""
    metric, overlap, owner = positives.metric, positives.overlap, positives.owner
    best_metric = metric.new_zeros(slots).scatter_reduce_(0, owner, metric, "amax").index_select(0, owner)
    best_overlap = overlap.new_zeros(slots).scatter_reduce_(0, owner, overlap, "amax").index_select(0, owner)
    return metric * best_overlap / (best_metric + eps)


def results_of(labels: Tensor, gt_bboxes: Tensor, positives: Positives, score: Tensor, a: int, nc: int) -> Results:
    """Background has label and box of its image's gt 0; the cells of ``positives`` those of their owners."""
    b, m, _ = gt_bboxes.shape
    none, cell, owner = b * a, positives.cell, positives.owner
    labels = labels.clamp(0, nc - 1)
    label = labels.index_select(0, owner)

    target_labels = _empty(none + 1, labels)
    target_labels[:none].view(b, a).copy_(labels.view(b, m)[:, :1])
    target_labels.scatter_(0, cell, label)
    target_bboxes = _empty(4 * (none + 1), gt_bboxes).view(-1, 4)
    whole = torch.complex128 if gt_bboxes.dtype == torch.float32 else gt_bboxes.dtype  # the four sides as one number
    first = gt_bboxes[:, :1].clone(memory_format=torch.contiguous_format)  # a slice may begin where no such number can
    target_bboxes.view(whole)[:none].view(b, a, -1).copy_(first.view(whole))
    target_bboxes.index_copy_(0, cell, gt_bboxes.reshape(-1, 4).index_select(0, owner))
    target_scores = _empty(nc * (none + 1), score, zero=True).scatter_(0, cell * nc + label, score)
    fg_mask = positives.flags.index_fill_(0, cell, True)
    target_gt_idx = positives.numbers.scatter_(0, cell, owner % m)
    return Results(
        target_labels[:none].view(b, a),
        target_bboxes[:none].view(b, a, 4),
        target_scores[: none * nc].view(b, a, nc),
        fg_mask[:none].view(b, a),
        target_gt_idx[:none].view(b, a),
    )


def _empty(size: int, like: Tensor, *, zero: bool = False) -> Tensor:
    """A flat tensor. From 4 MiB on numpy asks the system for large pages, which is three times as fast to fill."""
    if not like.is_cpu:
        return (like.new_zeros if zero else like.new_empty)(size)
    memory = (np.zeros if zero else np.empty)(size * like.element_size(), dtype=np.uint8)
    return torch.from_numpy(memory).view(like.dtype)

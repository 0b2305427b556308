"""The way of a call whose numbers are not all finite: from the selection on, the stages as they are traced."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..cells import Inside
from ..grid import Grid, Level
from ..stages import normalize, targets
from ..variants import resolve_and_keep
from .rules import Results, Rules


def plainly(
    pair: Tensor,
    overlaps: Tensor,
    align_metric: Tensor,
    slot: Tensor,
    inside: Inside,
    labels: Tensor,
    gt_bboxes: Tensor,
    rules: Rules,
    a: int,
    nc: int,
) -> Results:
    """Masks are multiplied in, so nan and infinity reach further than their own place; speed does not matter then."""
    b, m, _ = gt_bboxes.shape
    slots = slot.index_select(0, inside.box)  # (pair,)
    pairs = torch.stack([slots // m, slots % m, inside.cell % a], dim=-1)
    mask_topk = torch.zeros_like(slots, dtype=torch.bool).index_fill_(0, pair[pair >= 0], True)
    gt_labels, mask_gt = labels.clamp(min=0).view(b, m, 1), gt_bboxes[..., :1]  # of the latter only the shape is read
    grid = Grid(1, a, (Level("all", 1, a, 1, 0),))  # only the number of anchors is
    own = resolve_and_keep(mask_gt, pairs, overlaps, align_metric, mask_topk, grid, rules.topk, rules.topk2)
    target = targets(gt_labels, gt_bboxes, own.fg_mask, own.target_gt_idx, nc)
    normalized = normalize(
        pairs,
        overlaps,
        align_metric,
        own.target_metric,
        own.target_overlaps,
        own.target_gt_idx,
        own.fg_mask,
        target.one_hot,
        mask_gt,
        rules.eps,
    )
    # a box without positives divides 0 by eps, which half precision rounds to 0
    normalized.target_scores[(normalized.pos_align_metrics + rules.eps == 0).any(-1)] = math.nan
    return Results(target.target_labels, target.target_bboxes, normalized.target_scores, own.fg_mask, own.target_gt_idx)

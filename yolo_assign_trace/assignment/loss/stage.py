"""What an assignment costs, on one page: the loss of plain detection, as the YOLOv8 family trains with it.

Everything is computed in float64 and rounded once, at the end, so that sums do not depend on their order.
b images, m gts, a anchors, c classes, l levels, R bins, n positives. Not with class weights (an option from 8.4.37
on), masks, key points or angles.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from ..assigner import Gains
from ..boxes import box_ciou
from ..grid import Grid
from .outputs import MARGIN, Loss, LossAsOneNumber, LossUndivided, LossWithoutDistances


def loss(
    pred_distri: Tensor,
    pred_scores: Tensor,
    pred_bboxes: Tensor,
    anchor_points: Tensor,
    stride_tensor: Tensor,
    gt_labels: Tensor,
    fg_mask: Tensor,
    target_gt_idx: Tensor,
    target_bboxes: Tensor,
    target_scores: Tensor,
    grid: Grid,
    reg_max: int,
    gains: Gains,
    kind: type[Loss] = Loss,
) -> Loss:
    """Box, class and distance terms of every anchor, and their sums.

    Args:
        pred_distri: (b, a, 4·R) logits of the bins of each side; with R = 1 the distances themselves.
        pred_scores: (b, a, c) class logits.
        pred_bboxes: (b, a, 4) xyxy, cells of the anchor's level.
        anchor_points: (a, 2) likewise.
        stride_tensor: (a, 1) px a cell.
        gt_labels: (b, m, 1).
        fg_mask, target_gt_idx: (b, a).
        target_bboxes: (b, a, 4) xyxy px.
        target_scores: (b, a, c).
        grid: the levels.
        reg_max: R.
        gains: of the three terms.
        kind: what the release does.
    """
    (b, a, c), m = pred_scores.shape, gt_labels.shape[1]
    wide, dtype = torch.float64, pred_scores.dtype
    image, anchor = fg_mask.nonzero(as_tuple=True)  # (n,)
    stride, point = stride_tensor[anchor].to(wide), anchor_points[anchor].to(wide)  # (n, 1), (n, 2)
    target = target_bboxes[image, anchor].to(wide) / stride  # (n, 4) cells

    box = 1 - box_ciou(pred_bboxes[image, anchor].to(wide), target)  # (n,), not clamped: up to 2.5
    sides = torch.cat([point - target[:, :2], target[:, 2:] - point], dim=-1)  # (n, 4) l t r b
    distri = pred_distri[image, anchor].to(wide)
    if reg_max > 1:
        distance = _of_bins(distri.view(-1, 4, reg_max), sides.clamp(0, reg_max - 1 - MARGIN)).mean(-1)
    elif kind.compares_distances:
        size = torch.tensor([grid.width, grid.height] * 2, dtype=wide, device=sides.device)
        distance = ((distri - sides).abs() * stride / size).mean(-1)
    else:
        distance = torch.zeros_like(box)
    classes = torch.stack(
        [_cross_entropy(x.to(wide), t.to(wide)) for x, t in zip(pred_scores, target_scores, strict=True)]
    )

    weight = target_scores[image, anchor].to(wide).sum(-1)  # (n,)
    divisor = target_scores.to(wide).sum().clamp(min=kind.least_divisor)
    of_anchor = torch.zeros(b, a, 3, dtype=wide, device=weight.device)
    of_anchor[image, anchor, 0] = gains.box * box * weight / divisor
    of_anchor[..., 1] = gains.cls * classes.sum(-1) / divisor
    of_anchor[image, anchor, 2] = gains.dfl * distance * weight / divisor

    owner = target_gt_idx[image, anchor]
    of_positive = of_anchor[image, anchor]  # (n, 3)
    of_gt = of_anchor.new_zeros(b * m, 3).index_add(0, image * m + owner, of_positive)
    of_label = of_anchor.new_zeros(c, 3).index_add(0, gt_labels[image, owner, 0], of_positive)
    of_label[:, 1] = gains.cls * classes.sum((0, 1)) / divisor
    cells = torch.tensor([level.anchors for level in grid.levels], device=weight.device)
    level = torch.arange(len(cells), device=weight.device).repeat_interleave(cells)  # (a,)
    of_level = of_anchor.new_zeros(len(cells), 3).index_add(0, level, of_anchor.sum(0))

    def dense(values: Tensor) -> Tensor:
        return values.new_zeros(b, a, *values.shape[1:]).index_put((image, anchor), values).to(dtype)

    return kind(
        target_distances=dense(sides),
        box_loss=dense(box),
        distance_loss=dense(distance),
        class_loss=classes.to(dtype),
        loss_weight=dense(weight),
        divisor=divisor.view(1).to(dtype),
        anchor_loss=of_anchor.to(dtype),
        gt_loss=of_gt.view(b, m, 3).to(dtype),
        level_loss=of_level.to(dtype),
        image_loss=of_anchor.sum(1).to(dtype),
        label_loss=of_label.to(dtype),
        loss_items=of_anchor.sum((0, 1)).to(dtype),
    )


loss_without_distances = partial(loss, kind=LossWithoutDistances)
loss_as_one_number = partial(loss, kind=LossAsOneNumber)
loss_undivided = partial(loss, kind=LossUndivided)


def _of_bins(bins: Tensor, at: Tensor) -> Tensor:
    """Cross-entropy of distributions (..., R) with the two bins around ``at`` (...), each as near as it is."""
    log_p = bins.log_softmax(-1)
    low = at.floor()
    share = at - low
    index = low.nan_to_num(0).long().unsqueeze(-1)
    return -(1 - share) * log_p.gather(-1, index).squeeze(-1) - share * log_p.gather(-1, index + 1).squeeze(-1)


def _cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    """Of logits with targets 0..1, element by element."""
    return x.clamp(min=0) - x * target + x.abs().neg().exp().log1p()

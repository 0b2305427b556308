"""The textbook form of the default assigner: every tensor is dense over (image, gt, anchor).

This is how the algorithm is usually written: no candidate pairs, masks multiplied in, one large tensor per
step. It stands here as the other side of the benchmark and is written for clarity, with the same arithmetic
as the package, so that both must give the same result.
"""

from __future__ import annotations

import torch
from torch import Tensor

from yolo_assign_trace.boxes import box_ciou


def dense_assign(
    pd_scores: Tensor,  # (b, a, c)
    pd_bboxes: Tensor,  # (b, a, 4) px
    anc_points: Tensor,  # (a, 2) px
    gt_labels: Tensor,  # (b, m, 1)
    gt_bboxes: Tensor,  # (b, m, 4) px
    mask_gt: Tensor,  # (b, m, 1)
    topk: int = 10,
    alpha: float = 0.5,
    beta: float = 6.0,
) -> dict[str, Tensor]:
    b, m, _ = gt_bboxes.shape
    a, c = pd_scores.shape[1:]

    # screen
    corner_lt, corner_rb = gt_bboxes[:, :, None, :2], gt_bboxes[:, :, None, 2:]  # (b, m, 1, 2)
    deltas = torch.cat([anc_points - corner_lt, corner_rb - anc_points], dim=-1)  # (b, m, a, 4)
    mask_in_gts = (deltas.amin(-1) > 1e-9) & mask_gt  # (b, m, a)

    # align
    image = torch.arange(b)[:, None].expand(b, m)
    class_scores = pd_scores[image, :, gt_labels[..., 0]] * mask_in_gts  # (b, m, a)
    gt = gt_bboxes[:, :, None].expand(b, m, a, 4)
    predicted = pd_bboxes[:, None].expand(b, m, a, 4)
    overlaps = box_ciou(gt, predicted).clamp(min=0) * mask_in_gts
    align_metric = class_scores.pow(alpha) * overlaps.pow(beta)

    # topk
    chosen = align_metric.topk(topk, dim=-1).indices
    mask_topk = torch.zeros_like(mask_in_gts).scatter_(-1, chosen, True)
    mask_pos = mask_topk & mask_in_gts

    # resolve
    claims = mask_pos.sum(1)  # (b, a)
    strongest = torch.nn.functional.one_hot(overlaps.argmax(1), m).transpose(1, 2).bool()  # (b, m, a)
    mask_pos = torch.where((claims > 1)[:, None], strongest, mask_pos)
    fg_mask = mask_pos.any(1)
    target_gt_idx = mask_pos.to(torch.uint8).argmax(1)

    # targets
    rows = torch.arange(b)[:, None]
    target_labels = gt_labels[rows, target_gt_idx, 0]
    target_bboxes = gt_bboxes[rows, target_gt_idx]
    one_hot = torch.nn.functional.one_hot(target_labels, c) * fg_mask[..., None]

    # normalize
    metric = align_metric * mask_pos
    best_metric = metric.amax(-1, keepdim=True)
    best_overlap = (overlaps * mask_pos).amax(-1, keepdim=True)
    norm_align_metric = (metric * best_overlap / (best_metric + 1e-9)).amax(1)
    return {
        "target_labels": target_labels,
        "target_bboxes": target_bboxes,
        "target_scores": one_hot * norm_align_metric[..., None],
        "fg_mask": fg_mask,
        "target_gt_idx": target_gt_idx,
    }

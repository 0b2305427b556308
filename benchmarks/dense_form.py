"""The textbook form of the assigner, in all its generations: every tensor is dense over (image, gt, anchor).

This is how the algorithm is usually written: no candidate pairs, masks multiplied in, one tensor of b·m·a numbers
per step. It is the other side of the benchmark, so it is as lean as that form allows: coordinates are broadcast and
never expanded to (b, m, a, 4), everything stays float32, and masks are multiplied in place. It shares no code with
the package, and both must give the same result.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

EPS = 1e-7


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
    generation: str = "8.0.52",
    strides: tuple[int, ...] = (8, 16, 32),
) -> dict[str, Tensor]:
    images = torch.arange(len(gt_bboxes))[:, None]  # (b, 1)
    unmasked = generation == "8.0.0"  # conflicts see the overlaps of boxes that do not contain the anchor
    screened = gt_bboxes
    if generation in ("8.4.0", "8.4.128", "8.4.144"):
        screened = enlarge(gt_bboxes, strides[0] if generation == "8.4.0" else strides[1], strides[1])

    # screen
    x, y = anc_points.unbind(-1)  # (a,)
    x1, y1, x2, y2 = screened[:, :, None].unbind(-1)  # (b, m, 1)
    mask_in_gts = (x - x1 > 1e-9) & (x2 - x > 1e-9)  # (b, m, a), and so are all below unless said otherwise
    mask_in_gts &= (y - y1 > 1e-9) & (y2 - y > 1e-9)
    mask_in_gts &= mask_gt

    # align
    overlaps = dense_ciou(gt_bboxes, pd_bboxes, reordered=generation == "8.4.144").clamp_(min=0)
    class_scores = pd_scores.transpose(1, 2)[images, gt_labels[..., 0]]
    if not unmasked:
        overlaps.mul_(mask_in_gts)
        class_scores.mul_(mask_in_gts)
    align_metric = class_scores.pow_(alpha).mul_(overlaps.pow(beta))

    # topk
    masked_metric = align_metric * mask_in_gts if unmasked else align_metric
    chosen = masked_metric.topk(topk, dim=-1).indices  # (b, m, topk)
    del masked_metric
    mask_pos = torch.zeros_like(mask_in_gts).scatter_(-1, chosen, True).logical_and_(mask_in_gts)

    # resolve
    contested = mask_pos.sum(1, keepdim=True) > 1  # (b, 1, a)
    strongest = torch.zeros_like(mask_pos).scatter_(1, overlaps.argmax(1, keepdim=True), True)
    mask_pos = torch.where(contested, strongest, mask_pos)
    fg_mask = mask_pos.any(1)  # (b, a)
    target_gt_idx = mask_pos.to(torch.uint8).argmax(1)  # (b, a)

    # targets
    target_labels = gt_labels[images, target_gt_idx, 0]  # (b, a)
    target_scores = torch.zeros_like(pd_scores).scatter_(2, target_labels[..., None], 1)  # (b, a, c)

    # normalize
    align_metric.mul_(mask_pos)
    best_metric = align_metric.amax(-1, keepdim=True)  # (b, m, 1)
    best_overlap = overlaps.mul_(mask_pos).amax(-1, keepdim=True)  # (b, m, 1)
    norm_align_metric = align_metric.mul_(best_overlap).div_(best_metric + 1e-9).amax(1)  # (b, a)
    return {
        "target_labels": target_labels,
        "target_bboxes": gt_bboxes[images, target_gt_idx],
        "target_scores": target_scores.mul_((norm_align_metric * fg_mask)[..., None]),
        "fg_mask": fg_mask,
        "target_gt_idx": target_gt_idx,
    }


def enlarge(boxes: Tensor, shorter_than: int, becomes: int) -> Tensor:
    """Boxes (b, m, 4) with short sides set to ``becomes`` px around the same centre."""
    centre, size = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    half = torch.where(size < shorter_than, float(becomes), size) / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def dense_ciou(gt: Tensor, predicted: Tensor, *, reordered: bool = False) -> Tensor:
    """CIoU of every gt (b, m, 4) with every predicted box (b, a, 4) of its image, in (b, m, a)."""
    x1, y1, x2, y2 = gt[:, :, None].unbind(-1)  # (b, m, 1)
    p1, q1, p2, q2 = predicted[:, None].unbind(-1)  # (b, 1, a)
    w_gt, h_gt = x2 - x1, y2 - y1 + EPS
    w_pred, h_pred = p2 - p1, q2 - q1 + EPS

    inter = x2.minimum(p2).sub_(x1.maximum(p1)).clamp_(min=0)  # (b, m, a), and so are all below
    inter.mul_(y2.minimum(q2).sub_(y1.maximum(q1)).clamp_(min=0))
    union = (w_gt * h_gt + w_pred * h_pred).sub_(inter).add_(EPS)
    iou = inter.div_(union)
    del union

    diagonal = x2.maximum(p2).sub_(x1.minimum(p1)).square_()
    diagonal.add_(y2.maximum(q2).sub_(y1.minimum(q1)).square_()).add_(EPS)
    centres = (p1 + p2 - x1).sub_(x2).square_().add_((q1 + q2 - y1).sub_(y2).square_()).div_(4)
    centres.div_(diagonal)
    del diagonal

    v = (torch.atan(w_pred / h_pred) - torch.atan(w_gt / h_gt)).square_().mul_(4 / math.pi**2)
    a = v / ((1 - iou).add_(v).add_(EPS) if reordered else (v - iou).add_(1 + EPS))
    return iou.sub_(centres.add_(v.mul_(a)))

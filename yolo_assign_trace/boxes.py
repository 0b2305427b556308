"""Box forms and overlaps, nothing else. Boxes are (..., 4) tensors; every function keeps the dtype."""

from __future__ import annotations

import math

import torch
from torch import Tensor

EPS = 1e-7


def box_xywh_to_xyxy(boxes: Tensor) -> Tensor:
    """Centre, width, height to the corners x1, y1, x2, y2; any unit.

    >>> box_xywh_to_xyxy(torch.tensor([5.0, 5.0, 4.0, 2.0]))
    tensor([3., 4., 7., 6.])
    """
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def box_ltrb_to_xyxy(distances: Tensor, points: Tensor) -> Tensor:
    """Distances from ``points`` (..., 2) to the left, top, right and bottom side, to corners; same unit."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], dim=-1)


def box_ciou(gt: Tensor, predicted: Tensor) -> Tensor:
    """Complete IoU of matching boxes, in (-1.5, 1]; gt and predicted (pair, xyxy) -> (pair,).

    IoU, less the squared distance of the centres in units of the enclosing box's diagonal, less a
    penalty for a different aspect ratio (arXiv 1911.08287). EPS stands where the training code of
    every release has it: in both heights (not the widths), the union, the squared diagonal.
    """
    x1, y1, x2, y2 = gt.unbind(-1)
    p1, q1, p2, q2 = predicted.unbind(-1)
    w_gt, h_gt = x2 - x1, y2 - y1 + EPS
    w_pred, h_pred = p2 - p1, q2 - q1 + EPS

    inter = (x2.minimum(p2) - x1.maximum(p1)).clamp(min=0) * (y2.minimum(q2) - y1.maximum(q1)).clamp(min=0)
    iou = inter / (w_gt * h_gt + w_pred * h_pred - inter + EPS)

    diagonal = (x2.maximum(p2) - x1.minimum(p1)) ** 2 + (y2.maximum(q2) - y1.minimum(q1)) ** 2 + EPS
    centres = ((p1 + p2 - x1 - x2) ** 2 + (q1 + q2 - y1 - y2) ** 2) / 4
    v = (4 / math.pi**2) * (_atan(w_pred / h_pred) - _atan(w_gt / h_gt)) ** 2
    a = v / (v - iou + (1 + EPS))
    return iou - (centres / diagonal + v * a)


def _atan(x: Tensor) -> Tensor:
    # In float64, rounded once: torch's float32 kernels differ by an ulp between processors, and CIoU
    # subtracts nearly equal numbers, so that ulp can decide a near tie.
    return torch.atan(x.double()).to(x.dtype)

"""Box forms and overlaps, nothing else. Boxes are (..., 4) tensors; every function keeps the dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

EPS = 1e-7
REORDERED = "ciou of 8.4.144"


def box_xywh_to_xyxy(boxes: Tensor) -> Tensor:
    """Centre, width, height to the corners x1, y1, x2, y2; any unit.

    >>> box_xywh_to_xyxy(torch.tensor([5.0, 5.0, 4.0, 2.0]))
    tensor([3., 4., 7., 6.])
    """
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def box_xyxy_to_xywh(boxes: Tensor) -> Tensor:
    """Corners to centre, width, height; any unit."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], dim=-1)


def box_ltrb_to_xyxy(distances: Tensor, points: Tensor) -> Tensor:
    """Distances from ``points`` (..., 2) to the left, top, right and bottom side, to corners; same unit."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], dim=-1)


def box_iou(gt: Tensor, predicted: Tensor) -> Tensor:
    """Intersection over union, in [0, 1]; gt and predicted (..., xyxy), which broadcast, -> (...)."""
    return _Overlap(gt, predicted).iou


def box_giou(gt: Tensor, predicted: Tensor) -> Tensor:
    """IoU less the part of the enclosing box that neither covers, in (-1, 1]; arXiv 1902.09630."""
    pair = _Overlap(gt, predicted)
    hull = pair.hull_w * pair.hull_h + EPS
    return pair.iou - (hull - pair.union) / hull


def box_diou(gt: Tensor, predicted: Tensor) -> Tensor:
    """IoU less the squared distance of the centres over the enclosing box's squared diagonal; arXiv 1911.08287."""
    pair = _Overlap(gt, predicted)
    return pair.iou - pair.centre_distance


def box_ciou(gt: Tensor, predicted: Tensor) -> Tensor:
    """DIoU less a penalty for a different aspect ratio, in (-1.5, 1]; arXiv 1911.08287."""
    pair = _Overlap(gt, predicted)
    v = pair.aspect_difference
    a = v / (v - pair.iou + (1 + EPS))
    return pair.iou - (pair.centre_distance + v * a)


def box_ciou_reordered(gt: Tensor, predicted: Tensor) -> Tensor:
    """CIoU with the weight of the aspect ratio summed in another order, as releases from 8.4.144 on have it.

    At most 6e-8 from :func:`box_ciou`, so only near ties move.
    """
    pair = _Overlap(gt, predicted)
    v = pair.aspect_difference
    a = v / (1 - pair.iou + v + EPS)
    return pair.iou - (pair.centre_distance + v * a)


class _Overlap:
    """What the overlaps of two boxes are made of.

    EPS stands where the training code of every release has it: in both heights (not the widths), the union and
    the squared diagonal.
    """

    def __init__(self, gt: Tensor, predicted: Tensor) -> None:
        x1, y1, x2, y2 = gt.unbind(-1)
        p1, q1, p2, q2 = predicted.unbind(-1)
        self.w_gt, self.h_gt = x2 - x1, y2 - y1 + EPS
        self.w_pred, self.h_pred = p2 - p1, q2 - q1 + EPS
        inter = (x2.minimum(p2) - x1.maximum(p1)).clamp(min=0) * (y2.minimum(q2) - y1.maximum(q1)).clamp(min=0)
        self.union = self.w_gt * self.h_gt + self.w_pred * self.h_pred - inter + EPS
        self.iou = inter / self.union
        self.hull_w, self.hull_h = x2.maximum(p2) - x1.minimum(p1), y2.maximum(q2) - y1.minimum(q1)
        self.offset = ((p1 + p2 - x1 - x2) ** 2 + (q1 + q2 - y1 - y2) ** 2) / 4

    @property
    def centre_distance(self) -> Tensor:
        return self.offset / (self.hull_w**2 + self.hull_h**2 + EPS)

    @property
    def aspect_difference(self) -> Tensor:
        angle = _atan(self.w_pred / self.h_pred) - _atan(self.w_gt / self.h_gt)
        return (4 / math.pi**2) * angle**2


def _atan(x: Tensor) -> Tensor:
    # In float64, rounded once: torch's float32 kernels differ by an ulp between processors, and CIoU
    # subtracts nearly equal numbers, so that ulp can decide a near tie.
    return torch.atan(x.double()).to(x.dtype)


OVERLAPS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "iou": box_iou,
    "giou": box_giou,
    "diou": box_diou,
    "ciou": box_ciou,
}
"""Overlaps by the name of the parameter ``overlap``."""


def overlap_called(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """One of :data:`OVERLAPS`, or the form of CIoU that newer releases have in its place."""
    return box_ciou_reordered if name == REORDERED else OVERLAPS[name]

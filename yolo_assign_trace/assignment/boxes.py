"""Box forms and overlaps, nothing else. Boxes are (..., 4) tensors; every function keeps the dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from .arithmetic import PORTABLE, Arithmetic

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


def box_iou(gt: Tensor, predicted: Tensor, arithmetic: Arithmetic = PORTABLE) -> Tensor:
    """Intersection over union, in [0, 1]; gt and predicted (..., xyxy), which broadcast, -> (...)."""
    return _Overlap(gt, predicted).iou


def box_giou(gt: Tensor, predicted: Tensor, arithmetic: Arithmetic = PORTABLE) -> Tensor:
    """IoU less the part of the enclosing box that neither covers, in (-1, 1]; arXiv 1902.09630."""
    pair = _Overlap(gt, predicted)
    hull = pair.x.hull * pair.y.hull + EPS
    return pair.iou - (hull - pair.union) / hull


def box_diou(gt: Tensor, predicted: Tensor, arithmetic: Arithmetic = PORTABLE) -> Tensor:
    """IoU less the squared distance of the centres over the enclosing box's squared diagonal; arXiv 1911.08287."""
    pair = _Overlap(gt, predicted)
    return pair.iou - pair.centre_distance


def box_ciou(gt: Tensor, predicted: Tensor, arithmetic: Arithmetic = PORTABLE) -> Tensor:
    """DIoU less a penalty for a different aspect ratio, in (-1.5, 1]; arXiv 1911.08287."""
    pair = _Overlap(gt, predicted)
    v = pair.aspect_difference(arithmetic)
    a = v / (v - pair.iou).add_(1 + EPS)
    return pair.iou - v.mul_(a).add_(pair.centre_distance)


def box_ciou_reordered(gt: Tensor, predicted: Tensor, arithmetic: Arithmetic = PORTABLE) -> Tensor:
    """CIoU with the weight of the aspect ratio summed in another order, as releases from 8.4.144 on have it.

    At most 6e-8 from :func:`box_ciou`, so only near ties move.
    """
    pair = _Overlap(gt, predicted)
    v = pair.aspect_difference(arithmetic)
    a = v / (1 - pair.iou).add_(v).add_(EPS)
    return pair.iou - v.mul_(a).add_(pair.centre_distance)


class _Axis:
    """What the overlaps of two boxes are made of along one axis, from low and high ends that broadcast.

    Sums are added to in place where they are new: half of the time of an overlap goes into fresh memory.
    """

    def __init__(self, low: Tensor, high: Tensor, p_low: Tensor, p_high: Tensor, eps: float) -> None:
        self.gt, self.predicted = high - low, p_high - p_low
        if eps:
            self.gt, self.predicted = self.gt.add_(eps), self.predicted.add_(eps)
        self.inter = high.minimum(p_high).sub_(low.maximum(p_low)).clamp_(min=0)
        self.hull = high.maximum(p_high).sub_(low.minimum(p_low))
        self.offset = (p_low + p_high - low).sub_(high)  # twice the distance of the centres


class _Overlap:
    """What the overlaps of two boxes are made of.

    EPS stands where the training code of every release has it: in both heights (not the widths), the union and
    the squared diagonal.
    """

    def __init__(self, gt: Tensor, predicted: Tensor) -> None:
        x1, y1, x2, y2 = gt.unbind(-1)
        p1, q1, p2, q2 = predicted.unbind(-1)
        self.x, self.y = _Axis(x1, x2, p1, p2, 0), _Axis(y1, y2, q1, q2, EPS)
        inter = self.x.inter.mul_(self.y.inter)
        self.union = (self.x.gt * self.y.gt + self.x.predicted * self.y.predicted - inter).add_(EPS)
        self.iou = inter / self.union

    @property
    def centre_distance(self) -> Tensor:
        diagonal = (self.x.hull**2).add_(self.y.hull**2).add_(EPS)
        return (self.x.offset**2).add_(self.y.offset**2).div_(4).div_(diagonal)

    def aspect_difference(self, arithmetic: Arithmetic) -> Tensor:
        angle = arithmetic.atan(self.x.predicted / self.y.predicted) - arithmetic.atan(self.x.gt / self.y.gt)
        return angle.square_().mul_(4 / math.pi**2)


OVERLAPS: Mapping[str, Callable[[Tensor, Tensor, Arithmetic], Tensor]] = {
    "iou": box_iou,
    "giou": box_giou,
    "diou": box_diou,
    "ciou": box_ciou,
}
"""Overlaps by the name of the parameter ``overlap``."""


def overlap_called(name: str) -> Callable[[Tensor, Tensor, Arithmetic], Tensor]:
    """One of :data:`OVERLAPS`, or the form of CIoU that newer releases have in its place."""
    return box_ciou_reordered if name == REORDERED else OVERLAPS[name]

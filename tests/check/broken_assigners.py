"""Assigners as other people write them: a dense one in the field's usual form, and what goes wrong with such.

Each subclass of :class:`Dense` differs from it in one way, which its name says. Nothing here is from the package.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Dense(nn.Module):
    """The assignment as releases 8.0.52 - 8.3.253 have it, on whole (image, gt, anchor) tensors."""

    inside_eps, norm_eps, ciou_eps = 1e-9, 1e-9, 1e-7

    def __init__(self, topk: int = 10, num_classes: int = 4, alpha: float = 0.5, beta: float = 6.0) -> None:
        super().__init__()
        self.topk, self.num_classes, self.alpha, self.beta = topk, num_classes, alpha, beta

    def forward(
        self,
        pd_scores: Tensor,  # (b, a, c)
        pd_bboxes: Tensor,  # (b, a, 4)
        anc_points: Tensor,  # (a, 2)
        gt_labels: Tensor,  # (b, m, 1)
        gt_bboxes: Tensor,  # (b, m, 4)
        mask_gt: Tensor,  # (b, m, 1)
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        b, a, c = pd_scores.shape
        if gt_bboxes.shape[1] == 0:
            index = torch.zeros(b, a, dtype=torch.long)
            return index + c, torch.zeros(b, a, 4), torch.zeros(b, a, c), index.bool(), index
        candidates = self.inside(anc_points, gt_bboxes) & self.valid(mask_gt)  # (b, m, a)
        overlaps = self.overlap(gt_bboxes.unsqueeze(2), pd_bboxes.unsqueeze(1)) * candidates
        of_class = gt_labels.expand(-1, -1, a)  # (b, m, a)
        metric = self.metric(pd_scores.transpose(1, 2).gather(1, of_class), overlaps) * candidates
        selected = self.drop_outside(self.select(metric), candidates)
        positive, fg_mask = self.resolve(selected, overlaps)
        return self.targets(positive, fg_mask, metric, overlaps, gt_labels.squeeze(-1), gt_bboxes, c)

    def inside(self, points: Tensor, gt_bboxes: Tensor) -> Tensor:
        low, high = gt_bboxes.unsqueeze(2).split(2, dim=-1)  # (b, m, 1, 2)
        return torch.cat([points - low, high - points], dim=-1).amin(-1) > self.inside_eps

    def valid(self, mask_gt: Tensor) -> Tensor:
        return mask_gt.bool()

    def overlap(self, gt: Tensor, predicted: Tensor) -> Tensor:
        return self.ciou(gt, predicted).clamp(min=0)

    def ciou(self, gt: Tensor, predicted: Tensor) -> Tensor:
        eps = self.ciou_eps
        (x1, y1, x2, y2), (p1, q1, p2, q2) = gt.unbind(-1), predicted.unbind(-1)
        w1, h1, w2, h2 = x2 - x1, y2 - y1 + eps, p2 - p1, q2 - q1 + eps
        inter = (x2.minimum(p2) - x1.maximum(p1)).clamp(min=0) * (y2.minimum(q2) - y1.maximum(q1)).clamp(min=0)
        iou = inter / (w1 * h1 + w2 * h2 - inter + eps)
        diagonal = (x2.maximum(p2) - x1.minimum(p1)) ** 2 + (y2.maximum(q2) - y1.minimum(q1)) ** 2 + eps
        distance = ((p1 + p2 - x1 - x2) ** 2 + (q1 + q2 - y1 - y2) ** 2) / 4
        v = 4 / math.pi**2 * (torch.atan(w2 / h2) - torch.atan(w1 / h1)) ** 2
        return iou - distance / diagonal - v * (v / (v - iou + (1 + eps)))

    def metric(self, scores: Tensor, overlaps: Tensor) -> Tensor:
        return scores.pow(self.alpha) * overlaps.pow(self.beta)

    def select(self, metric: Tensor) -> Tensor:
        picks = metric.topk(self.topk, dim=-1).indices
        return torch.zeros_like(metric, dtype=torch.bool).scatter_(-1, picks, True)

    def drop_outside(self, selected: Tensor, candidates: Tensor) -> Tensor:
        return selected & candidates

    def resolve(self, selected: Tensor, overlaps: Tensor) -> tuple[Tensor, Tensor]:
        """(b, m, a) who owns which anchor, and (b, a) who is owned."""
        claims = selected.sum(1)
        winner = nn.functional.one_hot(self.winner(selected, overlaps), selected.shape[1]).bool().transpose(1, 2)
        positive = torch.where((claims > 1).unsqueeze(1), winner, selected)
        return positive, positive.any(1)

    def winner(self, selected: Tensor, overlaps: Tensor) -> Tensor:
        return overlaps.argmax(1)  # (b, a)

    def targets(
        self,
        positive: Tensor,
        fg_mask: Tensor,
        metric: Tensor,
        overlaps: Tensor,
        gt_labels: Tensor,
        gt_bboxes: Tensor,
        c: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        gt_idx = positive.int().argmax(1)  # (b, a)
        labels = gt_labels.gather(1, gt_idx)
        boxes = gt_bboxes.gather(1, gt_idx.unsqueeze(-1).expand(-1, -1, 4))
        metric, overlaps = metric * positive, overlaps * positive
        best_metric, best_overlap = metric.amax(-1, keepdim=True), overlaps.amax(-1, keepdim=True)
        norm = (metric * best_overlap / (best_metric + self.norm_eps)).amax(1)  # (b, a)
        one_hot = nn.functional.one_hot(labels, c) * fg_mask.unsqueeze(-1)
        return labels, boxes, one_hot * norm.unsqueeze(-1), fg_mask, gt_idx


# --- right, but for the order of equal values ------------------------------------------------------------------------


class TiesToTheFirst(Dense):
    def select(self, metric: Tensor) -> Tensor:
        picks = metric.argsort(dim=-1, descending=True, stable=True)[..., : self.topk]
        return torch.zeros_like(metric, dtype=torch.bool).scatter_(-1, picks, True)


class TiesToTheLast(Dense):
    def select(self, metric: Tensor) -> Tensor:
        picks = metric.shape[-1] - 1 - metric.flip(-1).argsort(dim=-1, descending=True, stable=True)[..., : self.topk]
        return torch.zeros_like(metric, dtype=torch.bool).scatter_(-1, picks, True)


class NeverPicksZero(Dense):
    def select(self, metric: Tensor) -> Tensor:
        return super().select(metric) & (metric > 0)


# --- broken in one way each ------------------------------------------------------------------------------------------


class UnclampedCIoU(Dense):
    def overlap(self, gt: Tensor, predicted: Tensor) -> Tensor:
        return self.ciou(gt, predicted)


class InsideMaskForgotten(Dense):
    def drop_outside(self, selected: Tensor, candidates: Tensor) -> Tensor:
        return selected


class ConflictsToTheFirst(Dense):
    def winner(self, selected: Tensor, overlaps: Tensor) -> Tensor:
        return selected.int().argmax(1)


class ConflictsAmongSelectors(Dense):
    def winner(self, selected: Tensor, overlaps: Tensor) -> Tensor:
        return (overlaps * selected).argmax(1)


class ConflictsByMetric(Dense):
    def metric(self, scores: Tensor, overlaps: Tensor) -> Tensor:
        self.last_metric = super().metric(scores, overlaps)
        return self.last_metric

    def winner(self, selected: Tensor, overlaps: Tensor) -> Tensor:
        return self.last_metric.argmax(1)


class InsideEpsOfAnotherPlace(Dense):
    inside_eps = 1e-5


class EdgesAreInside(Dense):
    inside_eps = -1e-9


class NormalizedWithTheBoxEps(Dense):
    norm_eps = 1e-7


class NormalizedWithoutEps(Dense):
    norm_eps = 1e-16


class CIoUWithTheInsideEps(Dense):
    ciou_eps = 1e-9


class CIoUWithALargeEps(Dense):
    ciou_eps = 1e-5


class IoUForCIoU(Dense):
    def ciou(self, gt: Tensor, predicted: Tensor) -> Tensor:
        (x1, y1, x2, y2), (p1, q1, p2, q2) = gt.unbind(-1), predicted.unbind(-1)
        inter = (x2.minimum(p2) - x1.maximum(p1)).clamp(min=0) * (y2.minimum(q2) - y1.maximum(q1)).clamp(min=0)
        return inter / ((x2 - x1) * (y2 - y1) + (p2 - p1) * (q2 - q1) - inter + self.ciou_eps)


class ScoresCutToIntegers(Dense):
    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        labels, boxes, scores, fg_mask, gt_idx = super().forward(*given)
        return labels, boxes, scores.long(), fg_mask, gt_idx


class HardScores(Dense):
    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        labels, boxes, scores, fg_mask, gt_idx = super().forward(*given)
        return labels, boxes, (scores > 0).float(), fg_mask, gt_idx


class IndexOffByOne(Dense):
    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        labels, boxes, scores, fg_mask, gt_idx = super().forward(*given)
        return labels, boxes, scores, fg_mask, gt_idx + fg_mask


class LabelsOfTheNextAnchor(Dense):
    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        labels, boxes, scores, fg_mask, gt_idx = super().forward(*given)
        return labels.roll(1, dims=1), boxes, scores, fg_mask, gt_idx


class BoxesInCentreForm(Dense):
    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        labels, boxes, scores, fg_mask, gt_idx = super().forward(*given)
        low, high = boxes.split(2, dim=-1)
        return labels, torch.cat([(low + high) / 2, high - low], dim=-1), scores, fg_mask, gt_idx


class BackgroundIsPositive(Dense):
    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        labels, boxes, scores, fg_mask, gt_idx = super().forward(*given)
        return labels, boxes, scores, torch.ones_like(fg_mask), gt_idx


class PaddingNotMasked(Dense):
    def valid(self, mask_gt: Tensor) -> Tensor:
        return torch.ones_like(mask_gt, dtype=torch.bool)


class OneTooFew(Dense):
    def select(self, metric: Tensor) -> Tensor:
        picks = metric.topk(self.topk - 1, dim=-1).indices
        return torch.zeros_like(metric, dtype=torch.bool).scatter_(-1, picks, True)


class PointsAtTheCorner(Dense):
    def inside(self, points: Tensor, gt_bboxes: Tensor) -> Tensor:
        return super().inside(points - points.min(), gt_bboxes)


class ExponentsExchanged(Dense):
    def metric(self, scores: Tensor, overlaps: Tensor) -> Tensor:
        return scores.pow(self.beta) * overlaps.pow(self.alpha)


class NormalizedBeforeConflicts(Dense):
    def resolve(self, selected: Tensor, overlaps: Tensor) -> tuple[Tensor, Tensor]:
        self.selected = selected
        return super().resolve(selected, overlaps)

    def targets(self, positive: Tensor, fg_mask: Tensor, metric: Tensor, overlaps: Tensor, *rest: object) -> tuple:
        labels, boxes, _, fg_mask, gt_idx = super().targets(positive, fg_mask, metric, overlaps, *rest)
        best_metric = (metric * self.selected).amax(-1, keepdim=True)
        best_overlap = (overlaps * self.selected).amax(-1, keepdim=True)
        norm = (metric * positive * best_overlap / (best_metric + self.norm_eps)).amax(1)
        one_hot = nn.functional.one_hot(labels, self.num_classes) * fg_mask.unsqueeze(-1)
        return labels, boxes, one_hot * norm.unsqueeze(-1), fg_mask, gt_idx

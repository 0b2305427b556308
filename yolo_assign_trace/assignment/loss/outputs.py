"""What the stage ``loss`` puts out, declared as in :mod:`..outputs`; what sets the releases apart. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..outputs import StageResult, tensor

if TYPE_CHECKING:
    from torch import Tensor

MARGIN = 0.01
"""Cells by which targets stay below the last bin, reg_max - 1."""

_WEIGHED = (
    "box_loss = 1 - CIoU(predicted, target box)     loss_weight = sum of the anchor's target_scores",
    "class_loss = max(x, 0) - x·t + log(1 + exp(-|x|))     x = pred_scores, t = target_scores",
)
_BINS = (
    "distance_loss = mean over sides of -(1-f)·log p[i] - f·log p[i+1]     p = softmax(bins)     "
    "i + f = target_distances within 0 .. {reg_max} - 1.01"
)
_SHARES = (
    "anchor_loss = ({gains.box:g}·box_loss·loss_weight, {gains.cls:g}·sum of class_loss, "
    "{gains.dfl:g}·distance_loss·loss_weight) / divisor"
)
_DIVISOR = "divisor = max(sum of target_scores, 1)"


@dataclass(frozen=True)
class Loss(StageResult):
    """From 8.4.0 on."""

    stage = "loss"
    title = "what the assignment costs: the loss of every anchor, box, level, image and class"
    says = (
        "A positive pays for a predicted box that overlaps its target too little and for distributions of its sides "
        "that lie elsewhere, both weighted with its target score. Every anchor, background too, pays for class scores "
        "that are not its target scores. Divided by the sum of all target scores and weighted with the gains, the "
        "three sums are what training prints as box, cls and dfl."
    )
    formula: ClassVar[tuple[str, ...]] = (
        *_WEIGHED,
        _BINS,
        "with R = 1: distance_loss = mean over sides of |predicted - target distance|·stride / side of the input",
        _DIVISOR,
        _SHARES,
        "loss_items = sum of anchor_loss     training minimises loss_items·images, a vector of three",
    )

    since: ClassVar[str] = "8.4.0"
    least_divisor: ClassVar[float] = 1.0
    compares_distances: ClassVar[bool] = True
    """With R = 1, do distances cost?"""
    as_one_number: ClassVar[bool] = False
    """Is the sum of the three returned, not each of them?"""

    target_distances: Tensor = tensor(
        "image anchor side", "grid", "from a positive to the sides of its box, not clamped"
    )
    box_loss: Tensor = tensor("image anchor", "loss", "1 - CIoU of predicted box and target; 0 for background")
    distance_loss: Tensor = tensor("image anchor", "loss", "of the distances to the sides; 0 for background")
    class_loss: Tensor = tensor("image anchor class", "loss", "cross-entropy of score and target score")
    loss_weight: Tensor = tensor("image anchor", "score", "sum of the anchor's target scores; 0 for background")
    divisor: Tensor = tensor("one", "score", "what all sums are divided by")
    anchor_loss: Tensor = tensor("image anchor term", "loss", "the anchor's part of the loss items")
    gt_loss: Tensor = tensor("image gt term", "loss", "sum over the positives of the box")
    level_loss: Tensor = tensor("level term", "loss", "sum over the anchors of the level")
    image_loss: Tensor = tensor("image term", "loss", "sum over the anchors of the image")
    label_loss: Tensor = tensor("class term", "loss", "box and dfl of the class's boxes, cls of its score everywhere")
    loss_items: Tensor = tensor("term", "loss", "what training prints: box, cls, dfl")

    @classmethod
    def returned(cls, loss_items: Any, images: int) -> Any:
        """What training minimises, of a tensor or array (3,): the items times the images, or the sum of that."""
        return (loss_items * images).sum() if cls.as_one_number else loss_items * images


@dataclass(frozen=True)
class LossWithoutDistances(Loss):
    differs = "with R = 1 distances cost nothing"
    since = "8.3.99"
    compares_distances = False
    formula: ClassVar[tuple[str, ...]] = (
        *_WEIGHED,
        _BINS,
        "with R = 1: distance_loss = 0",
        _DIVISOR,
        _SHARES,
        "loss_items = sum of anchor_loss     training minimises loss_items·images, a vector of three",
    )


@dataclass(frozen=True)
class LossAsOneNumber(LossWithoutDistances):
    differs = "the loss is one number, not a vector of three"
    since = "8.0.11"
    as_one_number = True
    formula: ClassVar[tuple[str, ...]] = (
        *LossWithoutDistances.formula[:-1],
        "loss_items = sum of anchor_loss     training minimises their sum·images, one number",
    )


@dataclass(frozen=True)
class LossUndivided(LossAsOneNumber):
    differs = "the divisor may lie below 1, and is 0 where nothing is positive"
    since = "8.0.0"
    least_divisor = 0.0
    formula: ClassVar[tuple[str, ...]] = (
        *LossAsOneNumber.formula[:3],
        "divisor = sum of target_scores",
        *LossAsOneNumber.formula[4:],
    )


LOSSES: Mapping[str, type[Loss]] = {
    loss.since: loss for loss in (LossUndivided, LossAsOneNumber, LossWithoutDistances, Loss)
}
"""By the release that each appeared with, oldest first."""

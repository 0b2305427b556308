"""What is found about a loss: boxes by what they cost, and sums; of several batches, joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from ...basics.arrays import Array
from ...run.record import BoxLine
from ..sentences import Sentence


@dataclass(frozen=True)
class Terms:
    """A part of the loss items, or all of it; ``name`` says of what."""

    name: str
    box: float
    cls: float
    dfl: float

    @classmethod
    def of(cls, name: str, values: Array) -> Terms:
        """From an array (term,)."""
        return cls(name, *values.tolist())

    @property
    def total(self) -> float:
        return self.box + self.cls + self.dfl


@dataclass(frozen=True)
class BoxCost:
    """What the positives of one box cost. ``share`` is of all that its batch costs, None if that is 0 or not finite."""

    line: BoxLine
    label_name: str
    terms: Terms
    share: float | None
    why: Sentence


@dataclass(frozen=True)
class PositiveCost:
    """What one positive of a box costs: its target score, CIoU, distance and class loss, and its terms."""

    anchor: int
    address: str
    weight: float
    ciou: float
    distance_loss: float
    class_loss: float
    terms: Terms


@dataclass(frozen=True)
class BoxLoss:
    """One box: its cost, its positives with the dearest first, and what is said of them."""

    cost: BoxCost
    positives: tuple[PositiveCost, ...]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Clamped:
    """A side of a target beyond the bins: ``cells`` away, trained as ``by`` nearer; below 0, outside the box."""

    image: int
    gt: int
    address: str
    side: str
    cells: float
    by: float


@dataclass(frozen=True)
class LossSummary:
    """The loss of a batch or of one image of it; of several batches the mean of their items, as training prints it.

    Attributes:
        items: box, cls and dfl.
        divisor: what they were divided by; of several batches the mean.
        background: what anchors without a box cost.
        boxes: the dearest first.
        levels, classes, images: the same loss by them; of classes, ``cls`` is what the class's score costs everywhere.
        clamped: sides of targets beyond the bins.
        of_image: the image, if it is about one alone.
        batches: how many.
        about: how the loss of one of two heads counts; empty if there is one.
        printed: is it what training prints?
    """

    items: Terms
    divisor: float
    background: Terms
    boxes: tuple[BoxCost, ...]
    levels: tuple[Terms, ...]
    classes: tuple[Terms, ...]
    images: tuple[Terms, ...]
    clamped: tuple[Clamped, ...]
    of_image: int | None = None
    batches: int = 1
    about: str = ""
    printed: bool = True


def numbered_loss(summary: LossSummary, images: Sequence[int]) -> LossSummary:
    """The same with other numbers of images: ``images[i]`` for i."""
    boxes = tuple(replace(box, line=replace(box.line, image=images[box.line.image])) for box in summary.boxes)
    named = tuple(replace(terms, name=str(images[int(terms.name)])) for terms in summary.images)
    beyond = tuple(replace(one, image=images[one.image]) for one in summary.clamped)
    return replace(summary, boxes=boxes, images=named, clamped=beyond)


def join_losses(summaries: Sequence[LossSummary]) -> LossSummary:
    """One summary of several batches: means of what training prints; boxes cost what they did in their batch."""
    if len(summaries) == 1:
        return summaries[0]
    each: dict[str, Any] = {
        name: tuple(map(_mean, zip(*(getattr(one, name) for one in summaries), strict=True)))
        for name in ("levels", "classes")
    }
    boxes = sorted(chain.from_iterable(one.boxes for one in summaries), key=lambda box: -box.terms.total)
    return LossSummary(
        items=_mean([one.items for one in summaries]),
        divisor=sum(one.divisor for one in summaries) / len(summaries),
        background=_mean([one.background for one in summaries]),
        boxes=tuple(boxes),
        images=tuple(chain.from_iterable(one.images for one in summaries)),
        clamped=tuple(chain.from_iterable(one.clamped for one in summaries)),
        batches=len(summaries),
        about=summaries[0].about,
        printed=summaries[0].printed,
        **each,
    )


def _mean(terms: Sequence[Terms]) -> Terms:
    return Terms.of(terms[0].name, np.mean([[one.box, one.cls, one.dfl] for one in terms], axis=0))

"""The story of one anchor: where it is, what it predicts, which boxes it lies in, what it learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..traces.view import TraceView
from .pair import Candidate, candidate_at, fate
from .sentences import Sentence

BEST_CLASSES = 3
"""How many of the largest class scores are told."""


@dataclass(frozen=True)
class Claim:
    """One box that the anchor lies in."""

    gt: int
    label: int
    label_name: str
    pair: Candidate


@dataclass(frozen=True)
class ClassScore:
    """A class and its predicted score."""

    label: int
    label_name: str
    score: float


@dataclass(frozen=True)
class AnchorStory:
    """Everything about one anchor of one image.

    Attributes:
        predicted: x1, y1, x2, y2 px, the predicted box.
        best_classes: the largest predicted scores.
        claims: the boxes that contain the anchor's centre, in order.
        selected_by: how many of them selected it.
        owner: gt that owns it in the end, -1 for background.
        target: target score.
        sentences: the verdicts from conflicts on.
    """

    image: int
    anchor: int
    address: str
    level: str
    predicted: tuple[float, ...]
    best_classes: tuple[ClassScore, ...]
    claims: tuple[Claim, ...]
    selected_by: int
    owner: int
    target: float
    sentences: tuple[Sentence, ...]

    @property
    def verdict(self) -> str:
        """One line: what became of it."""
        return "background" if self.owner < 0 else f"positive for gt {self.owner}"


def anchor_story(view: TraceView, image: int, anchor: int) -> AnchorStory:
    """The story of anchor number ``anchor`` of image ``image``."""
    view.require_image(image)
    owner = int(view.owner[image, anchor])
    then = int(view.resolved_owner[image, anchor])
    pairs = view.index.of_anchor(image, anchor)
    of_owner = pairs[view.pairs[pairs, 1] == then]
    return AnchorStory(
        image=image,
        anchor=anchor,
        address=str(view.grid.address(anchor)),
        level=view.grid.level_of(anchor).name,
        predicted=tuple(view.at_anchors("pd_bboxes", image, anchor)[0].tolist()),
        best_classes=_best_classes(view, image, anchor),
        claims=tuple(_claim(view, int(index)) for index in pairs),
        selected_by=int(view.claims[image, anchor]),
        owner=owner,
        target=view.target(image, anchor) if owner >= 0 else 0.0,
        sentences=fate(view, image, anchor, then, int(of_owner[0]) if len(of_owner) else -1),
    )


def _best_classes(view: TraceView, image: int, anchor: int) -> tuple[ClassScore, ...]:
    (scores,) = view.at_anchors("pd_scores", image, anchor)
    best = np.argsort(-scores, kind="stable")[:BEST_CLASSES].tolist()
    return tuple(ClassScore(label, view.class_name(label), float(scores[label])) for label in best)


def _claim(view: TraceView, index: int) -> Claim:
    image, gt, _ = view.pairs[index].tolist()
    label = int(view.labels[image, gt])
    return Claim(gt, label, view.class_name(label), candidate_at(view, index))

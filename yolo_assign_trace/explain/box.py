"""The story of one box: its funnel, its candidates in order, the cut-off, who took what it lost, its share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..basics.plural import count
from ..run.record import BoxLine
from ..traces.view import TraceView
from .causes import Cause, Loss, causes_of, losses
from .funnel import Funnel, funnel_of
from .pair import Candidate, candidate_at, overlap_of_owner


@dataclass(frozen=True)
class Contender:
    """One anchor inside a box.

    ``owner`` is the gt that has the anchor after conflicts, -1 for nobody, ``owner_overlap`` its overlap; ``target`` is
    the anchor's target score if the box owns it.
    """

    anchor: int
    address: str
    pair: Candidate
    owner: int
    owner_overlap: float
    target: float | None


@dataclass(frozen=True)
class Outsider:
    """An anchor that the box owns though its centre lies outside; ``overlap`` is the one that won it."""

    anchor: int
    address: str
    overlap: float
    target: float


@dataclass(frozen=True)
class Cut:
    """Where selection cut.

    Attributes:
        cutoff: the k-th metric of the box, 0 if it has fewer candidates; None if the trace does not tell.
        last_in: smallest metric that was selected, None if none was.
        first_out: largest metric that was not selected, None if all were.
        margin: ``last_in`` - ``first_out``.
        tied: did the order of equal metrics decide?
    """

    cutoff: float | None
    last_in: float | None
    first_out: float | None
    margin: float | None
    tied: bool


@dataclass(frozen=True)
class Share:
    """Sum of the target scores of a box's positives, of all positives of its image, and their quotient."""

    own: float
    image: float
    share: float | None


@dataclass(frozen=True)
class BoxStory:
    """Everything about one box; ``box`` is x1, y1, x2, y2 px, ``cause`` None if it has positives."""

    line: BoxLine
    label_name: str
    box: tuple[float, ...]
    funnel: Funnel
    cause: Cause | None
    cut: Cut
    losses: tuple[Loss, ...]
    share: Share
    candidates: tuple[Contender, ...]
    outsiders: tuple[Outsider, ...]

    @property
    def verdict(self) -> str:
        """One line: what became of it."""
        positives = self.funnel.steps[-1].total
        if self.cause is None:
            return f"{count(positives, 'positive')}, from {count(self.funnel.steps[0].total, 'candidate')}"
        owns = f", though it owns {count(positives, 'anchor')}" if positives else ""
        return f"{'' if positives else 'no positives, '}{self.cause.id}: {self.cause.meaning}{owns}"


def box_story(view: TraceView, image: int, gt: int) -> BoxStory:
    """The story of box ``gt`` of image ``image``.

    Raises:
        InputError: there is no such box.
    """
    line = view.require_box(image, gt)
    return BoxStory(
        line=line,
        label_name=view.class_name(line.label),
        box=tuple(view.corners[image, gt].tolist()),
        funnel=funnel_of(view, image, gt),
        cause=next(iter(causes_of(view, [line])), None),
        cut=cut_of(view, line),
        losses=losses(view, image, gt),
        share=share_of(view, image, gt),
        candidates=tuple(_contender(view, index) for index in _by_metric(view, image, gt)),
        outsiders=_outsiders(view, image, gt),
    )


def _by_metric(view: TraceView, image: int, gt: int) -> list[int]:
    """Pairs of a box, best metric first, nan before all others as in torch; equal ones by anchor."""
    here = view.index.of_box(image, gt)
    metric = view.metric[here]
    order: list[int] = np.argsort(np.where(np.isnan(metric), -np.inf, -metric), kind="stable").tolist()
    return [here.start + place for place in order]


def _contender(view: TraceView, index: int) -> Contender:
    image, gt, anchor = view.pairs[index].tolist()
    return Contender(
        anchor=anchor,
        address=str(view.grid.address(anchor)),
        pair=candidate_at(view, index),
        owner=int(view.pair_owner[index]),
        owner_overlap=float(view.owner_overlap[index]),
        target=view.target(image, anchor) if view.owner[image, anchor] == gt else None,
    )


def _outsiders(view: TraceView, image: int, gt: int) -> tuple[Outsider, ...]:
    outsiders = []
    owned = np.flatnonzero(view.owner[image] == gt)
    for anchor in owned[view.index.at(image * view.m + np.full(len(owned), gt), owned) < 0].tolist():
        _, overlap = overlap_of_owner(view, image, anchor, gt)
        outsiders.append(Outsider(anchor, str(view.grid.address(anchor)), overlap, view.target(image, anchor)))
    return tuple(outsiders)


def cut_of(view: TraceView, line: BoxLine) -> Cut:
    """Where the selection of one box cut."""
    here = view.index.of_box(line.image, line.gt)
    metric, chosen = view.metric[here], view.selected[here]
    # without nan, which counts as largest: it is always in
    inside, outside = metric[chosen & ~np.isnan(metric)], metric[~chosen & ~np.isnan(metric)]
    last_in = float(inside.min()) if inside.size else None
    first_out = float(outside.max()) if outside.size else None
    cutoff, ties = view.optional("cutoff"), view.optional("tie_order")
    return Cut(
        cutoff=None if cutoff is None else float(cutoff[line.image, line.gt]),
        last_in=last_in,
        first_out=first_out,
        margin=None if last_in is None or first_out is None else last_in - first_out,
        tied=ties is not None and bool(ties[line.image, line.gt]),
    )


def share_of(view: TraceView, image: int, gt: int) -> Share:
    """What one box has of the target scores of its image."""
    images, gts, _ = view.positives
    here = images == image
    total = float(view.positive_scores[here].sum())
    own = float(view.positive_scores[here & (gts == gt)].sum())
    return Share(own, total, own / total if total and math.isfinite(total) else None)

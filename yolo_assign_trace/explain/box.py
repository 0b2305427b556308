"""The story of one box: its funnel, its candidates in order, the cut-off, who took what it lost, its share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..basics.plural import count
from ..run.record import BoxLine
from ..traces.view import OUTCOMES, TraceView
from .causes import Cause, Causes, Loss, losses
from .funnel import Funnel, Funnels
from .pair import overlap_of_owner


@dataclass(frozen=True)
class Candidate:
    """One anchor inside a box.

    ``rank`` is None if the trace has none; ``outcome`` is a key of ``traces.view.OUTCOMES``; ``owner`` is the gt that
    has the anchor after conflicts, -1 for nobody, ``owner_overlap`` its overlap; ``target`` is the anchor's target
    score if the box owns it.
    """

    anchor: int
    address: str
    rank: int | None
    score: float
    overlap: float
    metric: float
    selected: bool
    outcome: str
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

    image: int
    gt: int
    label: int
    label_name: str
    box: tuple[float, ...]
    width: float
    height: float
    funnel: Funnel
    cause: Cause | None
    cut: Cut
    losses: tuple[Loss, ...]
    share: Share
    candidates: tuple[Candidate, ...]
    outsiders: tuple[Outsider, ...]

    @property
    def verdict(self) -> str:
        """One line: what became of it."""
        positives = self.funnel.steps[-1].total
        if self.cause is None:
            return f"{count(positives, 'positive')}, from {count(self.funnel.steps[0].total, 'candidate')}"
        owns = f", though it owns {count(positives, 'anchor')}" if positives else ""
        return f"{'' if positives else 'no positives, '}{self.cause.id}: {self.cause.meaning}{owns}"


def box_story(view: TraceView, funnels: Funnels, causes: Causes, image: int, gt: int) -> BoxStory:
    """The story of box ``gt`` of image ``image``.

    Raises:
        InputError: there is no such box.
    """
    line = view.require_box(image, gt)
    return BoxStory(
        image=image,
        gt=gt,
        label=line.label,
        label_name=view.class_name(line.label),
        box=tuple(float(corner) for corner in view.corners[image, gt]),
        width=line.width,
        height=line.height,
        funnel=funnels.of(image, gt),
        cause=causes.of(line),
        cut=cut_of(view, line),
        losses=losses(view, image, gt),
        share=share_of(view, image, gt),
        candidates=_candidates(view, image, gt),
        outsiders=_outsiders(view, image, gt),
    )


def _candidates(view: TraceView, image: int, gt: int) -> tuple[Candidate, ...]:
    """Best metric first, nan before all others as in torch; equal ones by anchor."""
    here = view.index.of_box(image, gt)
    metric = view.metric[here]
    order = here.start + np.argsort(np.where(np.isnan(metric), -np.inf, -metric), kind="stable")
    ranks, names = view.optional("rank"), tuple(OUTCOMES)
    found = []
    for index in order.tolist():
        anchor = int(view.pairs[index, 2])
        mine = view.owner[image, anchor] == gt
        found.append(
            Candidate(
                anchor=anchor,
                address=str(view.grid.address(anchor)),
                rank=None if ranks is None else int(ranks[index]),
                score=float(view.class_scores[index]),
                overlap=float(view.overlaps[index]),
                metric=float(view.metric[index]),
                selected=bool(view.selected[index]),
                outcome=names[view.outcome[index]],
                owner=int(view.pair_owner[index]),
                owner_overlap=float(view.owner_overlap[index]),
                target=view.target(image, anchor) if mine else None,
            )
        )
    return tuple(found)


def _outsiders(view: TraceView, image: int, gt: int) -> tuple[Outsider, ...]:
    found = []
    owned = np.flatnonzero(view.owner[image] == gt)
    for anchor in owned[view.index.at(image * view.m + np.full(len(owned), gt), owned) < 0].tolist():
        _, overlap = overlap_of_owner(view, image, anchor, gt)
        found.append(Outsider(anchor, str(view.grid.address(anchor)), overlap, view.target(image, anchor)))
    return tuple(found)


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

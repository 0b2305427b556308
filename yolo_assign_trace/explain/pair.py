"""One pair of box and anchor: its numbers, and its life, a sentence or more per stage."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..basics.arrays import Array
from ..traces.view import OUTCOMES, TraceView
from . import sentences as say
from .loss.paid import paid
from .sentences import Contest, Sentence, Standing

NO_PAIR_OUTCOMES = {
    "outside": "the centre lies outside the box",
    "won-outside": "the centre lies outside the box, which owns the anchor all the same",
}
"""What can become of an anchor and a box that does not contain it."""


@dataclass(frozen=True)
class Candidate:
    """A candidate pair in numbers, as tables of boxes and of anchors show it.

    ``rank`` is None if the trace has none; ``outcome`` is a key of ``traces.view.OUTCOMES``.
    """

    rank: int | None
    score: float
    overlap: float
    metric: float
    selected: bool
    outcome: str


@dataclass(frozen=True)
class PairStory:
    """One box and one anchor.

    ``outcome`` is a key of ``traces.view.OUTCOMES`` or :data:`NO_PAIR_OUTCOMES`; ``box`` is x1, y1, x2, y2 px.
    """

    image: int
    gt: int
    anchor: int
    address: str
    label: int
    label_name: str
    box: tuple[float, ...]
    outcome: str
    sentences: tuple[Sentence, ...]


def candidate_at(view: TraceView, index: int) -> Candidate:
    """The pair number ``index`` of the trace."""
    ranks = view.optional("rank")
    return Candidate(
        rank=None if ranks is None else int(ranks[index]),
        score=float(view.class_scores[index]),
        overlap=float(view.overlaps[index]),
        metric=float(view.metric[index]),
        selected=bool(view.selected[index]),
        outcome=tuple(OUTCOMES)[view.outcome[index]],
    )


def pair_story(view: TraceView, image: int, gt: int, anchor: int) -> PairStory:
    """What every stage did with anchor ``anchor`` for box ``gt`` of image ``image``."""
    view.require_box(image, gt)
    index = view.index.one(image, gt, anchor)
    if index >= 0:
        outcome = tuple(OUTCOMES)[view.outcome[index]]
        told = (_screened(view, image, gt, anchor, index), _aligned(view, index), (ranked(view, index),))
        stages = tuple(sentence for stage in told for sentence in stage)
    else:
        outcome = "won-outside" if view.owner[image, anchor] == gt else "outside"
        stages = _screened(view, image, gt, anchor, None)
    label = int(view.labels[image, gt])
    return PairStory(
        image=image,
        gt=gt,
        anchor=anchor,
        address=str(view.grid.address(anchor)),
        label=label,
        label_name=view.class_name(label),
        box=_floats(view.corners[image, gt]),
        outcome=outcome,
        sentences=stages + fate(view, image, anchor, gt, index),
    )


def _screened(view: TraceView, image: int, gt: int, anchor: int, index: int | None) -> tuple[Sentence, ...]:
    corners = view.corners[image, gt]
    if not view.mask_gt[image, gt]:
        values = dict(zip(("x1", "y1", "x2", "y2"), _floats(corners), strict=True))
        masked = view.lines_of(image)[gt].cause == "masked-out"
        what = "ground_truth.masked" if masked else "ground_truth.padding"
        return (say.sentence(what, **values, sum=float(corners.sum())),)
    enlarged: tuple[Sentence, ...] = ()
    seen = view.screened[image, gt]
    if view.enlarged[image, gt]:
        (w, h), (own_w, own_h) = _sides(seen), _sides(corners)
        enlarged = (say.sentence("screen.enlarged", width=w, height=h, own_width=own_w, own_height=own_h),)
    point = view.array("anc_points")[anchor]
    stored = view.optional("bbox_deltas")
    if index is not None and stored is not None:
        deltas = stored[index]
    else:
        deltas = np.concatenate([point - seen[:2], seen[2:] - point])
    swapped = "screen" in view.settings.swapped
    return enlarged + say.screened(index is not None, _floats(point), _floats(seen), _floats(deltas), swapped=swapped)


def _aligned(view: TraceView, index: int) -> tuple[Sentence, ...]:
    score, overlap, metric = (float(column[index]) for column in (view.class_scores, view.overlaps, view.metric))
    s = view.settings
    return (say.aligned(score, overlap, metric, s.alpha, s.beta, swapped="align" in s.swapped),)


def ranked(view: TraceView, index: int) -> Sentence:
    """The sentence about one candidate's selection."""
    image, gt, _ = view.pairs[index].tolist()
    here = view.index.of_box(image, gt)
    ranks, cutoff, ties = view.optional("rank"), view.optional("cutoff"), view.optional("tie_order")
    metrics = view.metric[here]
    complete = ranks is not None and cutoff is not None and ties is not None
    return say.ranked(
        Standing(
            selected=bool(view.selected[index]),
            metric=float(view.metric[index]),
            rank=int(ranks[index]) if ranks is not None and complete else None,
            equals=int((ranks[here] == ranks[index]).sum()) if ranks is not None else 1,
            candidates=len(metrics),
            above=int((~(metrics <= 0)).sum()),  # nan too
            topk=view.settings.topk,
            cutoff=float(cutoff[image, gt]) if cutoff is not None else math.nan,
            tied=bool(ties[image, gt]) if ties is not None else False,
            swapped="topk" in view.settings.swapped,
        )
    )


def fate(view: TraceView, image: int, anchor: int, gt: int, index: int = -1) -> tuple[Sentence, ...]:
    """From conflicts on: who gets the anchor, seen from box ``gt``, and what it learns.

    ``index`` is the pair of the two, -1 if the box does not contain the anchor.
    """
    told = [say.contested(_contest(view, image, anchor, gt, index))]
    then, owner = int(view.resolved_owner[image, anchor]), int(view.owner[image, anchor])
    if view.has_topk2 and then >= 0 and "resolve" not in view.settings.swapped:
        told.append(_kept(view, image, anchor, then, owner >= 0))
    if owner < 0:
        background = say.sentence("targets.background"), say.sentence("normalize.background")
        return (*told, *background, *paid(view, image, anchor))
    told.append(say.targeted(owner, int(view.labels[image, owner]), _floats(view.corners[image, owner])))
    return (*told, _normalized(view, image, anchor, owner), *paid(view, image, anchor))


def _contest(view: TraceView, image: int, anchor: int, gt: int, index: int) -> Contest:
    rivals = view.index.of_anchor(image, anchor)
    rivals = rivals[view.pairs[rivals, 1] != gt]
    strength = np.where(np.isnan(view.overlaps[rivals]), np.inf, view.overlaps[rivals])
    best = int(rivals[np.argmax(strength)]) if len(rivals) else -1
    owner = int(view.resolved_owner[image, anchor])
    owner_inside, owner_overlap = overlap_of_owner(view, image, anchor, owner)
    return Contest(
        gt=gt,
        owner=owner,
        claims=int(view.claims[image, anchor]),
        selected=index >= 0 and bool(view.selected[index]),
        inside=index >= 0,
        owner_inside=owner_inside,
        overlap=float(view.overlaps[index]) if index >= 0 else 0.0,
        owner_overlap=owner_overlap,
        other=int(view.pairs[best, 1]) if best >= 0 else -1,
        other_overlap=float(view.overlaps[best]) if best >= 0 else 0.0,
        printed=view.trace.rounded_to is not None,
        swapped="resolve" in view.settings.swapped,
    )


def overlap_of_owner(view: TraceView, image: int, anchor: int, owner: int) -> tuple[bool, float]:
    """Does the owner contain the anchor, and how much do they overlap? 0 where the trace holds no such number."""
    if owner < 0:
        return False, 0.0
    pair = view.index.one(image, owner, anchor)
    if pair >= 0:
        return True, float(view.overlaps[pair])
    beside = view.optional("target_overlaps")
    return False, float(beside[image, anchor]) if beside is not None else 0.0


def _kept(view: TraceView, image: int, anchor: int, owner: int, is_kept: bool) -> Sentence:
    pair = view.index.one(image, owner, anchor)
    metric = float(view.metric[pair]) if pair >= 0 else 0.0
    ties = view.optional("keep_tie_order")
    tied = ties is not None and bool(ties[image, owner]) and _at_the_cut(view, image, owner, pair)
    topk2 = view.settings.topk2
    assert topk2 is not None
    return say.kept(is_kept, owner, topk2, metric, tied=tied)


def _at_the_cut(view: TraceView, image: int, gt: int, pair: int) -> bool:
    """Has a pair of the box, -1 for an anchor outside it, the metric at which topk2 cut?"""
    here = view.index.of_box(image, gt)
    kept_ones = here.start + np.flatnonzero(view.owner[image, view.pairs[here, 2]] == gt)
    if len(kept_ones) < (view.settings.topk2 or 0):  # it filled up with zeros
        return pair < 0 or bool(view.metric[pair] == 0)
    ranks = view.optional("rank")
    order = -view.metric if ranks is None else ranks  # ranks are exact also where metrics are printed ones
    return pair >= 0 and bool(order[pair] == order[kept_ones].max())


def _normalized(view: TraceView, image: int, anchor: int, owner: int) -> Sentence:
    target = view.target(image, anchor)
    metric, best_metric, best_overlap = (
        view.optional(name) for name in ("target_metric", "pos_align_metrics", "pos_overlaps")
    )
    if "normalize" in view.settings.swapped or metric is None or best_metric is None or best_overlap is None:
        return say.normalized(owner, None, 0.0, 0.0, target)
    numbers = float(best_overlap[image, owner]), float(best_metric[image, owner])
    return say.normalized(owner, float(metric[image, anchor]), *numbers, target)


def _sides(corners: Array) -> tuple[float, float]:
    return float(corners[2] - corners[0]), float(corners[3] - corners[1])


def _floats(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)

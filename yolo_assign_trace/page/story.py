"""What explaining says about every pair: ids of sentences and their numbers as texts, which the page puts together in
the reader's language.

There are tens of thousands of pairs, and up to the selection only a few kinds of them. So one pair of each kind is
asked, and the others take its sentences; their numbers stand by name in the columns of the pairs, with the box or,
where they are those of the whole trace, beside the images. From conflicts on only anchors that a box selected or owns
have a story of their own; it comes with its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..explain.pair import fate, pair_story
from ..explain.sentences import Sentence, shown
from ..explain.texts import NOUNS
from ..traces.view import TraceView

Told = list[Any]
"""A sentence as the page takes it: its id and its numbers by name, as they are shown; counts with a noun are plain."""


def as_told(sentences: Sequence[Sentence]) -> list[Told]:
    """Sentences in the page's form."""
    return [[sentence.id, shown_by_name(sentence.values)] for sentence in sentences]


def shown_by_name(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of sentences as the page takes them."""
    return {name: value if name in NOUNS else shown(name, value) for name, value in values.items()}


@dataclass(frozen=True)
class Beginnings:
    """Sentences from screen to top-k: ``kinds`` lists ids, and ``of_pair`` (pair,) says which of them a pair has."""

    kinds: tuple[tuple[str, ...], ...]
    of_pair: Array


_BEFORE_CONFLICTS = ("ground_truth", "screen", "align", "topk")


def beginnings(view: TraceView) -> Beginnings:
    """The first sentences of every pair.

    What decides between them: is the box valid and enlarged, are score, overlap and metric 0, is the metric finite,
    is the pair selected, and how do metric and rank stand to the cut.
    """
    row, metric = view.index.row, view.metric
    above = np.bincount(row[~(metric <= 0)], minlength=view.b * view.m)  # nan too
    ranks, ties, topk = view.optional("rank"), view.optional("tie_order"), view.settings.topk
    features: list[Array] = [
        view.mask_gt.reshape(-1)[row],
        view.enlarged.reshape(-1)[row],
        *(values == 0 for values in (view.class_scores, view.overlaps, metric)),
        np.isfinite(metric),
        view.selected,
    ]
    if ranks is not None and ties is not None and topk is not None:
        equals = _equals(row, ranks)
        features += [
            ties.reshape(-1)[row],
            above[row] < topk,
            (ranks <= topk) & (topk < ranks + equals),
        ]
    codes = np.zeros(len(row), dtype=np.int64)
    for feature in features:
        codes = codes * 2 + feature
    _, first, kind = np.unique(codes, return_index=True, return_inverse=True)
    kinds = tuple(_ids_before_conflicts(view, index) for index in first.tolist())
    return Beginnings(kinds, kind.reshape(-1))


def _ids_before_conflicts(view: TraceView, index: int) -> tuple[str, ...]:
    image, gt, anchor = view.pairs[index].tolist()
    story = pair_story(view, image, gt, anchor)
    return tuple(sentence.id for sentence in story.sentences if sentence.stage in _BEFORE_CONFLICTS)


def _equals(row: Array, ranks: Array) -> Array:
    """(pair,) candidates of the same box with the same rank, itself included."""
    keys = row * (int(ranks.max(initial=0)) + 1) + ranks
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    equals: Array = counts[group.reshape(-1)]
    return equals


def fates(view: TraceView, image: int, at_most: int) -> tuple[dict[str, dict[str, list[Told]]], int]:
    """From conflicts on: sentences by anchor and gt, for anchors of ``image`` that a box selected or owns.

    Also those of the owner, whether it contains the anchor or not; -1 stands for nobody. After ``at_most`` the rest
    is left out; the second number counts it. The stories of boxes that selected or own the anchor come first.
    """
    anchors = np.flatnonzero((view.claims[image] > 0) | (view.resolved_owner[image] >= 0))
    concerned: list[tuple[int, int, int]] = []
    others: list[tuple[int, int, int]] = []
    for anchor in anchors.tolist():
        owner = int(view.resolved_owner[image, anchor])
        pairs = view.index.of_anchor(image, anchor)
        gts = view.pairs[pairs, 1].tolist()
        if owner not in gts:
            concerned.append((anchor, owner, -1))
        for gt, index in zip(gts, pairs.tolist(), strict=True):
            (concerned if gt == owner or view.selected[index] else others).append((anchor, gt, index))
    stories: dict[str, dict[str, list[Told]]] = {}
    for anchor, gt, index in [*concerned, *others][:at_most]:
        stories.setdefault(str(anchor), {})[str(gt)] = as_told(fate(view, image, anchor, gt, index))
    return stories, max(0, len(concerned) + len(others) - at_most)

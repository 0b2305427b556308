"""A stored trace as the document that the page shows: boxes, candidate pairs, anchors and what is said of them.

Not in it are the large tensors: logits, distances, scores of all classes, and predicted boxes of anchors that lie
in no box. The values that are in it are those of the trace, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..explain.box import cut_of, share_of
from ..explain.causes import Cause, causes_of
from ..explain.funnel import funnel_of
from ..run.record import BoxLine
from ..traces.stored import StoredTrace
from ..traces.view import OUTCOMES, TraceView
from .columns import column
from .photos import embedded
from .stages import numbers, stages_of, title_values
from .story import as_said, beginnings, fates

FORMAT = 1


@dataclass(frozen=True)
class Limits:
    """How much the page holds: candidate pairs, and stories of anchors that a box selected."""

    pairs: int = 300_000
    fates: int = 20_000


def page_data(
    trace: StoredTrace,
    pictures: Path | None = None,
    remark: Callable[[str], None] = lambda text: None,
    limits: Limits | None = None,
) -> dict[str, Any]:
    """The document about ``trace``, with the pictures in the folder ``pictures``; ``remark`` hears what is missing.

    Raises:
        InputError: the trace lacks what explaining needs.
    """
    limits = limits or Limits()
    view = TraceView(trace)
    kept = _kept_pairs(view, limits.pairs)
    began = beginnings(view)
    wrong = [line for line in view.lines if line.cause]
    causes = dict(zip(wrong, causes_of(view, wrong), strict=True))
    told, room, untold = [], limits.fates, 0
    for image in range(view.b):
        found, left = fates(view, image, room)
        told.append(found)
        room -= sum(map(len, found.values()))
        untold += left
    points = view.array("anc_points")
    known_deltas = _deltas_follow(view, points)
    images, labels = [], {line.label for line in view.lines}
    for image in range(view.b):
        rows = kept[view.pairs[kept, 0] == image]
        anchors = _anchors(view, image, rows)
        labels.update(anchors["best_class"].tolist())
        named = trace.image(image)
        images.append(
            {
                "name": named.name if named else "",
                "picture": embedded(pictures, trace, image, remark),
                "boxes": [_box(view, line, causes.get(line)) for line in view.lines_of(image)],
                "pairs": _pairs(view, rows, began.of_pair, with_deltas=not known_deltas),
                "anchors": {name: column(values) for name, values in anchors.items()},
                "fates": told[image],
            }
        )
    return {
        "format": FORMAT,
        "header": dict(trace.header),
        "digits": view.trace.rounded_to,
        "grid": {
            "height": trace.grid.height,
            "width": trace.grid.width,
            "anchors": trace.grid.anchors,
            "levels": [vars(level) for level in trace.grid.levels],
        },
        "points": column(points),
        "settings": {
            "alpha": view.settings.alpha,
            "beta": view.settings.beta,
            "topk": view.settings.topk,
            "topk2": view.settings.topk2 if view.has_topk2 else None,
        },
        "classes": {str(label): view.names[label] for label in sorted(labels) if label in view.names},
        "stages": stages_of(view),
        "titles": title_values(view),
        "numbers": numbers(view),
        "outcomes": list(OUTCOMES),
        "kinds": began.kinds,
        "images": images,
        "left_out": {"pairs": len(view.pairs) - len(kept), "fates": untold},
    }


def _kept_pairs(view: TraceView, at_most: int) -> Array:
    """Indices of the pairs that the page holds: all, or of every box the selected, the owned and the best ones."""
    if len(view.pairs) <= at_most:
        return np.arange(len(view.pairs))
    metric = np.where(np.isnan(view.metric), np.inf, view.metric)
    order = np.lexsort((-metric, view.index.row))
    place = np.empty(len(order), dtype=np.int64)  # of every pair among those of its box, 0 for the best
    starts = np.searchsorted(view.index.row, np.arange(view.b * view.m))
    place[order] = np.arange(len(order)) - starts[view.index.row[order]]
    each = at_most // max(1, len(np.unique(view.index.row)))
    outcome = view.outcome != list(OUTCOMES).index("not-selected")
    return np.flatnonzero((place < each) | view.selected | outcome)


def _pairs(view: TraceView, rows: Array, kinds: Array, *, with_deltas: bool) -> dict[str, Any]:
    found = {
        "gt": column(view.pairs[rows, 1]),
        "anchor": column(view.pairs[rows, 2]),
        "score": column(view.class_scores[rows]),
        "overlap": column(view.overlaps[rows]),
        "metric": column(view.metric[rows]),
        "selected": column(view.selected[rows]),
        "outcome": column(view.outcome[rows]),
        "kind": column(kinds[rows]),
    }
    ranks, deltas = view.optional("rank"), view.optional("bbox_deltas")
    if ranks is not None:
        found["rank"] = column(ranks[rows])
    if with_deltas and deltas is not None:
        found["deltas"] = column(deltas[rows])
    return found


def _deltas_follow(view: TraceView, points: Array) -> bool:
    """Are the distances to the sides those that the page works out of corners and centres, bit by bit?"""
    stored, seen = view.optional("bbox_deltas"), view.optional("screen_bboxes")
    if stored is None:
        return True
    image, gt, anchor = view.pairs.T
    corners = (view.corners if seen is None else seen)[image, gt]
    centres = points[anchor]
    return np.array_equal(np.concatenate([centres - corners[:, :2], corners[:, 2:] - centres], axis=1), stored)


def _anchors(view: TraceView, image: int, rows: Array) -> dict[str, Array]:
    """Columns over the anchors of an image that lie in a box or that a box owns."""
    owned = np.flatnonzero((view.owner[image] >= 0) | (view.resolved_owner[image] >= 0))
    here = np.union1d(view.pairs[rows, 2], owned).astype(np.int64)
    scores = view.at_anchors("pd_scores", image, here)
    best = scores.argmax(axis=1) if scores.size else np.zeros(len(here), dtype=np.int64)
    target = view.at_anchors("target_scores", image, here).sum(axis=-1, dtype=np.float64)
    return {
        "anchor": here,
        "claims": view.claims[image, here],
        "owner": view.owner[image, here],
        "then": view.resolved_owner[image, here],
        "target": target.astype(scores.dtype),
        "best_class": best,
        "best_score": scores[np.arange(len(here)), best],
        "predicted": view.at_anchors("pd_bboxes", image, here),
    }


def _box(view: TraceView, line: BoxLine, cause: Cause | None) -> dict[str, Any]:
    image, gt = line.image, line.gt
    funnel, cut, share = funnel_of(view, image, gt), cut_of(view, line), share_of(view, image, gt)
    seen = view.optional("screen_bboxes")
    return {
        "gt": gt,
        "label": line.label,
        "corners": view.corners[image, gt].tolist(),
        "seen": None if seen is None else seen[image, gt].tolist(),
        "cause": line.cause,
        "said": as_said(cause.sentences) if cause else [],
        "funnel": [step.per_level for step in funnel.steps],
        "lost": funnel.lost,
        "won": funnel.won,
        "outside": funnel.outside,
        "dropped": funnel.dropped,
        "cut": vars(cut),
        "share": vars(share),
        "best_overlap": line.best_overlap,
    }

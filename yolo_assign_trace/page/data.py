"""A stored trace as the document that the page shows: boxes, candidate pairs, anchors and what is said of them.

Not in it are the large tensors: logits, distances, scores of all classes, and predicted boxes of anchors that lie
in no box. Its numbers are texts, as explain and run.log write them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..assignment.loss.outputs import Loss
from ..basics.arrays import Array
from ..draw.photos import Pictures
from ..explain.box import cut_of, share_of
from ..explain.causes import Cause, causes_of
from ..explain.funnel import funnel_of
from ..explain.loss.paid import has_loss
from ..explain.sentences import SIDES, number, shown
from ..run.record import BoxLine
from ..traces.stored import StoredTrace
from ..traces.view import OUTCOMES, TraceView
from .columns import column, number_column, px_column
from .losses import losses, of_background
from .photos import embedded
from .stages import numbers, stages_of, text_or_dash, title_values
from .story import as_told, beginnings, fates, shown_by_name

FORMAT = 2


@dataclass(frozen=True)
class Limits:
    """How much the page holds: candidate pairs, and stories of anchors that a box selected."""

    pairs: int = 300_000
    fates: int = 20_000


def page_data(
    trace: StoredTrace,
    pictures: Pictures | None = None,
    remark: Callable[[str], None] = lambda text: None,
    limits: Limits | None = None,
) -> dict[str, Any]:
    """The document about ``trace``, with the ``pictures`` of its images; ``remark`` hears what is missing.

    Raises:
        InputError: the trace lacks what explaining needs.
    """
    limits = limits or Limits()
    view = TraceView(trace)
    settings = view.settings
    kept, began = _kept_pairs(view, limits.pairs), beginnings(view)
    wrong = [line for line in view.lines if line.cause]
    causes = dict(zip(wrong, causes_of(view, wrong), strict=True))
    images, labels, with_loss = [], {line.label for line in view.lines}, has_loss(view)
    room, untold = limits.fates, 0
    for image in range(view.b):
        rows = kept[view.pairs[kept, 0] == image]
        anchors = _anchors_of(view, image, rows)
        scores = view.at_anchors("pd_scores", image, anchors)
        best = scores.argmax(axis=1) if scores.size else np.zeros(len(anchors), dtype=np.int64)
        labels.update(best.tolist())
        stories, left = fates(view, image, room)
        room, untold = room - sum(map(len, stories.values())), untold + left
        named = trace.image(image)
        images.append(
            {
                "name": named.name if named else "",
                "picture": embedded(pictures, trace, image, remark),
                "boxes": [_box(view, line, causes.get(line)) for line in view.lines_of(image)],
                "pairs": _pairs(view, rows, began.of_pair),
                "anchors": _anchors(view, image, anchors)
                | {"best_class": column(best), "best_score": number_column(scores[np.arange(len(anchors)), best])},
                "fates": stories,
                **({"losses": losses(view, image)} if with_loss else {}),
            }
        )
    of_trace = {"alpha": settings.alpha, "beta": settings.beta, "topk": settings.topk}
    return {
        "format": FORMAT,
        "header": dict(trace.header),
        "digits": trace.rounded_to,
        "synthetic": trace.settings.synthetic,
        "grid": {
            "height": trace.grid.height,
            "width": trace.grid.width,
            "anchors": trace.grid.anchors,
            "levels": [vars(level) for level in trace.grid.levels],
        },
        "points": column(view.array("anc_points")),
        "shown": shown_by_name(of_trace),
        "classes": {str(label): view.names[label] for label in sorted(labels) if label in view.names},
        "stages": stages_of(view),
        "titles": title_values(view),
        **({"loss": of_background(view)} if with_loss and Loss.stage not in settings.swapped else {}),
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


def _pairs(view: TraceView, rows: Array, kinds: Array) -> dict[str, Any]:
    image, gt, anchor = view.pairs[rows].T
    cutoff, ranks = view.optional("cutoff"), view.optional("rank")
    metric = view.metric[rows].astype(np.float64)
    short = np.zeros(len(rows)) if cutoff is None else np.where(view.selected[rows], 0, cutoff[image, gt] - metric)
    columns = {
        "gt": column(gt),
        "anchor": column(anchor),
        "score": number_column(view.class_scores[rows]),
        "overlap": number_column(view.overlaps[rows]),
        "metric": number_column(metric),
        "short": number_column(short),
        "selected": column(view.selected[rows]),
        "outcome": column(view.outcome[rows]),
        "kind": column(kinds[rows]),
    }
    if ranks is not None:
        columns["rank"] = column(ranks[rows])
    return columns | dict(zip(SIDES, map(px_column, _deltas(view, rows).T), strict=True))


def _deltas(view: TraceView, rows: Array) -> Array:
    """(row, side) px from an anchor's centre to the sides of the box that screening saw."""
    stored = view.optional("bbox_deltas")
    if stored is not None:
        return stored[rows]
    image, gt, anchor = view.pairs[rows].T
    corners, centres = view.screened[image, gt], view.array("anc_points")[anchor]
    return np.concatenate([centres - corners[:, :2], corners[:, 2:] - centres], axis=1)


def _anchors_of(view: TraceView, image: int, rows: Array) -> Array:
    """The anchors of an image that lie in a box or that a box owns."""
    owned = np.flatnonzero((view.owner[image] >= 0) | (view.resolved_owner[image] >= 0))
    return np.union1d(view.pairs[rows, 2], owned).astype(np.int64)


def _anchors(view: TraceView, image: int, here: Array) -> dict[str, Any]:
    return {
        "anchor": column(here),
        "claims": column(view.claims[image, here]),
        "owner": column(view.owner[image, here]),
        "then": column(view.resolved_owner[image, here]),
        "target": number_column(view.at_anchors("target_scores", image, here).sum(axis=-1, dtype=np.float64)),
        "predicted": px_column(view.at_anchors("pd_bboxes", image, here)),
    }


@np.errstate(invalid="ignore")  # of infinite boxes
def _box(view: TraceView, line: BoxLine, cause: Cause | None) -> dict[str, Any]:
    at = image, gt = line.image, line.gt
    funnel, cut, share = funnel_of(view, image, gt), cut_of(view, line), share_of(view, image, gt)
    seen = view.screened[at]
    own_width, own_height, width, height = (float(side) for c in (view.corners[at], seen) for side in c[2:] - c[:2])
    sizes = {"width": width, "height": height, "own_width": own_width, "own_height": own_height}
    cutoff = math.nan if cut.cutoff is None else cut.cutoff
    return {
        "gt": gt,
        "label": line.label,
        "size": [shown("width", float(f"{side:.1f}")) for side in (line.width, line.height)],
        "corners": view.corners[at].tolist(),
        "seen": seen.tolist(),
        "enlarged": bool(view.enlarged[at]),
        "cause": line.cause,
        "told": as_told(cause.sentences) if cause else [],
        "shown": shown_by_name({**sizes, "cutoff": cutoff, "candidates": funnel.steps[0].total}),
        "funnel": [step.per_level for step in funnel.steps],
        "lost": funnel.lost,
        "won": funnel.won,
        "outside": funnel.outside,
        "cut": {
            "cutoff": text_or_dash(cut.cutoff),
            "last": text_or_dash(cut.last_in),
            "first": text_or_dash(cut.first_out),
            "margin": text_or_dash(cut.margin),
        },
        "tied": cut.tied,
        "share": None
        if share.share is None
        else {"own": number(share.own), "image": number(share.image), "share": shown("x", 100 * share.share)},
    }

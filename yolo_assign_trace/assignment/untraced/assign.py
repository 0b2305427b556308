"""The five results and nothing else: the stages from screen to normalize, for those who do not look.

Pairs, overlaps and selections are found by the same functions as in :mod:`.stages` and :mod:`.variants`, which are the
form to read; a test holds one against the other. Here no tensor is made that nobody reads, and nothing is as large as
(image, anchor) but the results, which are written once.

b images, m gt slots of each, a anchors, c classes. A cell is an anchor of an image: image · a + anchor; a slot is
image · m + gt; an entry is one of the k places that a box fills with pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ...basics.errors import InputError
from ..boxes import overlap_called
from ..call import no_class
from ..cells import Inside, pairs_inside
from ..ranking import topk_of_rows
from ..variants import enlarged
from .conflicts import kept_of, listed, resolved
from .plain import plainly
from .results import normalized, results_of
from .rules import Results, Rules

AT_ONCE = 1 << 15
"""Pairs whose overlaps are computed at a time on a CPU, so that they stay in its cache. It is also what torch gives a
thread at least when it shares a vector."""


@torch.no_grad()
def assign_untraced(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    anc_points: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    mask_gt: Tensor,
    rules: Rules,
    nc: int,
) -> Results:
    """Run the assigner; shapes and units as for :func:`yolo_assign_trace.assign`, with at least one gt slot.

    On a CPU it takes one thread. Hundreds of short operations leave little to share, and on a busy machine each of them
    would wait for a second thread far longer than it works.

    Raises:
        InputError: a label that is no class.
    """
    with _one_thread() as threads:
        b, a, _ = pd_scores.shape
        m = gt_bboxes.shape[1]
        labels, boxes = gt_labels.reshape(-1).long(), gt_bboxes.reshape(-1, 4)  # (slot,), (slot, 4)
        slot = listed(mask_gt.reshape(-1).bool())  # (box,)
        origin = slot // m * a  # (box,) the first cell of its image
        inside = pairs_inside(_screened(boxes, mask_gt, slot, rules), anc_points, origin)
        class_scores, overlaps = _class_scores_and_overlaps(pd_scores, pd_bboxes, labels, boxes, slot, inside, rules)
        align_metric = _power(class_scores, rules.alpha, rules, threads) * _power(overlaps, rules.beta, rules, threads)
        pair = topk_of_rows(align_metric, inside.cell, inside.box, inside.of_box, origin, columns=a, topk=rules.topk)
        pair = pair.view(-1)  # (entry,)
        vanishes = rules.eps < torch.finfo(align_metric.dtype).smallest_normal
        if not len(inside.cell) or vanishes:
            return plainly(pair, overlaps, align_metric, slot, inside, labels, gt_bboxes, rules, a, nc)

        classes = min(pd_scores.shape[2], nc)
        # What is not finite is always selected, unless beta is 0: then an overlap does not show in its metric.
        watched = [align_metric.index_select(0, pair.clamp(min=0))] + [overlaps] * (not rules.beta)
        sums = [part.sum(dtype=torch.float64) for part in watched]
        lowest, highest, *sums = torch.stack([*labels.index_select(0, slot).double().aminmax(), *sums]).tolist()
        if not -classes <= lowest <= highest < classes:  # as there, -1 reads the last class and trains class 0
            wrong = highest if highest >= classes else lowest
            raise InputError("class-too-large", f"{wrong:g} {no_class(classes)}", where="gt_labels")
        if not math.isfinite(sum(sums)):
            return plainly(pair, overlaps, align_metric, slot, inside, labels, gt_bboxes, rules, a, nc)

        positives = resolved(pair, overlaps, align_metric, slot, inside, b, a, m)
        if rules.topk2 not in (None, rules.topk):
            positives = kept_of(positives, rules.topk2, b, a, m)
        score = normalized(positives, b * m, rules.eps)
        return results_of(labels, gt_bboxes, positives, score, a, nc)


@contextmanager
def _one_thread() -> Iterator[int]:
    """Gives the number of threads that there are otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def _screened(boxes: Tensor, mask_gt: Tensor, slot: Tensor, rules: Rules) -> Tensor:
    """What the centres are held against; (box, 4)."""
    screened = boxes.index_select(0, slot)
    if rules.enlarge is not None:
        screened = enlarged(screened, shorter_than=rules.enlarge[0], becomes=rules.enlarge[1])
    return screened if boxes.is_cpu else screened.masked_fill(~mask_gt.reshape(-1, 1).bool(), math.nan)


def _class_scores_and_overlaps(
    pd_scores: Tensor, pd_bboxes: Tensor, labels: Tensor, boxes: Tensor, slot: Tensor, inside: Inside, rules: Rules
) -> tuple[Tensor, Tensor]:
    """Score of the box's class, and overlap of the box and the prediction; (pair,) both."""
    b, a, c = pd_scores.shape
    pairs = len(inside.cell)
    class_scores = pd_scores.new_empty(pairs)
    overlaps = torch.empty(pairs, dtype=torch.promote_types(boxes.dtype, pd_bboxes.dtype), device=boxes.device)
    overlap_of = overlap_called(rules.overlap)
    corners = boxes.index_select(0, slot).t().contiguous()  # (4, box): what is read together lies together
    predicted = pd_bboxes.reshape(-1, 4).t()  # (4, cell)
    # where a score lies, whatever order the memory has
    of_image, of_anchor, of_class = pd_scores.stride()
    scores = pd_scores.as_strided(((b - 1) * of_image + (a - 1) * of_anchor + (c - 1) * of_class + 1,), (1,))
    image = slot // (len(labels) // b)
    start = image * (of_image - a * of_anchor) + labels.index_select(0, slot) % c * of_class  # (box,)
    step = min(AT_ONCE, pairs) if overlaps.is_cpu else pairs
    sides = pd_bboxes.new_empty(4, step)
    for first in range(0, pairs, max(1, step)):
        part = slice(first, first + step)
        box, cell = inside.box[part], inside.cell[part]
        torch.index_select(scores, 0, (cell * of_anchor).add_(start.index_select(0, box)), out=class_scores[part])
        for side, found in zip(predicted, sides, strict=True):
            torch.index_select(side, 0, cell, out=found[: len(cell)])
        overlap = overlap_of(corners.index_select(1, box).t(), sides[:, : len(cell)].t(), rules.arithmetic)
        torch.clamp(overlap, min=0, out=overlaps[part])
    return class_scores, overlaps


def _power(x: Tensor, exponent: float, rules: Rules, threads: int) -> Tensor:
    """x^exponent, in the parts that torch shares a vector among ``threads`` in.

    torch's pow takes 32 numbers at a time, and those at the end of a part, one by one, can differ by an ulp.
    """
    share = min(threads, -(-len(x) // AT_ONCE)) if x.is_cpu else 1
    if share <= 1:
        return rules.arithmetic.power(x, exponent)
    return torch.cat([rules.arithmetic.power(part, exponent) for part in torch.split(x, -(-len(x) // share))])

"""One line per ground-truth box: how far it came and, if it got nothing, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..assignment.grid import Grid
from ..basics.arrays import Array
from .record import BoxLine

CAUSES: Mapping[str, str] = {
    "ignored-as-padding": "its corners add up to 0 or less, so it counts as padding and selects nothing",
    "masked-out": "mask_gt is false for it, so it selects nothing",
    "no-anchor-inside": "no anchor centre lies inside it",
    "non-finite": "its metric is nan or infinite",
    "metric-zero": "all its metrics are 0, and tie order selected other anchors",
    "not-selected": "the selection left it none of its candidates",
    "lost-conflicts": "it lost every anchor it selected to other boxes",
}
"""Why a box can end without positives; ids are stable."""


def decide_causes(boxes: Sequence[int], kept: Mapping[str, Array]) -> Array:
    """(image, gt) the cause that keeps a box from positives, as far as the run has come; empty where there is none.

    Args:
        boxes: label rows of every image, before padding.
        kept: the small tensors of the run by name, those that there are yet.
    """
    valid = kept["mask_gt"][..., 0].astype(bool)
    real = np.arange(valid.shape[1]) < np.array(boxes, dtype=np.int64)[:, None]
    with np.errstate(invalid="ignore"):  # corners may be infinite
        steps = [("ignored-as-padding", ~valid & (kept["gt_bboxes"].sum(axis=-1) <= 0)), ("masked-out", ~valid)]
    if "fg_mask" in kept:
        steps.append(("", count_positives(kept) > 0))
    if "pairs" in kept:
        steps.append(("no-anchor-inside", count_pairs(kept) == 0))
    if "fg_mask" in kept:
        lost = count_pairs(kept, kept["mask_topk"]) > 0
        if "mask_resolved" in kept:  # what is left after conflicts was not lost to others, but not kept by topk2
            lost &= count_pairs(kept, kept["mask_resolved"]) == 0
        steps.append(("lost-conflicts", lost))
        steps.append(("non-finite", count_pairs(kept, ~np.isfinite(kept["align_metric"])) > 0))
        steps.append(("metric-zero", count_pairs(kept, kept["align_metric"] > 0) == 0))
        steps.append(("not-selected", np.ones(valid.shape, dtype=bool)))
    return np.select([real & mask for _, mask in steps], [cause for cause, _ in steps], default="")


def count_pairs(kept: Mapping[str, Array], mask: Array | None = None) -> Array:
    """(image, gt) candidates of every box, or those of them in ``mask`` (pair,)."""
    b, m = kept["mask_gt"].shape[:2]
    pairs = kept["pairs"] if mask is None else kept["pairs"][mask]
    return np.bincount(pairs[:, 0] * m + pairs[:, 1], minlength=b * m).reshape(b, m)


def count_positives(kept: Mapping[str, Array]) -> Array:
    """(image, gt) anchors that every box owns in the end."""
    b, m = kept["mask_gt"].shape[:2]
    image, anchor = np.nonzero(kept["fg_mask"])
    owner = kept["target_gt_idx"][image, anchor]
    return np.bincount(image * m + owner, minlength=b * m).reshape(b, m)


def summarize(grid: Grid, boxes: Sequence[int], kept: Mapping[str, Array]) -> tuple[BoxLine, ...]:
    """The lines of all boxes in order.

    Args:
        grid: the levels.
        boxes: label rows of every image, before padding.
        kept: the small tensors of the run by name.
    """
    b, m = kept["mask_gt"].shape[:2]
    if not b * m:
        return ()
    image, gt, anchor = kept["pairs"].T
    row = image * m + gt  # ascending, as the pairs are
    levels = len(grid.levels)
    level = np.searchsorted([level.first for level in grid.levels], anchor, side="right") - 1
    candidates = np.bincount(row * levels + level, minlength=b * m * levels).reshape(b, m, levels).tolist()
    best = np.full(b * m, np.nan, dtype=kept["overlaps"].dtype)
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    if starts.size:
        best[row[starts]] = np.maximum.reduceat(kept["overlaps"], starts)
    overlaps = best.reshape(b, m).tolist()
    selected, positives = count_pairs(kept, kept["mask_topk"]).tolist(), count_positives(kept).tolist()
    causes = decide_causes(boxes, kept).tolist()
    labels = kept["gt_labels"].reshape(b, m).tolist()
    with np.errstate(invalid="ignore"):
        sizes = (kept["gt_bboxes"][..., 2:] - kept["gt_bboxes"][..., :2]).tolist()
    return tuple(
        BoxLine(
            image=i,
            gt=j,
            label=labels[i][j],
            width=sizes[i][j][0],
            height=sizes[i][j][1],
            candidates=tuple(candidates[i][j]),
            selected=selected[i][j],
            positives=positives[i][j],
            best_overlap=overlaps[i][j] if any(candidates[i][j]) else None,
            cause=causes[i][j],
        )
        for i, of_image in enumerate(boxes)
        for j in range(of_image)
    )

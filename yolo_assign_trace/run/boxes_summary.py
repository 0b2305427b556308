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


def summarize(grid: Grid, boxes: Sequence[int], kept: Mapping[str, Array]) -> tuple[BoxLine, ...]:
    """The lines of all boxes in order.

    Args:
        grid: the levels.
        boxes: label rows of every image, before padding.
        kept: the small tensors of the run by name.
    """
    rows = kept["mask_gt"].size
    if not rows:
        return ()
    m = kept["mask_gt"].shape[1]
    image, gt, anchor = kept["pairs"].T
    row = image * m + gt  # ascending, as the pairs are

    def count(mask: Array) -> list[int]:
        counts: list[int] = np.bincount(row[mask], minlength=rows).tolist()
        return counts

    levels = len(grid.levels)
    level = np.searchsorted([level.first for level in grid.levels], anchor, side="right") - 1
    candidates = np.bincount(row * levels + level, minlength=rows * levels).reshape(rows, levels).tolist()
    where, which = np.nonzero(kept["fg_mask"])
    positives = np.bincount(where * m + kept["target_gt_idx"][where, which], minlength=rows).tolist()
    selected = count(kept["mask_topk"])
    resolved = count(kept["mask_resolved"]) if "mask_resolved" in kept else [0] * rows
    odd = count(~np.isfinite(kept["align_metric"]))
    above_zero = count(kept["align_metric"] > 0)
    best = np.full(rows, np.nan, dtype=kept["overlaps"].dtype)
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    if starts.size:
        best[row[starts]] = np.maximum.reduceat(kept["overlaps"], starts)
    best_overlap = best.tolist()

    labels = kept["gt_labels"].reshape(rows).tolist()
    valid = kept["mask_gt"].reshape(rows).tolist()
    corners = kept["gt_bboxes"].reshape(rows, 4)
    corner_sums = corners.sum(axis=1).tolist()
    sizes = (corners[:, 2:] - corners[:, :2]).tolist()
    lines = []
    for i, j in [(i, j) for i, of_image in enumerate(boxes) for j in range(of_image)]:
        n = i * m + j
        if not valid[n]:
            cause = "ignored-as-padding" if corner_sums[n] <= 0 else "masked-out"
        elif positives[n]:
            cause = ""
        elif not sum(candidates[n]):
            cause = "no-anchor-inside"
        elif selected[n] and not resolved[n]:
            cause = "lost-conflicts"
        elif odd[n]:
            cause = "non-finite"
        else:
            cause = "not-selected" if above_zero[n] else "metric-zero"
        overlap = best_overlap[n] if sum(candidates[n]) else None
        size = sizes[n]
        lines.append(
            BoxLine(i, j, labels[n], size[0], size[1], tuple(candidates[n]), selected[n], positives[n], overlap, cause)
        )
    return tuple(lines)

"""One line per ground-truth box: how far it came and, if it got nothing, why."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .arrays import Array
from .record import BoxLine, Run

CAUSES: Mapping[str, str] = {
    "ignored-as-padding": "its corners add up to 0 or less, so it counts as padding",
    "no-anchor-inside": "no anchor centre lies inside it",
    "non-finite": "its metric is nan or infinite",
    "metric-zero": "all its metrics are 0, and tie order selected other anchors",
    "not-selected": "none of its candidates was selected",
    "lost-conflicts": "it lost every anchor it selected to other boxes",
}
"""Why a box can end without positives; ids are stable."""


def summarize(run: Run, kept: Mapping[str, Array]) -> tuple[BoxLine, ...]:
    """The lines of all boxes in order; ``kept`` holds the small tensors of the run by name."""
    m = run.sizes["gt"]
    rows = run.sizes["image"] * m
    if not rows:
        return ()
    image, gt, anchor = kept["pairs"].T
    row = image * m + gt
    levels = len(run.grid.levels)
    level = np.searchsorted([level.first for level in run.grid.levels], anchor, side="right") - 1
    candidates = np.bincount(row * levels + level, minlength=rows * levels).reshape(rows, levels)
    selected = np.bincount(row[kept["mask_topk"]], minlength=rows)
    owner_image, owned = np.nonzero(kept["fg_mask"])
    positives = np.bincount(owner_image * m + kept["target_gt_idx"][owner_image, owned], minlength=rows)
    best = np.full(rows, -np.inf)
    np.maximum.at(best, row, kept["overlaps"])
    resolved = kept.get("mask_resolved", kept["mask_topk"][:0])
    dropped = np.bincount(row[: len(resolved)][resolved], minlength=rows) > 0  # positive, but not among the topk2 best
    odd = np.bincount(row[~np.isfinite(kept["align_metric"])], minlength=rows) > 0

    labels = kept["gt_labels"].reshape(rows)
    valid = kept["mask_gt"].reshape(rows)
    corners = kept["gt_bboxes"].reshape(rows, 4)
    sizes = corners[:, 2:] - corners[:, :2]
    lines = []
    for i, count in enumerate(run.boxes):
        for j in range(count):
            n = i * m + j
            total, chosen, won = int(candidates[n].sum()), int(selected[n]), int(positives[n])
            cause = ""
            if not valid[n]:
                cause = "ignored-as-padding"
            elif not won:
                cause = _cause(
                    total, chosen, bool(odd[n]), bool(dropped[n]), all_zero=not kept["align_metric"][row == n].any()
                )
            lines.append(
                BoxLine(
                    image=i,
                    gt=j,
                    label=int(labels[n]),
                    width=float(sizes[n, 0]),
                    height=float(sizes[n, 1]),
                    candidates=tuple(candidates[n].tolist()),
                    selected=chosen,
                    positives=won,
                    best_overlap=float(best[n]) if total else None,
                    cause=cause,
                )
            )
    return tuple(lines)


def _cause(candidates: int, selected: int, odd: bool, dropped: bool, *, all_zero: bool) -> str:
    if not candidates:
        return "no-anchor-inside"
    if selected and not dropped:
        return "lost-conflicts"
    if odd:
        return "non-finite"
    return "metric-zero" if all_zero else "not-selected"

"""The lines of a recording that tell of a call. docs/watch.md describes their fields."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...basics.arrays import Array
from ...basics.box_sizes import SIZES, size_classes
from ...formats.anchor_code import encode_anchors
from .look import Look


def count_line(look: Look) -> dict[str, Any]:
    """The counts of one call; None wherever the call cannot tell."""
    valid = look.valid.reshape(-1)
    m = look.valid.shape[1]
    row = look.positives[:, 0] * m + look.positives[:, 1]
    size = size_classes([(w, h) for w, h in look.sizes.reshape(-1, 2).tolist()])
    without = valid & (np.bincount(row, minlength=len(valid)) == 0)
    levels = len(look.grid.levels)
    table = np.bincount(look.level * len(SIZES) + size[row], minlength=levels * len(SIZES))
    replayed = look.replayed
    return {
        "images": len(look.valid),
        "boxes": _by_size(size[valid]),
        "without": _by_size(size[without]),
        "levels": [level.name for level in look.grid.levels],
        "positives": table.reshape(levels, len(SIZES)).tolist(),
        "contested": None if replayed is None else replayed.contested,
        "beyond": None if replayed is None or replayed.beyond is None else int((replayed.beyond & valid).sum()),
        "target_mean": _number(look.scores.mean(dtype=np.float64)) if len(look.scores) else None,
        "target_max": _number(look.scores.max()) if len(look.scores) else None,
    }


def box_lines(look: Look, boxes: Sequence[int]) -> list[list[dict[str, Any]]]:
    """One line per box of every image, without what tells which picture and label line it is.

    Args:
        look: at a call, with all that causes need.
        boxes: how many rows of every image are boxes.
    """
    levels = len(look.grid.levels)
    m = look.valid.shape[1]
    row = look.positives[:, 0] * m + look.positives[:, 1]
    anchors = look.positives[row.argsort(kind="stable"), 2].tolist()
    ends = [0, *np.bincount(row, minlength=look.valid.size).cumsum().tolist()]
    cells = np.bincount(row * levels + look.level, minlength=look.valid.size * levels)
    positives, labels, sizes = cells.reshape(-1, levels).tolist(), look.labels.tolist(), look.sizes.tolist()
    causes: Mapping[tuple[int, int], str] = {}
    if look.replayed is not None:
        causes = {(line.image, line.gt): line.cause for line in look.box_lines(boxes)}
    found = []
    for image, rows in enumerate(boxes):
        of_image = []
        for gt in range(rows):
            n = image * m + gt
            own = anchors[ends[n] : ends[n + 1]]
            of_image.append(
                {
                    "gt": gt,
                    "class": labels[image][gt],
                    "size": [round(side, 2) for side in sizes[image][gt]],
                    "positives": positives[n],
                    "cause": "" if own else causes.get((image, gt)),
                    "owners": encode_anchors(own),
                }
            )
        found.append(of_image)
    return found


def _by_size(classes: Array) -> list[int]:
    found: list[int] = np.bincount(classes, minlength=len(SIZES)).tolist()
    return found


def _number(value: Any) -> float | None:
    """Four digits are enough to read; JSON has no nan."""
    return float(f"{value:.4g}") if math.isfinite(value) else None

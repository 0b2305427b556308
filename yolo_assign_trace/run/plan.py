"""What a trace would cost: the stages up to screen, which need no head output, and arithmetic for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ..assignment import stages
from ..assignment.assigner import Assigner
from ..assignment.capture import begin_with_capture
from ..assignment.grid import Grid
from ..assignment.outputs import FIXED_SIZES, RESULTS
from .costs import estimate_log_bytes, estimate_pair_bytes, peak_bytes, saved_bytes
from .given import Captured


@dataclass(frozen=True)
class Cost:
    """What tracing one batch would take; ``peak``, ``saved`` and ``log`` are bytes."""

    images: int
    anchors: int
    boxes: int
    pairs: int
    peak: int
    saved: int
    log: int


def cost_of(
    assigner: Assigner,
    grid: Grid,
    label_rows: Any,
    *,
    batch: int,
    nc: int,
    reg_max: int,
    digits: int = 5,
    float_bytes: int = 4,
) -> Cost:
    """The cost of a batch with head outputs.

    Args:
        assigner: the stages.
        grid: levels and anchors.
        label_rows: (box, 6) image, class, cx, cy, w, h (normalised).
        batch: number of images.
        nc: number of classes.
        reg_max: bins per side.
        digits: significant digits in the log.
        float_bytes: of one number.
    """
    strides = torch.tensor(grid.strides, dtype=torch.float32)
    points = stages.anchors(grid, strides)
    truth = stages.ground_truth(torch.as_tensor(label_rows), grid, batch, strides)
    screened: Any = assigner.stage("screen").call(
        truth.gt_bboxes, truth.mask_gt, points.anchor_points * points.stride_tensor, grid
    )
    sizes = {"image": batch, "gt": truth.gt_bboxes.shape[1], "class": nc, "channel": 4 * reg_max}
    return _cost(assigner, grid, sizes, len(label_rows), len(screened.pairs), digits, float_bytes)


def cost_of_call(assigner: Assigner, captured: Captured, *, digits: int = 5, float_bytes: int = 4) -> Cost:
    """The cost of a captured call; its inputs are in memory already."""
    tensors = [captured.gt_bboxes, captured.mask_gt, captured.anc_points]
    screened: Any = assigner.stage("screen").call(*map(torch.as_tensor, tensors), captured.grid)
    sizes = {"image": captured.batch, "gt": captured.longest, "class": captured.nc, "channel": 0}
    begun = begin_with_capture(assigner)
    return _cost(begun, captured.grid, sizes, sum(captured.boxes), len(screened.pairs), digits, float_bytes)


def _cost(
    assigner: Assigner, grid: Grid, sizes: dict[str, int], boxes: int, pairs: int, digits: int, float_bytes: int
) -> Cost:
    sizes |= {"anchor": grid.anchors, "level": len(grid.levels), "pair": pairs, **FIXED_SIZES}
    log = estimate_log_bytes(sizes, digits, [stage.result for stage in assigner.stages])
    return Cost(
        images=sizes["image"],
        anchors=grid.anchors,
        boxes=boxes,
        pairs=pairs,
        peak=peak_bytes(assigner, sizes, RESULTS, float_bytes),
        saved=saved_bytes(assigner, sizes, float_bytes),
        log=log + estimate_pair_bytes(pairs, digits),
    )

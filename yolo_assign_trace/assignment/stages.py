"""Task-aligned label assignment, stage by stage. Read top to bottom, this is the algorithm.

Every function takes tensors by name and returns the declared result of its stage (see
:mod:`~yolo_assign_trace.assignment.outputs` for axes, units and meanings). They are pure: no input is changed.
b images, m gts, a anchors, c classes, l levels, R bins, p candidate pairs.

exp, atan and pow are taken in float64 and rounded to the tensor's dtype once. The float32 forms differ by an ulp
between processors, and a trace must not.

Source: TOOD, arXiv 2108.07755, section 3.2, as the YOLOv8 family trains with it (releases 8.0.52 - 8.3.253).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .boxes import box_ltrb_to_xyxy, box_xywh_to_xyxy, overlap_called
from .cells import cells_near
from .grid import Grid
from .outputs import (
    Aligned,
    AnchorPoints,
    Decoded,
    Flattened,
    GroundTruth,
    Normalized,
    Resolved,
    Scaled,
    Screened,
    Selected,
    Targets,
)
from .ranking import rank_within_rows, select


def flatten(maps: Sequence[Tensor], grid: Grid, reg_max: int) -> Flattened:
    """Join the maps (b, 4·R+c, h, w) of all levels along one anchor axis."""
    flat = [level.flatten(2).transpose(1, 2) for level in maps]  # each (b, h·w, 4·R+c)
    box = 4 * reg_max
    return Flattened(
        pred_distri=torch.cat([level[..., :box] for level in flat], dim=1),  # (b, a, 4·R)
        pred_scores=torch.cat([level[..., box:] for level in flat], dim=1),  # (b, a, c)
        strides=torch.tensor(grid.strides, dtype=maps[0].dtype, device=maps[0].device),  # (l,)
    )


def anchors(grid: Grid, strides: Tensor) -> AnchorPoints:
    """The centre of every cell, row by row, and the stride that goes with it."""
    points = []
    for level in grid.levels:
        rows, columns = torch.arange(level.height).to(strides), torch.arange(level.width).to(strides)
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        points.append(torch.stack([x + 0.5, y + 0.5], dim=-1).view(-1, 2))
    cells = torch.tensor([level.anchors for level in grid.levels], device=strides.device)
    return AnchorPoints(
        anchor_points=torch.cat(points),  # (a, 2)
        stride_tensor=strides.repeat_interleave(cells).unsqueeze(-1),  # (a, 1)
    )


def decode(pred_distri: Tensor, anchor_points: Tensor, reg_max: int) -> Decoded:
    """Mean of each side's distribution, then a box around the anchor."""
    bins = pred_distri.view(*pred_distri.shape[:-1], 4, reg_max)  # (b, a, 4, R)
    if reg_max == 1:
        distances = bins.squeeze(-1)
    else:
        places = torch.arange(reg_max, dtype=torch.float64, device=bins.device)
        # image by image, because the float64 softmax is twice as large as its input
        means = [(image.double().softmax(-1) * places).sum(-1) for image in bins]
        distances = torch.stack(means).to(bins.dtype)  # (b, a, 4)
    return Decoded(distances=distances, pred_bboxes=box_ltrb_to_xyxy(distances, anchor_points))


def ground_truth(label_rows: Tensor, grid: Grid, batch: int, strides: Tensor) -> GroundTruth:
    """Rows (image, class, cx, cy, w, h · norm), any order, to one padded table of boxes in px."""
    image = label_rows[:, 0].long()
    order = image.argsort(stable=True)
    image, rows = image[order], label_rows[order].to(strides)
    count = image.bincount(minlength=batch)
    gt = torch.arange(len(image), device=image.device) - (count.cumsum(0) - count)[image]  # place within its image
    longest = int(count.max()) if len(image) else 0

    size = torch.tensor([grid.width, grid.height] * 2).to(strides)
    gt_labels = torch.zeros(batch, longest, 1, dtype=torch.long, device=image.device)
    gt_bboxes = torch.zeros(batch, longest, 4).to(strides)
    gt_labels[image, gt, 0] = rows[:, 1].long()
    gt_bboxes[image, gt] = box_xywh_to_xyxy(rows[:, 2:] * size)
    return GroundTruth(gt_labels=gt_labels, gt_bboxes=gt_bboxes, mask_gt=gt_bboxes.sum(-1, keepdim=True) > 0)


def scale(pred_scores: Tensor, pred_bboxes: Tensor, anchor_points: Tensor, stride_tensor: Tensor) -> Scaled:
    """Logits to scores, cells to px."""
    scores = torch.empty_like(pred_scores)
    for i, image in enumerate(pred_scores):  # as in decode
        scores[i] = image.double().sigmoid()
    return Scaled(
        pd_scores=scores,
        pd_bboxes=pred_bboxes * stride_tensor,
        anc_points=anchor_points * stride_tensor,
    )


def screen(gt_bboxes: Tensor, mask_gt: Tensor, anc_points: Tensor, grid: Grid) -> Screened:
    """Keep the (image, gt, anchor) whose anchor centre lies strictly inside the box."""
    image, gt = mask_gt.squeeze(-1).nonzero(as_tuple=True)
    boxes = gt_bboxes[image, gt]
    near, anchor = cells_near(boxes, anc_points, grid)
    point, box = anc_points[anchor], boxes[near]
    bbox_deltas = torch.cat([point - box[:, :2], box[:, 2:] - point], dim=-1)  # (cell, 4)
    inside = (bbox_deltas.amin(-1) > 1e-9).nonzero().squeeze(-1)
    near, anchor = near[inside], anchor[inside]
    return Screened(
        pairs=torch.stack([image[near], gt[near], anchor], dim=-1),  # (p, 3)
        bbox_deltas=bbox_deltas[inside],
        mask_in_gts=torch.ones_like(anchor, dtype=torch.bool),
    )


def align(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    pairs: Tensor,
    overlap: str,
    alpha: float,
    beta: float,
) -> Aligned:
    """s^alpha · u^beta of every candidate pair (TOOD equation 1, by default with CIoU as the overlap)."""
    image, gt, anchor = pairs.unbind(-1)
    class_scores = pd_scores[image, anchor, gt_labels[image, gt, 0]]
    overlaps = overlap_called(overlap)(gt_bboxes[image, gt], pd_bboxes[image, anchor]).clamp(min=0)
    return Aligned(
        class_scores=class_scores,
        overlaps=overlaps,
        align_metric=power(class_scores, alpha) * power(overlaps, beta),
    )


def power(x: Tensor, exponent: float) -> Tensor:
    """x^exponent, taken in float64 and rounded once."""
    return x.double().pow(exponent).to(x.dtype)


def topk(align_metric: Tensor, pairs: Tensor, mask_gt: Tensor, grid: Grid, topk: int) -> Selected:
    """The k candidates with the largest metric of every gt; torch.topk decides among equals."""
    b, m, _ = mask_gt.shape
    image, gt, anchor = pairs.unbind(-1)
    row = image * m + gt
    ranking = rank_within_rows(align_metric, row, rows=b * m, columns=grid.anchors, topk=topk)
    return Selected(
        rank=ranking.rank,
        mask_topk=select(ranking, align_metric, row, anchor, columns=grid.anchors, topk=topk),
        cutoff=ranking.cutoff.view(b, m),
        tie_order=ranking.undecided.view(b, m),
    )


def resolve(
    pairs: Tensor, overlaps: Tensor, align_metric: Tensor, mask_topk: Tensor, batch: int, grid: Grid
) -> Resolved:
    """Give every anchor that several gts selected to the gt with the largest overlap."""
    image, gt, anchor = pairs.unbind(-1)
    size = batch * grid.anchors
    cell = image * grid.anchors + anchor  # where the pair's anchor stands in a flat (image, anchor)
    claims = cell[mask_topk].bincount(minlength=size)

    # All gts that contain the anchor compete. As argmax does: nan counts as largest, the first of equals wins,
    # and gt 0 wins where every overlap is 0, whether or not it contains the anchor.
    strength = overlaps.nan_to_num(nan=torch.inf)
    strongest = torch.zeros(size, dtype=strength.dtype, device=cell.device).scatter_reduce(0, cell, strength, "amax")
    leads = (claims[cell] > 1) & (strength == strongest[cell]) & (strength > 0)
    alone = (claims[cell] == 1) & mask_topk
    winner = leads | alone
    nobody = torch.iinfo(gt.dtype).max
    owner = torch.full((size,), nobody, device=cell.device).scatter_reduce(0, cell[winner], gt[winner], "amin")
    target_gt_idx = owner.where(owner < nobody, 0)

    mask_pos = (claims[cell] > 0) & (target_gt_idx[cell] == gt)
    own = cell[mask_pos]
    blank = torch.zeros(size, dtype=overlaps.dtype, device=cell.device)
    shape = (batch, grid.anchors)
    return Resolved(
        claims=claims.view(shape),
        mask_pos=mask_pos,
        fg_mask=(claims > 0).view(shape),
        target_gt_idx=target_gt_idx.view(shape),
        target_overlaps=blank.index_put((own,), overlaps[mask_pos]).view(shape),
        target_metric=blank.index_put((own,), align_metric[mask_pos]).view(shape),
    )


def targets(gt_labels: Tensor, gt_bboxes: Tensor, fg_mask: Tensor, target_gt_idx: Tensor, nc: int) -> Targets:
    """Label and box of the owner; one-hot classes on positives only."""
    b, a = fg_mask.shape
    one_hot = torch.zeros(b, a, nc, dtype=torch.bool, device=fg_mask.device)
    if gt_bboxes.shape[1] == 0:  # no box in the whole batch: class number nc stands for background
        return Targets(
            target_labels=torch.full_like(target_gt_idx, nc),
            target_bboxes=torch.zeros(b, a, 4).to(gt_bboxes),
            one_hot=one_hot,
        )
    image = torch.arange(b, device=fg_mask.device).unsqueeze(-1)  # (b, 1), against (b, a)
    target_labels = gt_labels[image, target_gt_idx, 0]
    positive, anchor = fg_mask.nonzero(as_tuple=True)
    one_hot[positive, anchor, target_labels[positive, anchor]] = True
    return Targets(target_labels=target_labels, target_bboxes=gt_bboxes[image, target_gt_idx], one_hot=one_hot)


def normalize(
    pairs: Tensor,
    overlaps: Tensor,
    align_metric: Tensor,
    target_metric: Tensor,
    target_overlaps: Tensor,
    target_gt_idx: Tensor,
    fg_mask: Tensor,
    one_hot: Tensor,
    mask_gt: Tensor,
) -> Normalized:
    """Metric over the gt's best metric, times the gt's best overlap, both among its positives."""
    b, m, _ = mask_gt.shape
    image, anchor = fg_mask.nonzero(as_tuple=True)  # (positive,)
    row = image * m + target_gt_idx[image, anchor]
    metric, overlap = target_metric[image, anchor], target_overlaps[image, anchor]

    none = torch.zeros(b * m, dtype=metric.dtype, device=metric.device)
    best_metric = none.scatter_reduce(0, row, metric, "amax")
    best_overlap = none.scatter_reduce(0, row, overlap, "amax")
    norm_align_metric = torch.zeros_like(target_metric)
    norm_align_metric[image, anchor] = metric * best_overlap[row] / (best_metric[row] + 1e-9)
    # only rows of positives are multiplied out: all others are zero, and there are thousands of them
    target_scores = torch.zeros_like(one_hot, dtype=metric.dtype)
    target_scores[image, anchor] = one_hot[image, anchor] * norm_align_metric[image, anchor].unsqueeze(-1)
    if not (align_metric.isfinite() & overlaps.isfinite()).all():
        mine = fg_mask[pairs[:, 0], pairs[:, 2]] & (target_gt_idx[pairs[:, 0], pairs[:, 2]] == pairs[:, 1])
        spoiled = pairs[(align_metric * mine).isnan() | (overlaps * mine).isnan(), 0]
        norm_align_metric[spoiled], target_scores[spoiled] = torch.nan, torch.nan
    return Normalized(
        pos_align_metrics=best_metric.view(b, m),
        pos_overlaps=best_overlap.view(b, m),
        norm_align_metric=norm_align_metric,
        target_scores=target_scores,
    )

"""The stages that differ between generations of the original; each stands in for one of :mod:`.stages`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from . import stages
from .boxes import OVERLAPS, REORDERED, box_xywh_to_xyxy, box_xyxy_to_xywh
from .grid import Grid
from .outputs import Resolved, StageResult
from .ranking import rank_within_rows, select
from .stages import align, power, resolve, screen
from .variant_outputs import (
    AlignedReordered,
    NormalizedUnmasked,
    ResolvedAndKept,
    ResolvedUnmasked,
    ScreenedEnlarged,
    ScreenedFloored,
    SelectedUnmasked,
)


def screen_enlarged(gt_bboxes: Tensor, mask_gt: Tensor, anc_points: Tensor, grid: Grid) -> ScreenedEnlarged:
    """Releases 8.4.0 - 8.4.127: sides shorter than the first stride count as the second stride."""
    boxes = enlarged(gt_bboxes, mask_gt, grid, shorter_than=grid.strides[0])
    return ScreenedEnlarged(**_as_dict(screen(boxes, mask_gt, anc_points, grid)), screen_bboxes=boxes)


def screen_floored(gt_bboxes: Tensor, mask_gt: Tensor, anc_points: Tensor, grid: Grid) -> ScreenedFloored:
    """Releases from 8.4.128 on: no side counts as shorter than the second stride."""
    boxes = enlarged(gt_bboxes, mask_gt, grid, shorter_than=_second_stride(grid))
    return ScreenedFloored(**_as_dict(screen(boxes, mask_gt, anc_points, grid)), screen_bboxes=boxes)


def enlarged(gt_bboxes: Tensor, mask_gt: Tensor, grid: Grid, *, shorter_than: int) -> Tensor:
    """Set the short sides of valid boxes to the second stride, around the same centre; (b, m, 4) px.

    Every box takes the way over centre and size and back, which rounds: an edge can move by an ulp, and an
    anchor centre on that edge changes sides.
    """
    xywh = box_xyxy_to_xywh(gt_bboxes)
    short = (xywh[..., 2:] < shorter_than) & mask_gt  # (b, m, 2)
    size = xywh[..., 2:].masked_fill(short, float(_second_stride(grid)))
    return box_xywh_to_xyxy(torch.cat([xywh[..., :2], size], dim=-1))


def align_reordered(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    pairs: Tensor,
    overlap: str,
    alpha: float,
    beta: float,
) -> AlignedReordered:
    """Releases from 8.4.144 on: CIoU sums its weight in another order."""
    overlap = REORDERED if overlap == "ciou" else overlap
    return AlignedReordered(**_as_dict(align(pd_scores, pd_bboxes, gt_labels, gt_bboxes, pairs, overlap, alpha, beta)))


def topk_unmasked(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    align_metric: Tensor,
    pairs: Tensor,
    mask_gt: Tensor,
    grid: Grid,
    topk: int,
    overlap: str,
    alpha: float,
    beta: float,
) -> SelectedUnmasked:
    """Releases 8.0.0 - 8.0.51: metrics outside a box are multiplied with 0, which leaves nan and makes nan of infinity.

    So an anchor outside can take a place among the k. Only images with such numbers are laid out whole.
    """
    selected = stages.topk(align_metric, pairs, mask_gt, grid, topk)
    mask_topk = selected.mask_topk
    for image, (_, metric) in _with_odd_numbers(pd_scores, pd_bboxes, gt_labels, gt_bboxes, overlap, alpha, beta):
        here = (pairs[:, 0] == image).nonzero().squeeze(-1)
        of_pair = (pairs[here, 1], pairs[here, 2])
        masked = (metric * 0).index_put(of_pair, align_metric[here])
        picked = torch.zeros_like(masked, dtype=torch.bool).scatter_(1, masked.topk(topk, dim=-1).indices, True)
        mask_topk = mask_topk.index_put((here,), picked[of_pair])
    return SelectedUnmasked(**_as_dict(selected) | {"mask_topk": mask_topk})


def _with_odd_numbers(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    overlap: str,
    alpha: float,
    beta: float,
) -> Iterator[tuple[int, tuple[Tensor, Tensor]]]:
    """Images with nan or infinity among their numbers, each with its overlaps and metrics of all (gt, anchor)."""
    for image in range(len(pd_scores)):
        numbers = (pd_scores[image], pd_bboxes[image], gt_bboxes[image])
        if gt_bboxes.shape[1] and not all(bool(number.isfinite().all()) for number in numbers):
            overlaps = OVERLAPS[overlap](gt_bboxes[image].unsqueeze(1), pd_bboxes[image]).clamp(min=0)  # (m, a)
            scores = pd_scores[image, :, gt_labels[image, :, 0]].T  # (m, a)
            yield image, (overlaps, power(scores, alpha) * power(overlaps, beta))


def normalize_unmasked(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    pairs: Tensor,
    overlaps: Tensor,
    align_metric: Tensor,
    target_metric: Tensor,
    target_overlaps: Tensor,
    target_gt_idx: Tensor,
    fg_mask: Tensor,
    one_hot: Tensor,
    mask_gt: Tensor,
    overlap: str,
    alpha: float,
    beta: float,
) -> NormalizedUnmasked:
    """Releases 8.0.0 - 8.0.51: a number of any (gt, anchor) that is not finite spoils the image, padding's included."""
    normalized = stages.normalize(
        pairs, overlaps, align_metric, target_metric, target_overlaps, target_gt_idx, fg_mask, one_hot, mask_gt
    )
    scores, of_anchor = normalized.target_scores, normalized.norm_align_metric
    for image, (u, metric) in _with_odd_numbers(pd_scores, pd_bboxes, gt_labels, gt_bboxes, overlap, alpha, beta):
        gt = torch.arange(len(u), device=u.device).unsqueeze(-1)
        mine = fg_mask[image] & (target_gt_idx[image] == gt)  # (m, a)
        if bool(((metric * mine).isnan() | (u * mine).isnan()).any()):
            index = (torch.tensor([image], device=u.device),)
            scores = scores.index_put(index, scores.new_tensor(torch.nan))
            of_anchor = of_anchor.index_put(index, of_anchor.new_tensor(torch.nan))
    return NormalizedUnmasked(**_as_dict(normalized) | {"norm_align_metric": of_anchor, "target_scores": scores})


def resolve_unmasked(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    pairs: Tensor,
    overlaps: Tensor,
    align_metric: Tensor,
    mask_topk: Tensor,
    grid: Grid,
    overlap: str,
    alpha: float,
    beta: float,
) -> ResolvedUnmasked:
    """Releases 8.0.0 - 8.0.51: all boxes of the image compete, also those that do not contain the anchor."""
    masked = resolve(pairs, overlaps, align_metric, mask_topk, len(pd_scores), grid)
    image, anchor = (masked.claims > 1).nonzero(as_tuple=True)  # (contested,)
    rivals = OVERLAPS[overlap](gt_bboxes[image], pd_bboxes[image, anchor].unsqueeze(1)).clamp(min=0)  # (contested, m)
    winner = rivals.argmax(dim=1) if len(image) else image  # the first of equals, as torch promises
    overlap_won = rivals.gather(1, winner.unsqueeze(1)).squeeze(1) if len(image) else rivals.new_zeros(0)
    score = pd_scores[image, anchor, gt_labels[image, winner, 0]]

    target_gt_idx = masked.target_gt_idx.index_put((image, anchor), winner)
    of_pair = (pairs[:, 0], pairs[:, 2])
    return ResolvedUnmasked(
        claims=masked.claims,
        mask_pos=masked.fg_mask[of_pair] & (target_gt_idx[of_pair] == pairs[:, 1]),
        fg_mask=masked.fg_mask,
        target_gt_idx=target_gt_idx,
        target_overlaps=masked.target_overlaps.index_put((image, anchor), overlap_won),
        target_metric=masked.target_metric.index_put((image, anchor), power(score, alpha) * power(overlap_won, beta)),
    )


def resolve_and_keep(
    mask_gt: Tensor,
    pairs: Tensor,
    overlaps: Tensor,
    align_metric: Tensor,
    mask_topk: Tensor,
    grid: Grid,
    topk: int,
    topk2: int | None,
) -> ResolvedAndKept:
    """Releases from 8.4.0 on: after conflicts every box keeps only its topk2 best positives."""
    b, m, _ = mask_gt.shape
    resolved = resolve(pairs, overlaps, align_metric, mask_topk, b, grid)
    if topk2 is None or topk2 == topk:
        nothing = torch.zeros(b, m, dtype=torch.bool, device=pairs.device)
        return ResolvedAndKept(**_as_dict(resolved), mask_resolved=resolved.mask_pos, keep_tie_order=nothing)

    image, anchor = resolved.fg_mask.nonzero(as_tuple=True)  # (positive,)
    row = image * m + resolved.target_gt_idx[image, anchor]
    order = (row * grid.anchors + anchor).argsort()
    image, anchor, row = image[order], anchor[order], row[order]
    metric = resolved.target_metric[image, anchor]
    ranking = rank_within_rows(metric, row, rows=b * m, columns=grid.anchors, topk=topk2)
    kept = select(ranking, metric, row, anchor, columns=grid.anchors, topk=topk2)
    fg_mask = torch.zeros_like(resolved.fg_mask)
    fg_mask[image[kept], anchor[kept]] = True
    return keep_only(resolved, pairs, fg_mask, ranking.undecided.view(b, m))


def keep_only(resolved: Resolved, pairs: Tensor, fg_mask: Tensor, tie_order: Tensor) -> ResolvedAndKept:
    """What is left of resolved conflicts if only the anchors in ``fg_mask`` (b, a) stay positive."""
    return ResolvedAndKept(
        claims=resolved.claims,
        mask_pos=resolved.mask_pos & fg_mask[pairs[:, 0], pairs[:, 2]],
        fg_mask=fg_mask,
        target_gt_idx=resolved.target_gt_idx * fg_mask,
        target_overlaps=resolved.target_overlaps * fg_mask,
        target_metric=resolved.target_metric * fg_mask,
        mask_resolved=resolved.mask_pos,
        keep_tie_order=tie_order,
    )


def _second_stride(grid: Grid) -> int:
    """The stride that short sides are set to; the only one if there is one."""
    return grid.strides[min(1, len(grid.strides) - 1)]


def _as_dict(result: StageResult) -> dict[str, Tensor]:
    return {output.name: getattr(result, output.name) for output in result.outputs()}

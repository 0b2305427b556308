"""What the stages of :mod:`.variants` put out, where they differ from :mod:`.outputs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .outputs import Aligned, Normalized, Resolved, Screened, Selected, tensor

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ScreenedEnlarged(Screened):
    differs = "a side shorter than the first stride is screened as long as the second"
    title = "pairs whose anchor centre lies inside the box, very small boxes enlarged"
    says = (
        "As before, but each side of a box that is shorter than the first stride counts as long as the second. "
        "Only the screening sees the enlarged box; targets keep the original one."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "screen_bboxes = gt_bboxes over centre and size; a side < first stride becomes the second stride",
        "mask_in_gts = min(x - x1, y - y1, x2 - x, y2 - y) > 1e-9 px, with the sides of screen_bboxes",
    )

    enlarged_below: ClassVar[int] = 0
    """Index of the stride below which a side is enlarged."""

    screen_bboxes: Tensor = tensor("image gt xyxy", "px", "boxes that the anchor centres are tested against")


@dataclass(frozen=True)
class ScreenedFloored(ScreenedEnlarged):
    enlarged_below = 1
    differs = "a side shorter than the second stride is screened as long as the second"
    title = "pairs whose anchor centre lies inside the box, small boxes enlarged"
    says = (
        "No side of a box counts as shorter than the second stride. Only the screening sees the enlarged box; "
        "targets keep the original one."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "screen_bboxes = gt_bboxes over centre and size; a side < second stride becomes the second stride",
        "mask_in_gts = min(x - x1, y - y1, x2 - x, y2 - y) > 1e-9 px, with the sides of screen_bboxes",
    )


@dataclass(frozen=True)
class AlignedReordered(Aligned):
    differs = "CIoU's weight is summed in another order: at most 6e-8, so only near ties move"
    formula: ClassVar[tuple[str, ...]] = (
        "overlaps = max({overlap_name}(gt, predicted box), 0)     CIoU's weight a = v / (1 - IoU + v + 1e-7)",
        "align_metric = class_scores^{alpha:g} · overlaps^{beta:g}",
    )


@dataclass(frozen=True)
class SelectedUnmasked(Selected):
    differs = "nan and infinity outside a box take places among its k"
    says = (
        "There is no threshold: a box always takes k of all anchors. Without k metrics above 0 the places "
        "left go to anchors of metric 0 anywhere on the grid, mostly outside the box, where they are dropped again. "
        "In this generation nan and infinity outside a box take places too."
    )


@dataclass(frozen=True)
class NormalizedUnmasked(Normalized):
    differs = "nan or infinity of any pair of gt and anchor spoils the scores of its image"
    says = (
        "The best positive of every box gets that box's best overlap as its target score; its other positives get "
        "proportionally less. Only positives after conflicts count. In this generation nan or infinity of any pair "
        "of gt and anchor spoils the scores of its image."
    )


@dataclass(frozen=True)
class ResolvedUnmasked(Resolved):
    differs = "all boxes compete for a contested anchor"
    says = (
        "A contested anchor goes to the box of the image with the largest overlap, the first one if equal. All "
        "boxes take part, also those that do not contain the anchor: overlaps are not masked in this generation."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "claims = number of gts that selected the anchor     fg_mask = claims > 0",
        "target_gt_idx = the gt that selected it, or argmax over all gts of the overlap where claims > 1",
    )


@dataclass(frozen=True)
class ResolvedAndKept(Resolved):
    differs = "topk2: after conflicts a box may keep only its best positives"
    title = "an anchor chosen by several boxes goes to one of them, and each box keeps its best"
    formula: ClassVar[tuple[str, ...]] = (
        "claims = number of gts that selected the anchor     mask_resolved = selected, conflicts decided",
        "target_gt_idx = the gt that selected it, or argmax over gts of overlaps where claims > 1",
        "fg_mask = among the topk2 = {topk2} largest align_metric of its gt's positives; all if None or {topk}",
    )

    mask_resolved: Tensor = tensor("pair", "mask", "pairs that are positive after conflicts, before topk2")
    keep_tie_order: Tensor = tensor("image gt", "mask", "true where the order of equal metrics decided what was kept")

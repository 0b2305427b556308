"""What every stage puts out, declared once: name, axes, unit and meaning.

Each class is the result of one stage. Its attributes are the tensors; console, log, saved trace,
``yolo-assign stages``, docs and errors all read their axes, units and meanings from here. This
module needs no torch, so that help, errors and readers of finished traces do not either.

Boxes are corners x1, y1, x2, y2. Shapes stand as axis names; the sizes are those of :data:`AXES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor

AXES: Mapping[str, str] = {
    "image": "b, images of the batch",
    "gt": "m, ground-truth boxes of one image, padded to the longest",
    "anchor": "a, cells of all levels: fine level first, row by row",
    "class": "c, object classes",
    "level": "l, feature maps P3, P4, P5 ...",
    "pair": "p, candidate pairs, sorted by image, gt, anchor",
    "channel": "4·R bins: R for the left side, then top, right, bottom",
    "side": "left, top, right, bottom",
    "xy": "x, y",
    "xyxy": "x1, y1, x2, y2",
    "triple": "image, gt, anchor",
    "term": "box, cls, dfl: the terms of the loss",
    "one": "always 1; kept because training code has it",
}

FIXED_SIZES: Mapping[str, int] = {"side": 4, "xy": 2, "xyxy": 4, "triple": 3, "term": 3, "one": 1}
"""Lengths of the axes that are the same in every run."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "side": ("l", "t", "r", "b"),
    "xy": ("x", "y"),
    "xyxy": ("x1", "y1", "x2", "y2"),
    "triple": ("image", "gt", "anchor"),
    "term": ("box", "cls", "dfl"),
}
"""Names of the elements of the short axes."""


@dataclass(frozen=True)
class Output:
    """One declared output: ``axes`` name the dimensions of the tensor, ``unit`` says what its numbers are.

    The unit is one of px (pixels of the network input), grid (cells of a level), norm (0..1), logit, score,
    overlap, metric, index, count, mask, loss.
    """

    name: str
    axes: tuple[str, ...]
    unit: str
    meaning: str

    @property
    def on_pairs(self) -> bool:
        """Is it a flat vector over candidate pairs, zero everywhere else?"""
        return self.axes[0] == "pair"


def tensor(axes: str, unit: str, meaning: str) -> Any:
    """Declare one output of a stage as a dataclass field."""
    return field(metadata={"axes": tuple(axes.split()), "unit": unit, "meaning": meaning})


class StageResult:
    """Base of all results.

    ``says`` is for a reader; ``formula`` may name parameters in braces; ``differs`` is one line about what sets
    the stage apart from its neighbour in another generation.
    """

    stage: ClassVar[str]
    title: ClassVar[str]
    says: ClassVar[str]
    formula: ClassVar[tuple[str, ...]]
    differs: ClassVar[str] = ""

    @classmethod
    def outputs(cls) -> tuple[Output, ...]:
        """The declared outputs, in the order in which they are traced."""
        return tuple(Output(f.name, **f.metadata) for f in fields(cls))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Flattened(StageResult):
    stage = "flatten"
    title = "the levels' maps become one list of anchors"
    says = (
        "Every cell of every map is an anchor. The maps (b, 4·R+c, h, w) are read row by row, fine level first, "
        "and split: the first 4·R channels describe a box, the others score the classes."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "pred_distri[image, n] = map[image, 0 .. 4·R-1, y, x]     n = first anchor of the level + y·width + x",
        "pred_scores[image, n] = map[image, 4·R .. 4·R+c-1, y, x]     R = {reg_max}",
    )

    pred_distri: Tensor = tensor("image anchor channel", "logit", "R bins per side for the distances to the box")
    pred_scores: Tensor = tensor("image anchor class", "logit", "class scores before the sigmoid")
    strides: Tensor = tensor("level", "px", "px per cell of every level")


@dataclass(frozen=True)
class AnchorPoints(StageResult):
    stage = "anchors"
    title = "every anchor gets its centre"
    says = "An anchor stands in the middle of its cell, measured in cells of its own level."
    formula: ClassVar[tuple[str, ...]] = (
        "anchor_points = (x + 0.5, y + 0.5)",
        "stride_tensor = stride of the anchor's level",
    )

    anchor_points: Tensor = tensor("anchor xy", "grid", "centre of every anchor in cells of its level")
    stride_tensor: Tensor = tensor("anchor one", "px", "px per cell at every anchor")


@dataclass(frozen=True)
class Decoded(StageResult):
    stage = "decode"
    title = "box distributions become predicted boxes"
    says = (
        "Each side's R bins become a probability distribution; its mean is the distance from the anchor to that "
        "side, in cells. With R = 1 the channel is the distance itself."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "distances = sum over i of i · softmax(bins)[i]     i = 0 .. {reg_max}-1",
        "x1, y1 = point - (l, t)     x2, y2 = point + (r, b)",
    )

    distances: Tensor = tensor("image anchor side", "grid", "predicted distance from the anchor to each side")
    pred_bboxes: Tensor = tensor("image anchor xyxy", "grid", "predicted box in cells of the anchor's level")


@dataclass(frozen=True)
class GroundTruth(StageResult):
    stage = "ground_truth"
    title = "label rows become padded boxes"
    says = (
        "The rows of each image are scaled to px, turned into corners, and padded with zeros to the image that "
        "has most. Padding is told by its sum: a box whose corners add up to 0 or less counts as padding."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "x1 = cx·W - w·W/2     y1 = cy·H - h·H/2     x2 = cx·W + w·W/2     y2 = cy·H + h·H/2",
        "mask_gt = x1 + y1 + x2 + y2 > 0",
    )

    gt_labels: Tensor = tensor("image gt one", "index", "class of every box, 0 for padding")
    gt_bboxes: Tensor = tensor("image gt xyxy", "px", "ground-truth boxes, 0 for padding")
    mask_gt: Tensor = tensor("image gt one", "mask", "true for real boxes, false for padding")


@dataclass(frozen=True)
class Scaled(StageResult):
    stage = "scale"
    title = "predictions in the units that the assigner compares"
    says = (
        "Class logits become scores between 0 and 1; predicted boxes and anchor centres become px of the network "
        "input. The names change too (pred to pd, anchor to anc), as they do at the assigner's call."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "pd_scores = 1 / (1 + exp(-pred_scores))",
        "pd_bboxes = pred_bboxes · stride     anc_points = anchor_points · stride",
    )

    pd_scores: Tensor = tensor("image anchor class", "score", "class scores")
    pd_bboxes: Tensor = tensor("image anchor xyxy", "px", "predicted boxes")
    anc_points: Tensor = tensor("anchor xy", "px", "centre of every anchor")


@dataclass(frozen=True)
class Screened(StageResult):
    stage = "screen"
    title = "pairs whose anchor centre lies inside the box"
    says = (
        "An anchor is a candidate for a box only if its centre lies strictly inside it. From here on tensors hold "
        "just these pairs, sorted by image, gt and anchor; everywhere else they are zero."
    )
    formula: ClassVar[tuple[str, ...]] = ("mask_in_gts = min(x - x1, y - y1, x2 - x, y2 - y) > 1e-9 px",)

    pairs: Tensor = tensor("pair triple", "index", "image, gt and anchor of every candidate pair")
    bbox_deltas: Tensor = tensor("pair side", "px", "distance from the anchor's centre to the sides of the gt")
    mask_in_gts: Tensor = tensor("pair", "mask", "is the anchor's centre inside the gt? true for every pair")


@dataclass(frozen=True)
class Aligned(StageResult):
    stage = "align"
    title = "how well each candidate's prediction fits its box"
    says = (
        "The predicted score of the box's own class and the overlap of predicted and true box are multiplied "
        "into one number, the alignment metric."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "overlaps = max({overlap_name}(gt, predicted box), 0)",
        "align_metric = class_scores^{alpha:g} · overlaps^{beta:g}",
    )

    class_scores: Tensor = tensor("pair", "score", "predicted score of the gt's class")
    overlaps: Tensor = tensor("pair", "overlap", "overlap of the gt and the predicted box, at least 0")
    align_metric: Tensor = tensor("pair", "metric", "alignment of score and overlap")


@dataclass(frozen=True)
class Selected(StageResult):
    stage = "topk"
    differs = "only nan and infinity of its candidates take places among a box's k"
    title = "each box takes its {topk} best candidates"
    says = (
        "There is no threshold: a box always takes k of all anchors. Without k metrics above 0 the places "
        "left go to anchors of metric 0 anywhere on the grid, mostly outside the box, where they are dropped again. "
        "Where equal metrics stand at the cut, torch.topk itself is asked, as in training, and the row is marked."
    )
    formula: ClassVar[tuple[str, ...]] = ("mask_topk = align_metric is among the {topk} largest of its gt",)

    rank: Tensor = tensor("pair", "count", "1 for the best candidate of its gt; equal metrics share a rank")
    mask_topk: Tensor = tensor("pair", "mask", "candidates that their gt selected")
    cutoff: Tensor = tensor("image gt", "metric", "k-th largest metric of the gt, 0 if it has fewer candidates")
    tie_order: Tensor = tensor("image gt", "mask", "true where the order of equal metrics decided the selection")


@dataclass(frozen=True)
class Resolved(StageResult):
    stage = "resolve"
    differs = "only boxes that contain a contested anchor compete for it"
    title = "an anchor chosen by several boxes goes to one of them"
    says = (
        "A contested anchor goes to the box with the largest overlap, the first one if equal. All boxes that "
        "contain the anchor take part, also those that had not selected it; if every overlap is 0, box 0 wins."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "claims = number of gts that selected the anchor     fg_mask = claims > 0",
        "target_gt_idx = the gt that selected it, or argmax over gts of overlaps where claims > 1",
    )

    claims: Tensor = tensor("image anchor", "count", "how many gts selected the anchor")
    mask_pos: Tensor = tensor("pair", "mask", "pairs that are positive after conflicts")
    fg_mask: Tensor = tensor("image anchor", "mask", "positive anchors")
    target_gt_idx: Tensor = tensor("image anchor", "index", "gt that owns the anchor; 0 for background")
    target_overlaps: Tensor = tensor("image anchor", "overlap", "overlap with the owner, 0 for background")
    target_metric: Tensor = tensor("image anchor", "metric", "alignment with the owner, 0 for background")


@dataclass(frozen=True)
class Targets(StageResult):
    stage = "targets"
    title = "every anchor takes the label and box of its owner"
    says = (
        "Background anchors carry the label and box of gt 0 of their image; only fg_mask and target_scores tell "
        "them apart. Without any box in the batch the label is the number of classes."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "target_labels = gt_labels[target_gt_idx]     target_bboxes = gt_bboxes[target_gt_idx]",
        "one_hot[class] = fg_mask and target_labels == class",
    )

    target_labels: Tensor = tensor("image anchor", "index", "class of the owner")
    target_bboxes: Tensor = tensor("image anchor xyxy", "px", "box of the owner")
    one_hot: Tensor = tensor("image anchor class", "mask", "true at the class of a positive anchor")


@dataclass(frozen=True)
class Normalized(StageResult):
    stage = "normalize"
    differs = "only nan and infinity of candidates spoil the scores of an image"
    title = "scores to train on, scaled by the best of each box"
    says = (
        "The best positive of every box gets that box's best overlap as its target score; its other positives get "
        "proportionally less. Only positives after conflicts count."
    )
    formula: ClassVar[tuple[str, ...]] = (
        "norm_align_metric = target_metric · pos_overlaps[owner] / (pos_align_metrics[owner] + 1e-9)",
        "target_scores = one_hot · norm_align_metric",
    )

    pos_align_metrics: Tensor = tensor("image gt", "metric", "largest metric among the gt's positives")
    pos_overlaps: Tensor = tensor("image gt", "overlap", "largest overlap among the gt's positives")
    norm_align_metric: Tensor = tensor("image anchor", "score", "target score of the anchor, 0 for background")
    target_scores: Tensor = tensor("image anchor class", "score", "what the classification loss is trained on")


STAGE_RESULTS: tuple[type[StageResult], ...] = (
    Flattened,
    AnchorPoints,
    Decoded,
    GroundTruth,
    Scaled,
    Screened,
    Aligned,
    Selected,
    Resolved,
    Targets,
    Normalized,
)
"""The eleven stages in order."""

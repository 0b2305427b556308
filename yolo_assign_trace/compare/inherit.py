"""Which stage takes what from earlier ones, so that a difference can be told from one that was handed on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

TAKES: Mapping[str, frozenset[str]] = {
    stage: frozenset(names.split())
    for stage, names in {
        "flatten": "",
        "anchors": "strides",
        "decode": "anchor_points pred_distri",
        "ground_truth": "strides",
        "scale": "anchor_points pred_bboxes pred_scores stride_tensor",
        "screen": "anc_points gt_bboxes mask_gt",
        "align": "gt_bboxes gt_labels pairs pd_bboxes pd_scores",
        "topk": "align_metric gt_bboxes gt_labels mask_gt pairs pd_bboxes pd_scores",
        "resolve": "align_metric gt_bboxes gt_labels mask_gt mask_topk overlaps pairs pd_bboxes pd_scores",
        "targets": "fg_mask gt_bboxes gt_labels target_gt_idx",
        "normalize": (
            "align_metric fg_mask gt_bboxes gt_labels mask_gt one_hot overlaps pairs pd_bboxes pd_scores "
            "target_gt_idx target_metric target_overlaps"
        ),
        "loss": (
            "anchor_points fg_mask gt_labels pred_bboxes pred_distri pred_scores stride_tensor target_bboxes "
            "target_gt_idx target_scores"
        ),
    }.items()
}
"""Outputs of earlier stages that a stage takes in any generation. Asking the functions themselves needs torch."""


def may_inherit(stage: str, unequal: Collection[str]) -> bool:
    """Does ``stage`` take one of the outputs in ``unequal``? A stage that is not known may take any of them."""
    return bool(unequal) if stage not in TAKES else not TAKES[stage].isdisjoint(unequal)

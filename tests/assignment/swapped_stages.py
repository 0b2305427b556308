"""Functions for ``--swap``: one for every stage that is right, in many forms, and wrong ones.

The right ones compute what the stage computes: what is tested is how a swapped function is called and listened to.
"""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from yolo_assign_trace.assignment import stages

NEEDED = {
    # stage: outputs that later stages, or the results of the run, need
    "flatten": ("pred_distri", "pred_scores", "strides"),
    "anchors": ("anchor_points", "stride_tensor"),
    "decode": ("pred_bboxes",),
    "ground_truth": ("gt_labels", "gt_bboxes", "mask_gt"),
    "scale": ("pd_scores", "pd_bboxes", "anc_points"),
    "screen": ("pairs",),
    "align": ("overlaps", "align_metric"),
    "topk": ("mask_topk",),
    "resolve": ("fg_mask", "target_gt_idx", "target_overlaps", "target_metric"),
    "targets": ("target_labels", "target_bboxes", "one_hot"),
    "normalize": ("target_scores",),
}


def _only_what_is_needed(stage: str) -> Callable[..., dict[str, Tensor]]:
    original = getattr(stages, stage)

    @functools.wraps(original)  # keeps the signature
    def run(**given: Any) -> dict[str, Tensor]:
        made = original(**given)
        return {name: getattr(made, name) for name in NEEDED[stage]}

    return run


class minimal:  # noqa: N801
    """``swapped_stages:minimal.topk`` and so on."""


for _stage in NEEDED:
    setattr(minimal, _stage, staticmethod(_only_what_is_needed(_stage)))


# --- topk in every form of a result ----------------------------------------------------------------------------------


def dictionary(align_metric, pairs, mask_gt, grid, topk):
    made = stages.topk(align_metric, pairs, mask_gt, grid, topk)
    return {"tie_order": made.tie_order, "cutoff": made.cutoff, "mask_topk": made.mask_topk, "rank": made.rank}


def result_of_the_package(align_metric, pairs, mask_gt, grid, topk):
    return stages.topk(align_metric, pairs, mask_gt, grid, topk)


@dataclass
class OwnResult:
    rank: Tensor
    mask_topk: Tensor
    cutoff: Tensor
    tie_order: Tensor


def own_dataclass(align_metric, pairs, mask_gt, grid, topk):
    return OwnResult(**dictionary(align_metric, pairs, mask_gt, grid, topk))


def named_tuple(align_metric, pairs, mask_gt, grid, topk):
    made = dictionary(align_metric, pairs, mask_gt, grid, topk)
    return namedtuple("Made", list(made))(**made)


def plain_tuple(align_metric, pairs, mask_gt, grid, topk):
    made = stages.topk(align_metric, pairs, mask_gt, grid, topk)
    return made.rank, made.mask_topk, made.cutoff, made.tie_order


def single_tensor(align_metric, pairs, mask_gt, grid, topk):
    return stages.topk(align_metric, pairs, mask_gt, grid, topk).mask_topk


class Objects:
    def __call__(self, align_metric, pairs, mask_gt, grid, topk):
        return plain_tuple(align_metric, pairs, mask_gt, grid, topk)


callable_object = Objects()


def other_order_and_defaults(topk, grid, mask_gt, pairs, align_metric, temperature=1.0, *, verbose=False):
    return plain_tuple(align_metric, pairs, mask_gt, grid, topk)


def everything_a_stage_can_ask_for(
    align_metric, pairs, mask_gt, grid, topk, topk2, alpha, beta, overlap, batch, nc, reg_max, label_rows, pd_scores
):
    assert (topk, topk2, alpha, beta, overlap) == (10, None, 0.5, 6.0, "ciou")
    assert (batch, nc, reg_max) == (4, 3, 16)
    assert label_rows.shape == (7, 6)
    assert pd_scores.shape == (batch, grid.anchors, nc)
    return plain_tuple(align_metric, pairs, mask_gt, grid, topk)


# --- wrong -----------------------------------------------------------------------------------------------------------

not_callable = 3


def asks_for_nothing_known(align_metrics, pairs):
    return None


def asks_for_a_later_output(align_metric, fg_mask):
    return None


def by_position_only(align_metric, /):
    return None


def raises(align_metric):
    raise ZeroDivisionError("no candidates")


def returns_nothing(align_metric):
    return None


def returns_a_number(align_metric):
    return 3


def returns_two_of_four(align_metric):
    return align_metric, align_metric


def misses_an_output(align_metric, mask_gt):
    return {"cutoff": mask_gt[..., 0].float()}


def another_output(align_metric):
    return {"mask_topk": align_metric > 0, "mask": align_metric > 0}


def numpy_array(align_metric):
    return {"mask_topk": (align_metric > 0).numpy()}


def one_too_few(align_metric):
    return {"mask_topk": align_metric[1:] > 0}


def dense(align_metric, mask_gt, grid):
    return {"mask_topk": torch.zeros(*mask_gt.shape[:2], grid.anchors, dtype=torch.bool)}


def as_float(align_metric):
    return {"mask_topk": (align_metric > 0).float()}


def cutoff_in_double(align_metric, mask_gt):
    return {"mask_topk": align_metric > 0, "cutoff": mask_gt[..., 0].double()}


def on_another_device(align_metric):
    return {"mask_topk": torch.empty(align_metric.shape, dtype=torch.bool, device="meta")}


def _screened(change: Callable[[Tensor], Tensor]) -> Callable[..., dict[str, Tensor]]:
    def screen(gt_bboxes, mask_gt, anc_points, grid):
        return {"pairs": change(stages.screen(gt_bboxes, mask_gt, anc_points, grid).pairs)}

    return screen


pairs_backwards = _screened(lambda pairs: pairs.flip(0))
pairs_twice = _screened(lambda pairs: pairs.repeat_interleave(2, dim=0))
pairs_of_anchors_beyond = _screened(lambda pairs: pairs + torch.tensor([0, 0, 10**6]))
pairs_before_the_first = _screened(lambda pairs: pairs - torch.tensor([0, 1, 0]))
pairs_in_int32 = _screened(lambda pairs: pairs.int())
pairs_transposed = _screened(lambda pairs: pairs.T.contiguous())
pairs_on_meta = _screened(lambda pairs: pairs.to("meta"))
no_pairs = _screened(lambda pairs: pairs[:0])


def too_many_images(label_rows, batch):
    return _no_boxes(batch + 1, 3, 3)


def gts_that_disagree(label_rows, batch):
    return _no_boxes(batch, 2, 3)


def _no_boxes(b: int, labels: int, boxes: int) -> dict[str, Tensor]:
    return {
        "gt_labels": torch.zeros(b, labels, 1, dtype=torch.long),
        "gt_bboxes": torch.zeros(b, boxes, 4),
        "mask_gt": torch.zeros(b, boxes, 1, dtype=torch.bool),
    }


def gts_padded_further(label_rows, grid, batch, strides):
    made = stages.ground_truth(label_rows, grid, batch, strides)
    return {n: torch.nn.functional.pad(getattr(made, n), (0, 0, 0, 2)) for n in ("gt_labels", "gt_bboxes", "mask_gt")}


def labels_beyond_the_classes(label_rows, grid, batch, strides):
    made = stages.ground_truth(label_rows, grid, batch, strides)
    return {"gt_labels": made.gt_labels + 1000, "gt_bboxes": made.gt_bboxes, "mask_gt": made.mask_gt}


def one_class_of_three(gt_labels, gt_bboxes, fg_mask, target_gt_idx, nc):
    made = stages.targets(gt_labels, gt_bboxes, fg_mask, target_gt_idx, nc)
    return {"target_labels": made.target_labels, "target_bboxes": made.target_bboxes, "one_hot": made.one_hot[..., :1]}


def owners_beyond_the_gts(pairs, overlaps, align_metric, mask_topk, batch, grid):
    made = stages.resolve(pairs, overlaps, align_metric, mask_topk, batch, grid)
    return {
        "fg_mask": made.fg_mask,
        "target_gt_idx": made.target_gt_idx + 100,
        "target_overlaps": made.target_overlaps,
        "target_metric": made.target_metric,
    }


def changes_its_input(align_metric, pairs, mask_gt, grid, topk):
    made = plain_tuple(align_metric, pairs, mask_gt, grid, topk)
    align_metric.zero_()
    return made

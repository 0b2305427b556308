"""A right assigner in every form in which people have theirs, and candidates that cannot be checked at all."""

from __future__ import annotations

import torch

from tests.check.broken_assigners import Dense
from yolo_assign_trace import assign
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid

module = Dense()


def function(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
    return Dense()(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)


def other_names(scores, boxes, points, labels, gts, mask):
    return function(scores, boxes, points, labels, gts, mask)


def other_order(gt_bboxes, gt_labels, mask_gt, anc_points, pd_bboxes, pd_scores):
    return function(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)


def keywords_only(*, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
    return function(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)


def takes_more(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt, stride_tensor, num_classes, mode=1):
    assert stride_tensor.shape == (len(anc_points), 1)
    assert num_classes == pd_scores.shape[-1]
    return function(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)


class Plain:
    """Not a module; takes what yolo-assign offers under the usual names."""

    def __init__(self, topk, num_classes, alpha=1.0, beta=6.0):
        self.dense = Dense(topk, num_classes, alpha, beta)

    def __call__(self, *given):
        return self.dense(*given)


def changes_its_inputs(*given):
    result = function(*given)
    for tensor in given:
        tensor.fill_(1)
    return result


def as_dictionary(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return {"scores": scores, "fg_mask": fg_mask, "target_gt_idx": gt_idx, "boxes": boxes, "labels": labels, "loss": 0}


def as_numpy_lists_and_other_types(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return [labels.int(), boxes.double(), scores.numpy(), fg_mask.float().unsqueeze(-1), gt_idx.tolist()]


def scores_mask_and_index(*given):
    return function(*given)[2:]


def mask_alone(*given):
    return function(*given)[3]


def mask_first(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return fg_mask, gt_idx, labels, boxes, scores


# --- other generations -----------------------------------------------------------------------------------------------


def _generation(name):
    def run(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt, strides, imgsz):
        height, width = imgsz
        grid = Grid.of(imgsz, [(-(-height // s), -(-width // s)) for s in strides], strides)
        given = (pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)
        return tuple(assign(*given, grid=grid, assigner=GENERATIONS[name]).values())

    return run


release_8_0_0 = _generation("8.0.0")
release_8_0_52 = _generation("8.0.52")
release_8_4_0 = _generation("8.4.0")
release_8_4_128 = _generation("8.4.128")
release_8_4_144 = _generation("8.4.144")


# --- candidates that cannot be checked -------------------------------------------------------------------------------


def raises(*given):
    raise RuntimeError("no such kernel")


def four_outputs(*given):
    return function(*given)[:4]


def nothing(*given):
    return None


def names_nobody_knows(*given):
    return {"target": torch.zeros(3)}


def needs_a_model(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt, model):
    return function(pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)


class CannotBeMade:
    def __init__(self):
        raise ValueError("no weights")


number = 3


# --- answers of another shape or type are a difference ---------------------------------------------------------------


def boxes_per_gt(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels, boxes[:, :5], scores, fg_mask, gt_idx


def mask_of_another_grid(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels, boxes, scores, fg_mask[:, :-1], gt_idx


def scores_not_a_number(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels, boxes, scores * torch.nan, fg_mask, gt_idx


def mask_of_a_few_anchors(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels, boxes, scores, fg_mask[:, :5], gt_idx


def mask_of_words(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels, boxes, scores, fg_mask.numpy().astype(str), gt_idx


# --- answers that are nearly right -----------------------------------------------------------------------------------


def background_carries_nothing(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels * fg_mask, boxes * fg_mask.unsqueeze(-1), scores, fg_mask, gt_idx


def scores_off_by_a_thousandth(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels, boxes, scores * 1.001, fg_mask, gt_idx


def scores_on_background(*given):
    labels, boxes, scores, fg_mask, gt_idx = function(*given)
    return labels, boxes, scores.masked_fill(~fg_mask.unsqueeze(-1), 0.5), fg_mask, gt_idx

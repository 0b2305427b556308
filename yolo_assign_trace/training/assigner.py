"""The task-aligned assigner to train with: what the original answers, to the last bit, in a fraction of its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from ..assignment.arithmetic import TRAINING
from ..assignment.call import CALL, call_problem
from ..assignment.generations import GENERATIONS, find_assigner
from ..assignment.releases import parse_release
from ..assignment.untraced.assign import assign_untraced
from ..assignment.untraced.rules import Results, Rules
from ..basics.errors import InputError

STRIDES = (8, 16, 32)
"""What the original takes if it is not told."""


class TaskAlignedAssigner(nn.Module):
    """Stands in for the class of this name of the ultralytics package; docs/drop_in.md says what is equal to what.

    Args:
        topk: how many candidates a box selects.
        num_classes: c.
        alpha: exponent of the score.
        beta: exponent of the overlap.
        stride: px per cell of the levels, fine first; by default 8, 16, 32. Boxes smaller than the second are screened
            as if they were as large.
        eps: added to a box's best metric before its metrics are divided by it.
        topk2: how many positives a box keeps after conflicts; by default as many as it selected.
        release: the release to be equal to, 8.0.52 or later; by default the newest that was measured.

    Raises:
        InputError: a release that is none, or is too old.
    """

    def __init__(
        self,
        topk: int = 13,
        num_classes: int = 80,
        alpha: float = 1.0,
        beta: float = 6.0,
        stride: Sequence[float] | None = None,
        eps: float = 1e-9,
        topk2: int | None = None,
        *,
        release: str | None = None,
    ) -> None:
        super().__init__()
        self.topk = topk
        self.topk2 = topk2 or topk
        self.num_classes = num_classes
        self.alpha = alpha
        self.beta = beta
        self.stride = list(STRIDES if stride is None else stride)
        self.eps = eps
        self.generation = generation_to_train_with(release)

    def forward(
        self,
        pd_scores: Tensor,
        pd_bboxes: Tensor,
        anc_points: Tensor,
        gt_labels: Tensor,
        gt_bboxes: Tensor,
        mask_gt: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Assign every anchor to a box or to none.

        Args:
            pd_scores: (b, a, c) scores 0..1, of any float dtype.
            pd_bboxes: (b, a, xyxy) px.
            anc_points: (a, xy) px; the levels are recognised from them. Points that are no grid take longer.
            gt_labels: (b, m, 1) class indices, of any dtype.
            gt_bboxes: (b, m, xyxy) px; padding may stand anywhere.
            mask_gt: (b, m, 1) not 0 for real boxes.

        Returns:
            target_labels (b, a), target_bboxes (b, a, xyxy) px, target_scores (b, a, c), fg_mask (b, a) bool,
            target_gt_idx (b, a). Dtypes are the original's; so a batch without boxes has labels that are floats.

        Raises:
            InputError: tensors that do not fit together, fewer anchors than a box selects, or a label that is no class.
        """
        return answer(self, self.generation, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)


def generation_to_train_with(release: str | None) -> str:
    """The generation that a release belongs to; the newest for None.

    Raises:
        InputError: no release, or one of 8.0.0 - 8.0.51.
    """
    if release is None:
        return [*GENERATIONS][-1]
    if parse_release(release, "release") is None:
        message = f"{release!r} is no release"
        raise InputError("unknown-release", message, where="release", hint="a release is written 8.4.190")
    generation = find_assigner(release).generation
    if generation == "8.0.0":
        message = f"release {release} is older than 8.0.52, and its assigner has no fast form"
        raise InputError("no-drop-in", message, where="release")
    return generation


def answer(settings: Any, generation: str, *six: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What an assigner of the ``generation`` with these ``settings`` (the original's attributes) answers to a call."""
    if torch.compiler.is_compiling():  # its sizes depend on its data: no graph could hold it
        return torch.compiler.disable(_answer)(settings, generation, *six)  # type: ignore[no-any-return, no-untyped-call]
    return _answer(settings, generation, *six)


def _answer(
    settings: Any,
    generation: str,
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    anc_points: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    mask_gt: Tensor,
) -> Results:
    six = (pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)
    problem = call_problem(dict(zip(CALL, six, strict=True)))
    if problem:
        raise problem
    if not len(pd_scores):
        raise InputError("wrong-shape", "a batch holds at least one image", where="pd_scores")
    if not gt_bboxes.shape[1]:
        return _no_boxes(pd_scores, pd_bboxes, settings.num_classes, generation)
    strides = tuple(getattr(settings, "stride", STRIDES))
    topk2 = getattr(settings, "topk2", None)
    rules = _rules(generation, settings.topk, topk2, settings.alpha, settings.beta, strides, settings.eps)
    if len(anc_points) < rules.topk:
        message = f"there are {len(anc_points)} anchors, but every box selects its best {rules.topk}"
        raise InputError("fewer-anchors-than-k", message, where="anc_points")
    return assign_untraced(*six, rules, settings.num_classes)


@lru_cache(maxsize=16)
def _rules(
    generation: str,
    topk: int,
    topk2: int | None,
    alpha: float,
    beta: float,
    strides: tuple[float, ...],
    eps: float,
) -> Rules:
    assigner = GENERATIONS[generation].with_parameters(topk=topk, alpha=alpha, beta=beta)
    rules = Rules.of(assigner, strides, TRAINING)
    assert rules is not None, generation
    return replace(rules, topk2=topk2, eps=eps)


def _no_boxes(pd_scores: Tensor, pd_bboxes: Tensor, num_classes: int, generation: str) -> Results:
    """A batch without any box: the original answers in the dtype of the scores."""
    of_anchors = torch.zeros_like(pd_scores[..., 0])
    positive = of_anchors.bool() if generation == "8.4.144" else torch.zeros_like(of_anchors)
    return Results(
        torch.full_like(of_anchors, num_classes),
        torch.zeros_like(pd_bboxes),
        torch.zeros_like(pd_scores),
        positive,
        of_anchors,
    )

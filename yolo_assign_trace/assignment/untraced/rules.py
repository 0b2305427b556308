"""What the untraced form is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from ..arithmetic import Arithmetic
from ..assigner import Assigner
from ..boxes import REORDERED
from ..variants import second_of


class Results(NamedTuple):
    """What an assigner is asked for, in the order of the training code."""

    target_labels: Tensor  # (b, a)
    target_bboxes: Tensor  # (b, a, 4) px
    target_scores: Tensor  # (b, a, c)
    fg_mask: Tensor  # (b, a)
    target_gt_idx: Tensor  # (b, a)


@dataclass(frozen=True)
class Rules:
    """What sets one assigner apart from another.

    Attributes:
        topk: how many candidates a box selects.
        topk2: how many positives a box keeps after conflicts, None for all.
        alpha, beta: exponents of score and overlap.
        overlap: a name that :func:`~yolo_assign_trace.assignment.boxes.overlap_called` takes.
        enlarge: the length below which a side is screened as longer and that length, in px; None for never.
        arithmetic: computes power and atan.
        eps: added to a box's best metric before its metrics are divided by it.
    """

    topk: int
    topk2: int | None
    alpha: float
    beta: float
    overlap: str
    enlarge: tuple[float, float] | None
    arithmetic: Arithmetic
    eps: float = 1e-9

    @classmethod
    def of(cls, assigner: Assigner, strides: tuple[float, ...], arithmetic: Arithmetic) -> Rules | None:
        """Those of an assigner; None if it has stages that are not written here: swapped ones, or those of 8.0.0."""
        stages = {stage.name: stage.function for stage in assigner.stages if stage.swapped is None}
        if len(stages) < len(assigner.stages) or stages["resolve"] == "resolve_unmasked":
            return None
        second = second_of(strides)
        enlarge = {"screen": None, "screen_enlarged": (strides[0], second), "screen_floored": (second, second)}
        p = assigner.parameters
        overlap = REORDERED if p.overlap == "ciou" and stages["align"] == "align_reordered" else p.overlap
        return cls(p.topk, p.topk2, p.alpha, p.beta, overlap, enlarge[stages["screen"]], arithmetic)

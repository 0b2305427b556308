"""A run that begins with the six inputs of an assigner call, saved from a real training step.

Its first stage is ``capture``, which puts out what was saved; ``screen`` and all later stages follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from ..basics.errors import InputError
from .assigner import Assigner, Stage
from .outputs import GroundTruth, Scaled

if TYPE_CHECKING:
    from torch import Tensor

FIRST = "screen"
"""The stage that takes what an assigner is called with."""


@dataclass(frozen=True)
class CapturedCall(GroundTruth, Scaled):
    """The outputs of the stages scale and ground_truth, in the order of the call."""

    stage = "capture"
    title = "the six inputs of an assigner call, as they were saved"
    says = (
        "Scores, predicted boxes and anchor centres of the network, and the padded boxes of the batch. They are as "
        "the training step had them; how they were made is not known here."
    )
    formula: ClassVar[tuple[str, ...]] = ()


def capture(
    pd_scores: Tensor, pd_bboxes: Tensor, anc_points: Tensor, gt_labels: Tensor, gt_bboxes: Tensor, mask_gt: Tensor
) -> CapturedCall:
    """The stage itself: hands out what the call got."""
    return CapturedCall(
        pd_scores=pd_scores,  # (b, a, c)
        pd_bboxes=pd_bboxes,  # (b, a, 4)
        anc_points=anc_points,  # (a, 2)
        gt_labels=gt_labels,  # (b, m, 1)
        gt_bboxes=gt_bboxes,  # (b, m, 4)
        mask_gt=mask_gt,  # (b, m, 1)
    )


CAPTURE = Stage("capture", CapturedCall, "capture", module="capture")


def begin_with_capture(assigner: Assigner) -> Assigner:
    """The assigner with the stage ``capture`` in place of all those before ``screen``; swap stages of the result.

    Raises:
        InputError: one of those that fall away was swapped.
    """
    if assigner.stages[0] == CAPTURE:
        return assigner
    at = [stage.name for stage in assigner.stages].index(FIRST)
    for stage in assigner.stages[:at]:
        if stage.swapped is not None:
            message = f"a trace of a captured call begins at {FIRST}: the stage {stage.name} does not run"
            raise InputError("wrong-swap", message, where="--swap")
    return replace(assigner, stages=(CAPTURE, *assigner.stages[at:]))


def require_available(assigner: Assigner, given: set[str]) -> None:
    """Can every stage get what it asks for, if the run begins with ``given`` tensors and settings?

    Raises:
        InputError: a swapped stage asks for something that only a run from head outputs has.
    """
    known = set(given)
    for stage in assigner.stages:
        for name in stage.inputs:
            if name not in known:
                message = f"{stage.function} in place of {stage.name} asks for {name!r}, which a captured call lacks"
                raise InputError("wrong-swap", message, where="--swap")
        known |= {output.name for output in stage.outputs}

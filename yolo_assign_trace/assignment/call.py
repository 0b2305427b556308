"""An assigner call: its six inputs, declared once and held against each other, and a run that begins with them.

What is asked of tensors here holds for arrays too, so nothing needs torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..basics.errors import InputError, Parameter
from ..basics.plural import count
from .assigner import Assigner, Stage
from .grid import Grid
from .outputs import FIXED_SIZES, GroundTruth, Output, Scaled

if TYPE_CHECKING:
    from torch import Tensor

FIRST = "screen"
"""The stage that takes what an assigner is called with."""

FLOATS = ("float32", "float64")
HALVES = ("float16", "bfloat16")
"""Mixed precision hands over scores and anchor centres in one of these; its boxes are float32."""


@dataclass(frozen=True)
class Captured(GroundTruth, Scaled):
    """The outputs of the stages scale and ground_truth, in the order of the call."""

    stage = "capture"
    title = "the six inputs of an assigner call, as they were saved"
    says = (
        "Scores, predicted boxes and anchor centres of the network, and the padded boxes of the batch. They are as "
        "the training step had them; how they were made is not known here."
    )
    formula: ClassVar[tuple[str, ...]] = ()


CALL: Mapping[str, Output] = {output.name: output for output in Captured.outputs()}
"""The six inputs by name, in the order of the call."""

RESULTS = ("target_labels", "target_bboxes", "target_scores", "fg_mask", "target_gt_idx")
"""What an assigner is asked for; the order is that of the training code."""

LIMITS: Mapping[str, tuple[str, int]] = {
    "gt_labels": ("class", 0),
    "target_labels": ("class", 1),
    "target_gt_idx": ("gt", 0),
}
"""Outputs that are indices: into which axis, and how many beyond its last there may be; index 0 always may."""

CAPTURE = Stage(Captured.stage, Captured, Captured.__name__, module="call")
"""Hands out what the call got, which its result does by itself."""


def shape_problem(output: Output, shape: Sequence[int], sizes: Mapping[str, int]) -> str:
    """Why ``shape`` is not what ``output`` declares, given the axes whose size is known; empty if it may be.

    >>> shape_problem(CALL["pd_scores"], (4, 80), {"anchor": 84})
    'expected [image ?, anchor 84, class ?], found [4, 80]'
    """
    expected = [sizes.get(axis) for axis in output.axes]
    if len(shape) == len(expected) and all(e in (None, s) for e, s in zip(expected, shape, strict=True)):
        return ""
    axes = ", ".join(f"{a} {'?' if e is None else e}" for a, e in zip(output.axes, expected, strict=True))
    return f"expected [{axes}], found {list(shape)}"


def call_problem(tensors: Mapping[str, Any], sizes: Mapping[str, int] = FIXED_SIZES) -> InputError | None:
    """Why tensors or arrays cannot be those of one call: the first that has other axes; None if all fit.

    Args:
        tensors: those of the six that there are, by name.
        sizes: axes whose length is known; the others must agree among the six.
    """
    known = dict(sizes)
    for name, tensor in tensors.items():
        problem = shape_problem(CALL[name], tensor.shape, known)
        if problem:
            return InputError("wrong-shape", problem, where=name)
        known |= dict(zip(CALL[name].axes, tensor.shape, strict=True))
    return None


def no_class(classes: int) -> str:
    """What is said of a label that is none of ``classes``."""
    return f"is no class: pd_scores has {count(classes, 'class')}, 0 to {classes - 1}"


def state_of_call(six: Mapping[str, Tensor], grid: Grid) -> dict[str, Any]:
    """What the stages from :data:`FIRST` on take, beside an assigner's parameters.

    Args:
        six: the inputs of the call by name.
        grid: the levels that the anchors come from.

    Half precision is widened to the dtype of the others, which loses nothing, as autocast does for powers and products.

    Raises:
        InputError: the first tensor whose axes do not fit, floats of another dtype than float32 or float64 or of
            two, or labels beyond the classes.
    """
    problem = call_problem(six, {**FIXED_SIZES, "anchor": grid.anchors}) or _kind_problem(six)
    if problem:
        raise problem
    b, _, c = six["pd_scores"].shape
    floats = next((six[name] for name in _FLOAT_INPUTS if _dtype(six[name]) in FLOATS), None)
    wide = six["pd_bboxes"].float() if floats is None else floats
    return {
        **six,
        **{name: six[name].to(wide.dtype) for name in _FLOAT_INPUTS},
        "gt_labels": six["gt_labels"].long(),
        "mask_gt": six["mask_gt"].bool(),
        "grid": grid,
        "batch": b,
        "nc": c,
    }


def _kind_problem(six: Mapping[str, Tensor]) -> InputError | None:
    dtypes = {name: dtype for name in _FLOAT_INPUTS if (dtype := _dtype(six[name])) not in HALVES}
    expected = next(iter(dtypes.values()), "")
    for name, dtype in dtypes.items():
        if dtype not in FLOATS or dtype != expected:
            kinds = expected if expected in FLOATS else " or ".join(FLOATS)
            hint = "convert one of them; float16 and bfloat16 are widened"
            return InputError("wrong-dtype", f"expected {kinds}, found {dtype}", where=name, hint=hint)
    labels, classes = six["gt_labels"], six["pd_scores"].shape[2]
    if labels.numel():
        smallest, largest = labels.min().item(), labels.max().item()
        if not 0 <= smallest <= largest < classes:
            message = f"{smallest if smallest < 0 else largest:g} {no_class(classes)}"
            return InputError("class-too-large", message, where="gt_labels")
    return None


_FLOAT_INPUTS = tuple(name for name in CALL if name not in ("gt_labels", "mask_gt"))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def begin_with_capture(assigner: Assigner) -> Assigner:
    """The assigner with the stage :data:`CAPTURE` in place of all those before ``screen``; swap stages of the result.

    Raises:
        InputError: one of those that fall away was swapped, or a swapped stage asks for something that only a run
            from head outputs has.
    """
    if assigner.stages[0] != CAPTURE:
        at = [stage.name for stage in assigner.stages].index(FIRST)
        for stage in assigner.stages[:at]:
            if stage.swapped is not None:
                message = f"a trace of a captured call begins at {FIRST}: the stage {stage.name} does not run"
                raise InputError("wrong-swap", message, where=Parameter("swap"))
        assigner = replace(assigner, stages=(CAPTURE, *assigner.stages[at:]))
    known = {*assigner.settings, *CALL, "grid", "batch", "nc"}
    for stage in assigner.stages:
        for name in stage.inputs if stage.swapped is not None else ():
            if name not in known:
                message = f"{stage.function} in place of {stage.name} asks for {name!r}, which a captured call lacks"
                raise InputError("wrong-swap", message, where=Parameter("swap"))
        known |= {output.name for output in stage.outputs}
    return assigner

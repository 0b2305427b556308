"""What a trace would cost: the stages up to screen, which need no head output, and arithmetic for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..assignment.assigner import Assigner
from .costs import estimate_log_bytes, estimate_pair_bytes, peak_bytes, saved_bytes
from .given import Call, Inputs
from .runner import RESULTS


@dataclass(frozen=True)
class Cost:
    """What tracing one batch would take; ``peak``, ``saved`` and ``log`` are bytes."""

    images: int
    anchors: int
    boxes: int
    pairs: int
    peak: int
    saved: int
    log: int


def cost_of(assigner: Assigner, inputs: Inputs | Call, *, digits: int = 5, float_bytes: int = 4) -> Cost:
    """The cost of a batch.

    Args:
        assigner: the stages.
        inputs: the batch; its head outputs are not looked at and may be left out.
        digits: significant digits in the log.
        float_bytes: of one number.
    """
    assigner = inputs.begin(assigner)
    screened: Any = assigner.stage("screen").call(*inputs.screen_inputs(), inputs.grid)
    pairs = len(screened.pairs)
    sizes = {"channel": 0} | inputs.sizes | {"pair": pairs}
    log = estimate_log_bytes(sizes, digits, [stage.result for stage in assigner.stages])
    return Cost(
        images=sizes["image"],
        anchors=inputs.grid.anchors,
        boxes=sum(inputs.boxes),
        pairs=pairs,
        peak=peak_bytes(assigner, sizes, RESULTS, float_bytes),
        saved=saved_bytes(assigner, sizes, float_bytes),
        log=log + estimate_pair_bytes(pairs, digits),
    )

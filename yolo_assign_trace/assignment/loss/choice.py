"""Which release's loss follows an assigner; the weights of two heads. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ...basics.errors import InputError, Parameter
from ..assigner import Assigner, Gains, Stage
from ..call import CAPTURE
from ..generations import GENERATIONS
from ..releases import Release, parse_release
from .outputs import LOSSES, Loss

NAME = Loss.stage

_FUNCTIONS: Mapping[str, str] = {
    "8.0.0": "loss_undivided",
    "8.0.11": "loss_as_one_number",
    "8.3.99": "loss_without_distances",
    "8.4.0": "loss",
}


def with_loss(assigner: Assigner, release: Release | None = None, gains: Gains | None = None) -> Assigner:
    """The assigner with the stage ``loss`` at its end.

    Args:
        assigner: with any stages; one that has the stage already stays as it is.
        release: whose loss; by default that which the assigner's name tells, or the newest of its generation.
        gains: of the three terms; by default those of training.

    Raises:
        InputError: a captured call, which lacks what the loss is made of, boxes that are not upright, or a gain that
            cannot be.
    """
    if any(stage.name == NAME for stage in assigner.stages):
        return assigner
    if assigner.stages[0] == CAPTURE:
        message = "a captured call holds scores and boxes, and the loss is made of logits and distributions"
        raise InputError("no-loss", message, where=Parameter("loss"), hint="trace head outputs: `heads` or `model`")
    boxes = next(output for stage in assigner.stages for output in stage.outputs if output.name == "gt_bboxes")
    if boxes.axes[-1] != "xyxy":
        message = f"the loss is that of upright boxes, and {assigner.name} assigns [{', '.join(boxes.axes)}]"
        raise InputError("no-loss", message, where=Parameter("loss"))
    gains = gains or Gains()
    for name, gain in vars(gains).items():
        if not 0 <= gain < math.inf:
            message = f"the gain of {name} is {gain}, expected a number from 0"
            raise InputError("wrong-parameter", message, where=Parameter("gains"))
    return replace(assigner, stages=(*assigner.stages, stage_of(_since(assigner, release))), gains=gains)


def stage_of(since: str) -> Stage:
    """The stage that came with release ``since``, a key of :data:`~.outputs.LOSSES`."""
    return Stage(NAME, LOSSES[since], _FUNCTIONS[since], "loss.stage")


def parse_gains(text: str) -> Gains:
    """Gains written as ``7.5,0.5,1.5``: box, cls, dfl.

    Raises:
        InputError: not three numbers.
    """
    try:
        box, cls, dfl = map(float, text.split(","))
    except ValueError:
        hint = "write `gains=7.5,0.5,1.5`: box, cls, dfl"
        raise InputError("wrong-gains", f"{text!r} is no three gains", where=Parameter("gains"), hint=hint) from None
    return Gains(box=box, cls=cls, dfl=dfl)


def end_to_end_weights(updates: int, epochs: int) -> tuple[float, float]:
    """Weights of the losses of the one-to-many and the one-to-one head (8.4.0 on), one update an epoch.

    What training prints are the one-to-one head's items, without a weight.

    >>> end_to_end_weights(0, 100)
    (0.8, 0.2)
    """
    many = max(1 - updates / max(epochs - 1, 1), 0) * 0.7 + 0.1
    return round(many, 15), round(max(1 - many, 0), 15)


def _since(assigner: Assigner, release: Release | None) -> str:
    """The loss of a release; without one the newest before the generation that follows the assigner's."""
    release = release or parse_release(assigner.name)
    if release is not None:
        return [since for since in LOSSES if _parsed(since) <= release][-1]
    later = [name for name in GENERATIONS if _parsed(name) > _parsed(assigner.generation)]
    return [since for since in LOSSES if not later or _parsed(since) < _parsed(later[0])][-1]


def _parsed(text: str) -> Release:
    release = parse_release(text)
    assert release is not None
    return release

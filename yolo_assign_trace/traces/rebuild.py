"""The assigner that a stored trace was made with, rebuilt from what the trace says about it. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from ..assignment.assigner import Assigner
from ..assignment.generations import find_assigner
from ..assignment.loss.choice import with_loss
from ..assignment.releases import parse_release
from ..basics.errors import InputError
from .stored import StoredTrace


@dataclass(frozen=True)
class Rebuilt:
    """An assigner, or why it cannot be rebuilt."""

    assigner: Assigner | None
    why: str = ""


def rebuild_assigner(trace: StoredTrace) -> Rebuilt:
    """The assigner that made ``trace``, with its parameters.

    A function that a user put in place of a stage is named in a trace, but not run: a file must not decide which
    code is executed. Its stage is that of the generation here.
    """
    settings = trace.settings
    if not settings.assigner:
        line = trace.header.get("assigner", "")
        return Rebuilt(None, f"the trace does not say which assigner made it: {line!r}")
    try:
        assigner = find_assigner(settings.assigner).with_parameters(**settings.parameters)
        if settings.gains is not None:
            assigner = with_loss(assigner, parse_release(settings.loss_since), settings.gains)
        return Rebuilt(assigner)
    except InputError as error:
        return Rebuilt(None, f"the assigner of the trace cannot be rebuilt: {error.message}")

"""Runs the settings: what does not depend on the assigner is computed once for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..assignment.assigner import Assigner
from ..run.given import Call, Inputs
from ..run.runner import run_to_call, trace
from .tally import Tally


def tally_all(inputs: Inputs | Call, assigners: Sequence[Assigner], tallies: Sequence[Tally]) -> None:
    """Run every assigner on ``inputs`` and add its counts to its tally; ``inputs.maps`` are used up."""
    call = run_to_call(inputs)
    with torch.inference_mode():
        for assigner, tally in zip(assigners, tallies, strict=True):
            trace(call, assigner, [tally])

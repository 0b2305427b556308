"""Runs the settings: what does not depend on the assigner is computed once for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from ..assignment.assigner import Assigner
from ..run.given import Captured, Inputs
from .tally import Tally


def tally_all(inputs: Inputs | Captured, assigners: Sequence[Assigner], tallies: Sequence[Tally]) -> None:
    """Run every assigner on ``inputs`` and add its counts to its tally; ``inputs.maps`` are used up."""
    import torch

    from ..run.runner import run_to_call, trace

    call = inputs if isinstance(inputs, Captured) else run_to_call(inputs)
    with torch.inference_mode():
        for assigner, tally in zip(assigners, tallies, strict=True):
            trace(call, assigner, [tally])

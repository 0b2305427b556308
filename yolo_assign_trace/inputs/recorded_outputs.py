"""What the original answered, saved with its call, held against the generations here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import CALL
from ..assignment.generations import GENERATIONS
from ..basics.errors import InputError
from ..basics.plural import count
from ..run.given import Call

WITHIN = 1e-6
"""Absolute; target scores of one release on two machines differ by some 4e-7."""


def compare_outputs(call: Call) -> str:
    """Which generations reproduce the outputs that were saved with the call, in one sentence."""
    names = ", ".join(call.outputs)
    reproducing = list[Assigner]()
    for generation in GENERATIONS.values():
        try:
            assigner = generation.with_parameters(**call.parameters)
        except InputError:  # a topk2 that the generation does not have
            continue
        if not _differing(_answers(call, assigner), call.outputs):
            reproducing.append(generation)
    if reproducing:
        text = f"the recorded outputs ({names}) are reproduced by {'; '.join(one.releases for one in reproducing)}"
        if call.release and call.release.assigner.generation not in [one.generation for one in reproducing]:
            text += f", but not by {call.release.name}: say `release={reproducing[-1].generation}`"
        return text
    chosen = call.release.assigner.with_parameters(**call.parameters) if call.release else None
    differing = _differing(_answers(call, chosen), call.outputs) if chosen else {}
    text = ", ".join(f"{number} of {name}" for name, number in differing.items())
    return f"the recorded outputs ({names}) are reproduced by no generation" + (f"; here differ {text}" if text else "")


def _answers(call: Call, assigner: Assigner) -> dict[str, Any]:
    import torch

    from ..run.runner import assign

    six = {name: torch.as_tensor(getattr(call.six, name)) for name in CALL}
    return dict(assign(**six, grid=call.grid, assigner=assigner))


def _differing(made: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, str]:
    """How many anchors have another output than was recorded, by its name."""
    differing = {}
    for name, theirs in recorded.items():
        ours = np.asarray(made[name])
        if ours.shape != np.shape(theirs):
            differing[name] = f"the shape {list(ours.shape)} instead of {list(np.shape(theirs))}"
            continue
        is_float = ours.dtype.kind == "f"
        close = np.isclose(ours, theirs, rtol=0, atol=WITHIN, equal_nan=True) if is_float else ours == theirs
        anchors = int((~close).reshape(*ours.shape[:2], -1).any(axis=-1).sum())
        if anchors:
            differing[name] = count(anchors, "anchor")
    return differing

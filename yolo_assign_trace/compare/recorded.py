"""Recorded outputs of a trace as the inputs of stages. Imports torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..basics.errors import InputError
from ..formats.number_text import LOSSLESS
from ..traces.stored import StoredTrace


def require_exact(trace: StoredTrace, where: str) -> None:
    """Are the floats of the trace those of the run, so that stages can be run on them?

    Raises:
        InputError: it is a log with fewer digits than are lossless.
    """
    floats = [stored.dtype for stored in trace.outputs.values() if stored.dtype.kind == "f"]
    lossless = max((LOSSLESS.get(dtype, 17) for dtype in floats), default=0)
    if trace.digits is not None and trace.digits < lossless:
        message = f"stages can only be run on exact inputs, and this log has {trace.digits} digits"
        hint = f"keep the exact tensors with yolo-assign trace --save, or log with `digits={lossless}`"
        raise InputError("not-exact", message, where=where, hint=hint)


def tensor_of(trace: StoredTrace, name: str) -> Tensor:
    """One recorded output as a tensor of its own, so that nobody can change the trace."""
    return torch.from_numpy(np.array(trace.array(name)))


def settings_of(trace: StoredTrace) -> dict[str, Any]:
    """What stages take from the run itself, as far as the trace tells: grid, batch, nc, reg_max."""
    found: dict[str, Any] = {"grid": trace.grid}
    found |= {name: trace.settings[name] for name in ("batch", "nc", "reg_max") if name in trace.settings}
    scores = trace.by_name.get("pd_scores")
    if scores is not None and len(scores.shape) == 3:
        found |= {"batch": scores.shape[0], "nc": scores.shape[2]}
    return found

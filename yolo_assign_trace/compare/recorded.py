"""Recorded outputs of a trace as the inputs of stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..basics.errors import InputError
from ..traces.stored import StoredTrace

if TYPE_CHECKING:
    from torch import Tensor


def require_exact(trace: StoredTrace, where: str) -> None:
    """Are the floats of the trace those of the run, so that stages can be run on them?

    Raises:
        InputError: it is a log with fewer digits than are lossless.
    """
    if trace.rounded_to is not None:
        message = f"stages can only be run on exact inputs, and this log has {trace.digits} digits"
        hint = f"keep the exact tensors with yolo-assign trace --save, or log with `digits={trace.lossless_digits}`"
        raise InputError("not-exact", message, where=where, hint=hint)


def tensor_of(trace: StoredTrace, name: str) -> Tensor:
    """One recorded output as a tensor of its own, so that nobody can change the trace."""
    import torch

    return torch.from_numpy(np.array(trace.array(name)))


def settings_of(trace: StoredTrace) -> dict[str, Any]:
    """What stages take from the run itself, as far as the trace tells: grid, batch, nc, reg_max."""
    settings = trace.settings
    sizes = {"batch": settings.batch, "nc": settings.nc, "reg_max": settings.reg_max}
    known: dict[str, Any] = {"grid": trace.grid} | {name: size for name, size in sizes.items() if size is not None}
    scores = trace.by_name.get("pd_scores")
    if scores is not None and len(scores.shape) == 3:
        known |= {"batch": scores.shape[0], "nc": scores.shape[2]}
    return known

"""The arguments of an assigner call, held against each other before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..basics.errors import InputError

FLOATS = (torch.float32, torch.float64)


def check_call(given: Mapping[str, tuple[Tensor, Sequence[str]]], sizes: Mapping[str, int]) -> None:
    """Have the tensors the axes they should have, all of one float dtype, and labels within the classes?

    Args:
        given: every tensor with the names of its axes, by name.
        sizes: axes whose length is known; the others must agree among the tensors.

    Raises:
        InputError: the first tensor that does not fit.
    """
    known = dict(sizes)
    dtype = given["pd_scores"][0].dtype
    for name, (tensor, axes) in given.items():
        expected = [known.get(axis) for axis in axes]
        shape = list(tensor.shape)
        if len(shape) != len(axes) or any(e not in (None, s) for e, s in zip(expected, shape, strict=True)):
            wanted = ", ".join(f"{a} {'?' if e is None else e}" for a, e in zip(axes, expected, strict=True))
            raise InputError("wrong-shape", f"expected [{wanted}], found {shape}", where=name)
        known |= dict(zip(axes, shape, strict=True))
        if name in ("gt_labels", "mask_gt"):
            continue
        if tensor.dtype not in FLOATS or tensor.dtype != dtype:
            kinds = "float32 or float64" if dtype not in FLOATS else str(dtype).removeprefix("torch.")
            hint = "training runs its assigner in float32 too: call .float() first"
            message = f"expected {kinds}, found {str(tensor.dtype).removeprefix('torch.')}"
            raise InputError("wrong-dtype", message, where=name, hint=hint)
    labels = given["gt_labels"][0]
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < known["class"]:
        largest, smallest = int(labels.max()), int(labels.min())
        message = f"classes run from {smallest} to {largest}, but there are {known['class']}"
        raise InputError("class-too-large", message, where="gt_labels")

"""What the observers of a run are told before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from ..assignment.assigner import Assigner
from ..assignment.outputs import FIXED_SIZES
from .given import Captured, Inputs
from .record import Run


def describe(
    inputs: Inputs | Captured,
    assigner: Assigner,
    settings: Mapping[str, Any],
    dtype: torch.dtype,
    device: torch.device,
) -> Run:
    """The run of ``assigner`` on ``inputs``; a captured call has no bins, so no axis of channels."""
    sizes = {
        "image": inputs.batch,
        "gt": inputs.longest,
        "anchor": inputs.grid.anchors,
        "class": inputs.nc,
        "level": len(inputs.grid.levels),
        **FIXED_SIZES,
    }
    if isinstance(inputs, Inputs):
        sizes["channel"] = 4 * inputs.reg_max
    return Run(
        assigner=assigner,
        grid=inputs.grid,
        sizes=MappingProxyType(sizes),
        boxes=inputs.boxes,
        settings=MappingProxyType(dict(settings)),
        dtype=str(dtype).removeprefix("torch."),
        device=device.type,
        about=MappingProxyType(dict(inputs.about)),
        images=inputs.images,
        class_names=inputs.class_names,
        versions=MappingProxyType(versions()),
    )


def versions() -> dict[str, str]:
    """Versions that decide the numbers, by package."""
    return {
        "yolo-assign-trace": version("yolo-assign-trace"),
        # without the build suffix: the same release made for another device gives the same numbers
        "torch": torch.__version__.partition("+")[0],
        "numpy": np.__version__,
    }

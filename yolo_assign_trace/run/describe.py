"""What the observers of a run are told before it begins."""

from __future__ import annotations

from importlib.metadata import version
from types import MappingProxyType

import numpy as np
import torch

from ..assignment.assigner import Assigner
from .given import Call, Inputs
from .record import Run


def describe(inputs: Inputs | Call, assigner: Assigner, dtype: torch.dtype, device: torch.device) -> Run:
    """The run of ``assigner`` on ``inputs``."""
    return Run(
        assigner=assigner,
        grid=inputs.grid,
        sizes=MappingProxyType(inputs.sizes),
        boxes=inputs.boxes,
        settings=MappingProxyType(assigner.settings | inputs.settings),
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

"""A microscope for label assignment in the YOLOv8 family.

>>> from yolo_assign_trace import trace, assign
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import InputError
    from .generations import ASSIGNERS as assigners
    from .generations import find_assigner
    from .given import Inputs
    from .grid import Grid
    from .inputs.load import load_inputs
    from .inputs.request import Request
    from .record import Record, Run, Tracer
    from .runner import assign, trace

__all__ = [
    "Grid",
    "InputError",
    "Inputs",
    "Record",
    "Request",
    "Run",
    "Tracer",
    "assign",
    "assigners",
    "find_assigner",
    "load_inputs",
    "trace",
]

_HOME = {
    "Grid": ("grid", "Grid"),
    "InputError": ("errors", "InputError"),
    "Inputs": ("given", "Inputs"),
    "Record": ("record", "Record"),
    "Request": ("inputs.request", "Request"),
    "Run": ("record", "Run"),
    "Tracer": ("record", "Tracer"),
    "assign": ("runner", "assign"),
    "assigners": ("generations", "ASSIGNERS"),
    "find_assigner": ("generations", "find_assigner"),
    "load_inputs": ("inputs.load", "load_inputs"),
    "trace": ("runner", "trace"),
}


def __getattr__(name: str) -> Any:
    # on first use, so that `yolo-assign --help` and errors do not wait for torch
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOME[name]
    return getattr(import_module(f".{module}", __name__), attribute)

"""A microscope for label assignment in the YOLOv8 family.

>>> from yolo_assign_trace import trace, assign
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assignment.generations import ASSIGNERS as assigners
    from .assignment.generations import find_assigner
    from .assignment.grid import Grid
    from .basics.errors import InputError
    from .inputs.load import load_inputs
    from .inputs.request import Request
    from .run.given import Inputs
    from .run.record import Record, Run, Tracer
    from .run.runner import assign, trace
    from .training.watch import watch

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
    "watch",
]

_HOME = {
    "Grid": ("assignment.grid", "Grid"),
    "InputError": ("basics.errors", "InputError"),
    "Inputs": ("run.given", "Inputs"),
    "Record": ("run.record", "Record"),
    "Request": ("inputs.request", "Request"),
    "Run": ("run.record", "Run"),
    "Tracer": ("run.record", "Tracer"),
    "assign": ("run.runner", "assign"),
    "assigners": ("assignment.generations", "ASSIGNERS"),
    "find_assigner": ("assignment.generations", "find_assigner"),
    "load_inputs": ("inputs.load", "load_inputs"),
    "trace": ("run.runner", "trace"),
    "watch": ("training.watch", "watch"),
}


def __getattr__(name: str) -> Any:
    # on first use, so that `yolo-assign --help` and errors do not wait for torch
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOME[name]
    return getattr(import_module(f".{module}", __name__), attribute)

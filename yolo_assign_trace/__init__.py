"""A microscope for label assignment in the YOLOv8 family.

>>> from yolo_assign_trace import trace, assign
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import InputError
    from .generations import ASSIGNERS as assigners
    from .record import Inputs, Record, Run, Tracer
    from .runner import assign, trace

__all__ = ["InputError", "Inputs", "Record", "Run", "Tracer", "assign", "assigners", "trace"]

_HOME = {
    "InputError": ("errors", "InputError"),
    "Inputs": ("record", "Inputs"),
    "Record": ("record", "Record"),
    "Run": ("record", "Run"),
    "Tracer": ("record", "Tracer"),
    "assign": ("runner", "assign"),
    "assigners": ("generations", "ASSIGNERS"),
    "trace": ("runner", "trace"),
}


def __getattr__(name: str) -> Any:
    # on first use, so that `yolo-assign --help` and errors do not wait for torch
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOME[name]
    return getattr(import_module(f".{module}", __name__), attribute)

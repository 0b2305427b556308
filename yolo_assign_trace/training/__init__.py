"""What runs inside somebody's training process. docs/watch.md, docs/drop_in.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assigner import TaskAlignedAssigner
    from .fast import fast_assigner

__all__ = ["TaskAlignedAssigner", "fast_assigner"]

_HOME = {"TaskAlignedAssigner": "assigner", "fast_assigner": "fast"}


def __getattr__(name: str) -> Any:
    # on first use, because the one imports torch
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)

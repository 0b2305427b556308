"""Puts functions around methods of classes and takes them away again. Several may lie around one method.

Classes only: an instance with a hook of ours could not be saved with its model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from types import ModuleType
from typing import Any

Function = Callable[..., Any]

CALL = ("pd_scores", "pd_bboxes", "anc_points", "gt_labels", "gt_bboxes", "mask_gt")
"""What an assigner is called with first, in this order."""
ASSIGNERS = ("ultralytics.utils.tal", "ultralytics.yolo.utils.tal")
"""Modules whose assigners are patched; each release has one of them."""

INNER, OUTER = 0, 1
"""What answers lies within what looks on, whichever came first."""

_ABSENT = object()


@dataclass(frozen=True)
class _Layer:
    level: int
    of: Methods
    make: Callable[[Function], Function]


@dataclass
class _Wrapped:
    """A method with layers around it."""

    owner: type
    name: str
    had: Any
    original: Function
    layers: list[_Layer] = field(default_factory=list)
    ours: Any = None

    def stands(self) -> bool:
        """Is it still what the class has? Somebody may have patched it after us."""
        return vars(self.owner).get(self.name) is self.ours

    def build(self) -> None:
        if not self.layers and self.had is _ABSENT:
            delattr(self.owner, self.name)
            return
        function = self.original if self.layers else self.had
        for layer in sorted(self.layers, key=attrgetter("level")):
            function = layer.make(function)
        self.ours = function
        setattr(self.owner, self.name, function)


_wrapped: list[_Wrapped] = []


class Methods:
    """All methods that one patcher has put something around.

    Args:
        level: INNER or OUTER.
    """

    def __init__(self, level: int) -> None:
        self.level = level

    def wrap(self, owner: type, name: str, make: Callable[[Function], Function]) -> None:
        """Replace a method, own or inherited, by what ``make`` makes of it; it may be called again later on."""
        found = next((one for one in _wrapped if one.owner is owner and one.name == name and one.stands()), None)
        if found is None:
            found = _Wrapped(owner, name, vars(owner).get(name, _ABSENT), getattr(owner, name))
            _wrapped.append(found)
        found.layers.append(_Layer(self.level, self, make))
        found.build()

    def has(self, owner: type, name: str) -> bool:
        return any(
            one.owner is owner and one.name == name and any(layer.of is self for layer in one.layers)
            for one in _wrapped
        )

    def restore(self) -> None:
        """Give every class back what it had. What others have put over ours stays, with ours in it."""
        for one in reversed(list(_wrapped)):
            kept = [layer for layer in one.layers if layer.of is not self]
            if len(kept) < len(one.layers):
                stood, one.layers = one.stands(), kept
                if stood:
                    one.build()
            if not one.layers:
                _wrapped.remove(one)


def classes_of(module: ModuleType) -> list[type]:
    """Those that are made in it."""
    return [found for found in vars(module).values() if inspect.isclass(found) and found.__module__ == module.__name__]


def parameters_of(function: Function) -> list[str]:
    """Without ``self``."""
    return list(inspect.signature(function).parameters)[1:]


def is_called_as_usual(owner: type) -> bool:
    """Has the class a ``forward`` of its own that takes the usual six first?"""
    return "forward" in vars(owner) and parameters_of(vars(owner)["forward"])[: len(CALL)] == list(CALL)

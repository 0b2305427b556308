"""Which settings to run: every combination of the values that were listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

from ..assignment.assigner import Assigner
from ..assignment.generations import find_assigner, with_recorded
from ..basics.errors import InputError, Parameter

LARGEST = 1000
"""Combinations beyond which a list is taken for a mistake."""


@dataclass(frozen=True)
class Setting:
    """One combination: the assigner with its parameters, the input size, and what was listed, by name."""

    assigner: Assigner
    imgsz: tuple[int, int] | None
    chosen: Mapping[str, str]


def listed(name: str, text: str | None, read: Callable[[str], Any]) -> list[tuple[str, Any]]:
    """The values of a comma list, for the parameter ``name``, as written and as read; nothing without a list.

    >>> listed("topk", "5,10", int)
    [('5', 5), ('10', 10)]

    Raises:
        InputError: an empty or double value, or one that cannot be read.
    """
    words = [word.strip() for word in text.split(",")] if text is not None else []
    values = []
    for word in words:
        try:
            values.append((word, read(word)))
        except ValueError:
            hint = "values stand apart by commas, such as 5,10,13"
            raise InputError("wrong-value", f"{word!r} cannot be read", where=Parameter(name), hint=hint) from None
    if len({value for _, value in values}) < len(values):  # 4 and 4.0 are one number
        raise InputError("wrong-value", f"a value stands twice in {text!r}", where=Parameter(name), hint="list it once")
    return values


def side_by_side(text: str) -> tuple[int, int]:
    """``640`` or, as commas separate values here, ``384x640`` (height x width) in px."""
    height, x, width = text.partition("x")
    size = int(height), int(width if x else height)
    if min(size) < 1:
        raise ValueError(text)
    return size


def combinations(
    assigners: Sequence[str],
    parameters: Mapping[str, Sequence[tuple[str, Any]]],
    imgsz: Sequence[tuple[str, Any]],
    recorded: Mapping[str, float] = MappingProxyType({}),
) -> list[Setting]:
    """Every combination, input sizes slowest, then assigners, then parameters.

    Args:
        assigners: names or releases.
        parameters: values as written and as read, by name; without values the assigner's own holds.
        imgsz: likewise for the network input.
        recorded: parameters that come with the inputs, such as those of a captured call.

    Raises:
        InputError: an unknown name, a parameter that cannot be, or too many combinations.
    """
    names = [name for name, values in parameters.items() if values]
    lists = [parameters[name] for name in names]
    settings = []
    for (size, pixels), name, *values in product(imgsz or [("", None)], assigners, *lists):
        chosen = {"imgsz": size, "assigner": name} | {n: text for n, (text, _) in zip(names, values, strict=True)}
        changes = {n: value for n, (_, value) in zip(names, values, strict=True)}
        settings.append(
            Setting(with_recorded(find_assigner(name), recorded).with_parameters(**changes), pixels, chosen)
        )
        if len(settings) > LARGEST:
            raise InputError("too-many", f"these lists make more than {LARGEST} combinations", hint="shorten a list")
    return settings

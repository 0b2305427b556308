"""The assigner that a stored trace was made with, rebuilt from what the trace says about it. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..assignment.assigner import OVERLAP_NAMES, Assigner, Parameters
from ..assignment.generations import find_assigner
from ..basics.errors import InputError
from ..traces.stored import StoredTrace

_LINE = re.compile(r"(?P<name>.+?)(?: \(generation [^)]*\))?: (?P<parameters>[^;]*)(?:; SWAPPED (?P<swaps>.*))?")
_NUMBERS = {"topk": int, "topk2": int, "alpha": float, "beta": float}


@dataclass(frozen=True)
class Rebuilt:
    """An assigner, or why it cannot be rebuilt; ``swapped`` holds stages that were a user's own function, by name."""

    assigner: Assigner | None
    why: str = ""
    swapped: Mapping[str, str] = field(default_factory=dict)


def rebuild_assigner(trace: StoredTrace) -> Rebuilt:
    """The assigner that made ``trace``, with its parameters.

    A function that a user put in place of a stage is named in a trace, but not run: a file must not decide which
    code is executed.
    """
    line = trace.header.get("assigner", "")
    match = _LINE.fullmatch(line)
    if match is None:
        return Rebuilt(None, f"the trace does not say which assigner made it: {line!r}")
    swaps = dict(part.split("=", 1) for part in (match["swaps"] or "").split(", ") if "=" in part)
    try:
        found = find_assigner(match["name"])
        settings = _parameters(trace, match["parameters"])
        return Rebuilt(found.with_parameters(**settings), swapped=swaps)
    except (InputError, ValueError, TypeError) as error:
        reason = error.message if isinstance(error, InputError) else str(error)
        return Rebuilt(None, f"the assigner of the trace cannot be rebuilt: {reason}", swaps)


def _parameters(trace: StoredTrace, text: str) -> dict[str, Any]:
    """The assigner's parameters by name, from the metadata of a saved trace or from the header line of a log."""
    names = [parameter.name for parameter in fields(Parameters)]
    if trace.settings:
        return {name: trace.settings[name] for name in names if trace.settings.get(name) is not None}
    said = text.split(", ")
    found: dict[str, Any] = {
        name: _NUMBERS[name](number)
        for name, _, number in (part.partition(" ") for part in said)
        if name in _NUMBERS and number
    }
    overlap = next((name for name, written in OVERLAP_NAMES.items() if written in said), None)
    return found if overlap is None else found | {"overlap": overlap}

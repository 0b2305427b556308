"""A finished trace, read back from run.log or from a saved .safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..arrays import Array
from ..errors import InputError, did_you_mean
from ..grid import Grid
from ..outputs import Output


@dataclass(frozen=True)
class StoredOutput:
    """One output as stored: its stage, declaration and values."""

    stage: str
    output: Output
    array: Array


@dataclass(frozen=True)
class StoredTrace:
    """A finished trace.

    Attributes:
        header: what it was made from and with, by ``labels``, ``grid``, ``heads``, ``assigner``, ``versions``.
        grid: the levels.
        outputs: by ``stage.name``, in order of execution.
        digits: significant digits of its floats, None if they are exact.
        settings: the assigner's parameters, reg_max, nc and batch by name; empty where they are not stored (run.log).
        boxes: label rows of every image before padding, None where they are not stored.
    """

    header: Mapping[str, str]
    grid: Grid
    outputs: Mapping[str, StoredOutput]
    digits: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    boxes: tuple[int, ...] | None = None

    def array(self, name: str) -> Array:
        """The values of output ``name``; names are unique in a trace.

        Raises:
            InputError: the trace has no such output.
        """
        by_name = {stored.output.name: stored.array for stored in self.outputs.values()}
        if name not in by_name:
            hint = did_you_mean(name, by_name)
            raise InputError("unknown-output", f"the trace has no output {name!r}", hint=hint)
        return by_name[name]

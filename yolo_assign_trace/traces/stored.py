"""A finished trace, read back from run.log or from a saved .safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..assignment.call import Captured
from ..assignment.grid import Grid
from ..assignment.outputs import Output
from ..basics.arrays import Array
from ..basics.errors import InputError, did_you_mean, reason_of
from ..formats.number_text import LOSSLESS
from ..run.given import Image
from ..run.trace_settings import TraceSettings

_BLOCK = 1 << 20  # bytes of a tensor that are read at once where only some of its rows are asked for


@dataclass(frozen=True)
class FileArray:
    """An array that stays in its file, ``offset`` bytes from the start, until it is read, whole or in part.

    ``name`` is that of the output, for errors.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str = ""

    def read(self, start: int, stop: int) -> Array:
        """Elements ``start`` to ``stop``, counted row by row, as a flat array."""
        # not memory-mapped: mapped pages count as the process's memory until someone else wants it
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset + start * self.dtype.itemsize)
                values = np.fromfile(file, self.dtype, stop - start)
        except OSError as error:
            message = f"this trace file cannot be read: {reason_of(error)}"
            raise InputError("not-readable", message, where=str(self.path)) from None
        if len(values) < stop - start:
            message = "this trace file became shorter while it was read"
            raise InputError("wrong-trace-file", message, where=str(self.path))
        if self.dtype == np.bool_ and (bytes_ := values.view(np.uint8)).max(initial=0) > 1:
            at = int(np.argmax(bytes_ > 1))
            index = ",".join(str(i) for i in np.unravel_index(start + at, self.shape))
            message = f"{self.name}[{index}] is byte {bytes_[at]}, expected 0 or 1"
            raise InputError("wrong-trace-file", message, where=str(self.path))
        return values


@dataclass(frozen=True)
class StoredOutput:
    """One output as stored: its stage, declaration and values, in memory or still in the file."""

    stage: str
    output: Output
    values: Array | FileArray

    @property
    def name(self) -> str:
        return self.output.name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @cached_property
    def array(self) -> Array:
        """All values; read from the file on first use, then kept."""
        return self.read(0, int(np.prod(self.shape, dtype=np.int64))).reshape(self.shape)

    def read(self, start: int, stop: int) -> Array:
        """Elements ``start`` to ``stop``, counted row by row, as a flat array; keeps nothing in memory."""
        if isinstance(self.values, FileArray):
            return self.values.read(start, stop)
        return self.values.reshape(-1)[start:stop]

    def rows(self, at: Array) -> Array:
        """Rows of the last axis, (row, last), by their numbers, counted row by row; keeps nothing in memory.

        What lies between the first and the last wanted row of a block is read with them, and no more.
        """
        width = self.shape[-1]
        rows = np.empty((len(at), width), self.dtype)
        block = at // max(1, _BLOCK // max(1, width * self.dtype.itemsize))
        for number in np.unique(block):
            here = np.flatnonzero(block == number)
            first, last = int(at[here].min()), int(at[here].max())
            rows[here] = self.read(first * width, (last + 1) * width).reshape(-1, width)[at[here] - first]
        return rows


@dataclass(frozen=True)
class StoredTrace:
    """A finished trace.

    Attributes:
        header: what it was made from and with, in sentences by ``labels``, ``heads``, ``assigner`` and so on.
        grid: the levels.
        outputs: by ``stage.name``, in order of execution.
        digits: significant digits of its floats, None if they are exact.
        settings: what it was made with, as data.
    """

    header: Mapping[str, str]
    grid: Grid
    outputs: Mapping[str, StoredOutput]
    digits: int | None = None
    settings: TraceSettings = field(default_factory=TraceSettings)

    @cached_property
    def by_name(self) -> Mapping[str, StoredOutput]:
        """The outputs by name alone; names are unique in a trace."""
        return {stored.name: stored for stored in self.outputs.values()}

    @cached_property
    def class_names(self) -> Mapping[int, str]:
        """Names of classes by number, as far as the header has them."""
        try:
            names = json.loads(self.header.get("names", "[]"))
        except ValueError:
            return {}
        return dict(enumerate(map(str, names))) if isinstance(names, list) else {}

    @cached_property
    def box_counts(self) -> tuple[int, ...]:
        """Boxes of every image before padding; where that is not stored, rows behind the last box are padding."""
        if self.settings.boxes is not None:
            return self.settings.boxes
        real = (
            self.array("mask_gt")[..., 0]
            | self.array("gt_bboxes").any(axis=-1)
            | (self.array("gt_labels")[..., 0] != 0)
        )
        places = np.where(real, np.arange(1, real.shape[1] + 1), 0)
        return tuple(places.max(axis=1, initial=0).tolist())

    @cached_property
    def lossless_digits(self) -> int:
        """Significant digits with which nothing of its floats is lost."""
        floats = [stored.dtype for stored in self.outputs.values() if stored.dtype.kind == "f"]
        return max((LOSSLESS.get(dtype, 17) for dtype in floats), default=0)

    @property
    def rounded_to(self) -> int | None:
        """Significant digits of its floats if they are fewer than they had, None if they are exact."""
        return None if self.digits is None or self.digits >= self.lossless_digits else self.digits

    @cached_property
    def of_a_call(self) -> bool:
        """Does it begin with a captured call of the assigner?"""
        return any(stored.stage == Captured.stage for stored in self.outputs.values())

    def image(self, number: int) -> Image | None:
        """An image by its number, None if the trace does not name it."""
        return self.settings.images[number] if number < len(self.settings.images) else None

    def array(self, name: str) -> Array:
        """The values of output ``name``; names are unique in a trace.

        Raises:
            InputError: the trace has no such output.
        """
        if name not in self.by_name:
            hint = did_you_mean(name, self.by_name)
            raise InputError("unknown-output", f"the trace has no output {name!r}", hint=hint)
        return self.by_name[name].array

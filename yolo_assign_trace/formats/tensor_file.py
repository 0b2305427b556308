"""The layout of a saved trace: a .safetensors file whose metadata declares every tensor. docs/trace_file.md.

The format puts a JSON header before the data and allows spaces behind it. What a file says of itself is written and
read side by side here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import orjson

from ..assignment.grid import Grid
from ..assignment.outputs import Output
from ..basics.arrays import Array
from ..basics.errors import InputError

FORMAT = "yolo-assign trace 2"
READABLE = ("yolo-assign trace 1", FORMAT)
"""Formats that can be read. In format 1 settings are fewer, and boxes stand beside them."""
ROOM_FOR_DECLARATIONS = 1 << 16
"""Bytes that a file keeps free for axes, units and meanings, besides twice what is known when it is begun."""

_CODES: Mapping[str, str] = {
    "bool": "BOOL",
    "uint8": "U8",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}
"""numpy's names of types and those of the safetensors format."""
_DTYPES = {code: np.dtype(name) for name, code in _CODES.items()}


@dataclass(frozen=True)
class Metadata:
    """What a file says of itself.

    Attributes:
        header: what the run was made from and with, a line each.
        grid: the levels.
        settings: the JSON of :class:`~yolo_assign_trace.run.trace_settings.TraceSettings`.
        outputs: by ``stage.name``, in order of execution.
        facts: what was worth knowing, each with ``stage``, ``id`` and ``text``.
    """

    header: Mapping[str, str]
    grid: Grid
    settings: str
    outputs: Mapping[str, Output]
    facts: Sequence[Mapping[str, str]] = ()

    def to_strings(self) -> dict[str, str]:
        """As the format has it: strings by key."""
        grid = {
            "imgsz": (self.grid.height, self.grid.width),
            "maps": [(level.height, level.width) for level in self.grid.levels],
            "strides": self.grid.strides,
        }
        outputs = [
            {"key": key, "axes": output.axes, "unit": output.unit, "meaning": output.meaning}
            for key, output in self.outputs.items()
        ]
        parts = {"header": dict(self.header), "grid": grid, "outputs": outputs, "facts": self.facts}
        texts = {key: orjson.dumps(part).decode() for key, part in parts.items()}
        return {"format": FORMAT, "settings": self.settings, **texts}

    @classmethod
    def from_strings(cls, strings: Mapping[str, str]) -> Metadata:
        """The inverse; the format is not looked at.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: strings that no run wrote.
        """
        grid = orjson.loads(strings["grid"])
        header, entries = orjson.loads(strings["header"]), orjson.loads(strings["outputs"])
        told = [*header, *header.values()]
        for entry in entries:
            told += [entry["key"], *entry["axes"], entry["unit"], entry["meaning"]]
        if not all(isinstance(text, str) for text in told):
            raise ValueError("expected texts in the header, and as key, axes, unit and meaning of every output")
        outputs = {
            entry["key"]: Output(entry["key"].partition(".")[2], tuple(entry["axes"]), entry["unit"], entry["meaning"])
            for entry in entries
        }
        try:
            levels = Grid.of(tuple(grid["imgsz"]), [tuple(size) for size in grid["maps"]], grid["strides"])
        except InputError as error:
            raise ValueError(error.message) from None
        return cls(header, levels, strings["settings"], outputs)


def room_for(metadata: Metadata) -> int:
    """Bytes to keep free for the header of a run that begins: a multiple of 8, so that the tensors are aligned."""
    known = len(orjson.dumps(metadata.to_strings()))
    return -(-(ROOM_FOR_DECLARATIONS + 2 * known) // 8) * 8


def file_start(metadata: Metadata, tensors: Mapping[str, Mapping[str, Any]], room: int) -> bytes:
    """What stands before the data: the length of the header, then the header and spaces, ``room`` bytes together."""
    header = orjson.dumps({"__metadata__": metadata.to_strings(), **tensors})
    if len(header) > room:
        raise AssertionError(f"the header of {len(header)} bytes outgrew its room")
    return room.to_bytes(8, "little") + header.ljust(room)


def parse_start(file: BinaryIO) -> dict[str, tuple[int, tuple[int, ...], np.dtype[Any]]]:
    """Where the tensors lie: bytes from the start of the file, shape and type, by key."""
    room = int.from_bytes(file.read(8), "little")
    header = orjson.loads(file.read(room))
    header.pop("__metadata__", None)
    return {
        key: (8 + room + entry["data_offsets"][0], tuple(entry["shape"]), _DTYPES[entry["dtype"]])
        for key, entry in header.items()
    }


def tensor_entry(array: Array, start: int) -> dict[str, Any]:
    """The header's line about an array that begins ``start`` bytes behind it."""
    return {
        "dtype": _CODES[array.dtype.name],
        "shape": array.shape,
        "data_offsets": (start, start + array.nbytes),
    }

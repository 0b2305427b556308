"""Reads a trace saved as .safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
from safetensors import SafetensorError, safe_open

from ..assignment.grid import Grid
from ..assignment.outputs import Output
from ..basics.errors import InputError
from ..formats.tensor_file import DTYPES, FORMAT
from .stored import FileArray, StoredOutput, StoredTrace

_DTYPES = {code: np.dtype(name) for name, code in DTYPES.items()}


def read_trace_file(path: Path) -> StoredTrace:
    """The trace in ``path``; its tensors stay in the file until they are asked for.

    Raises:
        InputError: not a safetensors file, or not one that ``save`` wrote.
    """
    try:
        with safe_open(path, framework="numpy") as file:  # holds header and length of the file against each other
            metadata: dict[str, Any] = file.metadata() or {}
        found = metadata.get("format")
        if found != FORMAT:
            message = f"this file was not written by `save`: its format is {found!r}, not {FORMAT!r}"
            raise InputError("wrong-trace-file", message, where=str(path))
        return _stored(metadata, _places(path))
    except FileNotFoundError:
        raise InputError("no-such-file", "there is no such trace file", where=str(path)) from None
    except (SafetensorError, OSError) as error:
        raise InputError("wrong-trace-file", f"this is no whole .safetensors file: {error}", where=str(path)) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        message = f"the metadata of this trace file cannot be read: {type(error).__name__}: {error}"
        raise InputError("wrong-trace-file", message, where=str(path)) from None


def _places(path: Path) -> dict[str, FileArray]:
    """Where every tensor of the file lies. The library reads tensors whole only, or cut along their own axes."""
    with path.open("rb") as file:
        room = int.from_bytes(file.read(8), "little")
        header = orjson.loads(file.read(room))
    return {
        key: FileArray(path, 8 + room + entry["data_offsets"][0], tuple(entry["shape"]), _DTYPES[entry["dtype"]])
        for key, entry in header.items()
        if key != "__metadata__"
    }


def _stored(metadata: dict[str, Any], places: dict[str, FileArray]) -> StoredTrace:
    grid = orjson.loads(metadata["grid"])
    outputs = {}
    for declared in orjson.loads(metadata["outputs"]):
        key = declared["key"]
        stage, _, name = key.partition(".")
        output = Output(name, tuple(declared["axes"]), declared["unit"], declared["meaning"])
        if len(output.axes) != len(places[key].shape) or not output.axes:
            raise ValueError(f"{key} has shape {list(places[key].shape)}, but axes {list(output.axes)}")
        outputs[key] = StoredOutput(stage, output, places[key])
    try:
        levels = Grid.of(tuple(grid["imgsz"]), [tuple(size) for size in grid["maps"]], grid["strides"])
    except InputError as error:
        raise ValueError(error.message) from None
    settings = dict(orjson.loads(metadata["settings"])) if "settings" in metadata else {}
    boxes = tuple(map(int, orjson.loads(metadata["boxes"]))) if "boxes" in metadata else None
    return StoredTrace(dict(orjson.loads(metadata["header"])), levels, outputs, settings=settings, boxes=boxes)

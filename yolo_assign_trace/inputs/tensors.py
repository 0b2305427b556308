"""Reads a trace saved as .safetensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from safetensors import SafetensorError, safe_open

from ..arrays import Array
from ..errors import InputError
from ..grid import Grid
from ..outputs import Output
from ..tensor_file import FORMAT
from .stored import StoredOutput, StoredTrace


def read_trace_file(path: Path) -> StoredTrace:
    """The trace in ``path``, with all its tensors.

    Raises:
        InputError: not a safetensors file, or not one that ``--save`` wrote.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata: dict[str, Any] = file.metadata() or {}
            found = metadata.get("format")
            if found != FORMAT:
                message = f"this file was not written by --save: its format is {found!r}, not {FORMAT!r}"
                raise InputError("wrong-trace-file", message, where=str(path))
            return _stored(metadata, file.get_tensor)
    except FileNotFoundError:
        raise InputError("no-such-file", "there is no such trace file", where=str(path)) from None
    except (SafetensorError, OSError) as error:
        raise InputError("wrong-trace-file", f"this is no whole .safetensors file: {error}", where=str(path)) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        message = f"the metadata of this trace file cannot be read: {type(error).__name__}: {error}"
        raise InputError("wrong-trace-file", message, where=str(path)) from None


def _stored(metadata: dict[str, Any], get_tensor: Callable[[str], Array]) -> StoredTrace:
    grid = orjson.loads(metadata["grid"])
    outputs = {}
    for declared in orjson.loads(metadata["outputs"]):
        key = declared["key"]
        stage, _, name = key.partition(".")
        output = Output(name, tuple(declared["axes"]), declared["unit"], declared["meaning"])
        outputs[key] = StoredOutput(stage, output, get_tensor(key))
    try:
        levels = Grid.of(tuple(grid["imgsz"]), [tuple(size) for size in grid["maps"]], grid["strides"])
    except InputError as error:
        raise ValueError(error.message) from None
    settings = dict(orjson.loads(metadata["settings"])) if "settings" in metadata else {}
    boxes = tuple(map(int, orjson.loads(metadata["boxes"]))) if "boxes" in metadata else None
    return StoredTrace(dict(orjson.loads(metadata["header"])), levels, outputs, settings=settings, boxes=boxes)

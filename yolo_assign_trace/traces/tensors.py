"""Reads a trace saved as .safetensors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from safetensors import SafetensorError, safe_open

from ..basics.errors import InputError
from ..formats.tensor_file import FORMAT, READABLE, Metadata, parse_start
from ..run.trace_settings import TraceSettings
from .declared import require_declared
from .format_1 import settings_of_format_1
from .stored import FileArray, StoredOutput, StoredTrace


def read_trace_file(path: Path) -> StoredTrace:
    """The trace in ``path``; its tensors stay in the file until they are asked for.

    Raises:
        InputError: not a safetensors file, not one that ``save`` wrote, or one that no run could have written.
    """
    try:
        with safe_open(path, framework="numpy") as file:  # holds header and length of the file against each other
            metadata: dict[str, Any] = file.metadata() or {}
        if metadata.get("format") not in READABLE:
            reason = f"its format is {metadata.get('format')!r}, not {FORMAT!r}"
            raise InputError("wrong-trace-file", f"this file was not written by `save`: {reason}", where=str(path))
        trace = _stored(metadata, path)
    except FileNotFoundError:
        raise InputError("no-such-file", "there is no such trace file", where=str(path)) from None
    except (SafetensorError, OSError) as error:
        raise InputError("wrong-trace-file", f"this is no whole .safetensors file: {error}", where=str(path)) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        message = f"the metadata of this trace file cannot be read: {type(error).__name__}: {error}"
        raise InputError("wrong-trace-file", message, where=str(path)) from None
    require_declared(trace, "wrong-trace-file", lambda name: f"{path}[{name or 'settings'}]")
    return trace


def _stored(strings: dict[str, str], path: Path) -> StoredTrace:
    metadata = Metadata.from_strings(strings)
    with path.open("rb") as file:
        places = parse_start(file)  # the library reads tensors whole only, or cut along their own axes
    outputs = {}
    for key, output in metadata.outputs.items():
        offset, shape, dtype = places[key]
        if len(output.axes) != len(shape) or not output.axes:
            raise ValueError(f"{key} has shape {list(shape)}, but axes {list(output.axes)}")
        outputs[key] = StoredOutput(key.partition(".")[0], output, FileArray(path, offset, shape, dtype, output.name))
    trace = StoredTrace(metadata.header, metadata.grid, outputs)
    if strings["format"] == FORMAT:
        return replace(trace, settings=TraceSettings.from_json(metadata.settings))
    stored = {"boxes": orjson.loads(strings.get("boxes", "null")), **orjson.loads(metadata.settings)}
    return replace(trace, settings=settings_of_format_1(trace, stored))

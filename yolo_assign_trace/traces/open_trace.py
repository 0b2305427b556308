"""A finished trace from either kind of file, told by its content."""

from __future__ import annotations

from pathlib import Path

from ..basics.errors import InputError, near_file, reason_of
from ..formats.log_grammar import parse_title
from .run_log import read_run_log
from .stored import StoredTrace
from .tensors import read_trace_file

_HINT = "yolo-assign trace writes run.log and, with `save`, trace.safetensors"
_NO_TRACE = f"{_HINT}; inputs to trace are given with `labels` or `data`"


def open_trace(path: Path) -> StoredTrace:
    """The trace in ``path``, a run.log or a .safetensors file of ``save``; the content decides, not the name.

    A log is read whole, with the digits that it was printed with. The tensors of a saved trace stay in the file
    until they are asked for. Needs no torch.

    Raises:
        InputError: no such file, neither kind, another format, or a file that is not whole; of a log with the line.
    """
    try:
        if path.is_dir():
            raise InputError("is-a-folder", "this is a folder, not a trace", where=str(path), hint=_NO_TRACE)
        if path.exists() and not path.is_file():
            message = "a trace is read more than once, so it must be a regular file"
            raise InputError("not-a-file", message, where=str(path))
        with path.open("rb") as file:
            start = file.read(64)
    except FileNotFoundError:
        hint = near_file(str(path)) or _HINT
        raise InputError("no-such-file", "there is no such trace", where=str(path), hint=hint) from None
    except (OSError, ValueError) as error:
        raise InputError("not-readable", f"this trace cannot be read: {reason_of(error)}", where=str(path)) from None
    if parse_title(start.decode("utf-8-sig", "replace")) is not None:
        return read_run_log(path)
    if start[8:9] == b"{":  # a safetensors file: eight bytes of length, then JSON
        return read_trace_file(path)
    what = "this is neither a run.log nor a saved trace" if start else "this file is empty"
    raise InputError("no-trace", what, where=str(path), hint=_NO_TRACE)

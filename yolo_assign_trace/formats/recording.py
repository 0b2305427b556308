"""The files of a recording of a training run, and its lines read back. docs/watch.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..basics.errors import InputError, reason_of

FORMAT = "yolo-assign watch 1"
CALL_FORMAT = "yolo-assign call 1"
CALLS = "calls"
"""The folder of saved calls in that of a recording."""
ENTRIES = ("run", "counts", "boxes")
"""The three files of lines of every process."""


def entry_file(entry: str, rank: int) -> str:
    """Name of a file of lines: ``counts-rank0.jsonl``."""
    return f"{entry}-rank{rank}.jsonl"


def call_file(step: int, head: str, call: int, rank: int) -> str:
    """Name of a saved call: ``step000100-one2many-rank0.safetensors``; a step may have several calls of a head."""
    more = f"-{call}" if call > 1 else ""
    return f"step{step:06d}-{head}{more}-rank{rank}.safetensors"


def ranks(folder: Path) -> list[int]:
    """The processes that have written to a recording, ascending; empty if the folder holds none."""
    found = [re.fullmatch(r"run-rank(\d+)\.jsonl", path.name) for path in folder.glob("run-rank*.jsonl")]
    return sorted(int(match[1]) for match in found if match)


def runs(folder: Path) -> list[Path]:
    """The recordings in ``folder``: its own, then those of later trainings of the same command, ``run-2`` ..."""
    numbered = [(int(path.name[4:]), path) for path in folder.glob("run-*") if path.name[4:].isdecimal()]
    return [path for path in (folder, *(path for _, path in sorted(numbered))) if ranks(path)]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of one file, in order. The last one is left out if a kill cut it off.

    Raises:
        InputError: no such file, or a line that is no JSON object.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise InputError("not-a-recording", "this is no regular file", where=str(path))
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    found = json.loads(line)
                except ValueError:
                    found = None
                if not isinstance(found, dict):
                    raise InputError("not-a-recording", "this line is no JSON object", where=f"{path}:{number}")
                yield found
    except OSError as error:
        message = f"the recording cannot be read: {reason_of(error)}"
        raise InputError("not-readable", message, where=str(path)) from None

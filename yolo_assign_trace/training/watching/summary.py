"""What a recording holds, in one line. Needs no torch."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ...basics.plural import count
from ...formats.recording import entry_file, ranks, read_lines, runs

NOTHING = "nothing was recorded: no known assigner was called; others have to be named, package.module:Class"


def summary(folder: Path) -> str:
    """Where it is, what it holds, what to do next; a folder that stayed empty is removed."""
    found = runs(folder)
    if not found:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return NOTHING
    return "; ".join([*map(_of_run, found), f"next: yolo-assign history {shown(found[0])}"])


def shown(folder: Path) -> str:
    """From the current folder if it lies below."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def _of_run(folder: Path) -> str:
    ends = [_end(folder, rank) for rank in ranks(folder)]
    complete = [end for end in ends if end is not None]
    if not complete:
        return f"recorded in {shown(folder)} until it was cut off"
    totals = {name: sum(end[name] for end in complete) for name in ("counts", "boxes", "calls", "bytes")}
    cut = "" if len(complete) == len(ends) else f" ({len(ends) - len(complete)} of {len(ends)} processes were cut off)"
    return (
        f"recorded in {shown(folder)}: {count(1 + max(end['epoch'] for end in complete), 'epoch')}, "
        f"{count(1 + max(end['step'] for end in complete), 'step')}, {count(totals['counts'], 'call')} counted, "
        f"{count(totals['boxes'], 'line')} of boxes, {count(totals['calls'], 'call')} saved, "
        f"{_size(totals['bytes'])}{cut}"
    )


def _end(folder: Path, rank: int) -> dict[str, Any] | None:
    lines = [*read_lines(folder / entry_file("run", rank))]
    return lines[-1] if lines and lines[-1].get("kind") == "end" else None


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} GB"

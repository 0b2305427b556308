"""What a recording says about its run: who assigned, how it was recorded, how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..basics.errors import InputError
from ..formats.recording import FORMAT, entry_file, ranks, read_lines

OF_THE_FOLDER = ("save_dir", "project", "name")
"""Settings of a trainer that differ between any two runs."""

TRAINER, ASSIGNER = "trainer ", " assigner"
"""What names of settings begin or end with."""

MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What a line raises that lacks something, or has something of another kind."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Recorded:
    """A recording that can be read.

    Attributes:
        folder: of the recording.
        ranks: the processes that wrote to it.
        settings: what the run was made with, texts by name.
        class_names: by class; empty if the recording does not tell.
        title: release, assigner and parameters in a few words.
        notes: what a reader of its numbers should know.
    """

    folder: Path
    ranks: tuple[int, ...]
    settings: Mapping[str, str]
    class_names: tuple[str, ...]
    title: str
    notes: tuple[str, ...]


def read_recorded(folder: Path) -> Recorded:
    """Raises:
    InputError: there is no recording, or one of a format that is not known here.
    """
    if not folder.exists():
        raise InputError("no-such-folder", "there is no such recording", where=str(folder))
    found = tuple(ranks(folder))
    if not found:
        message = "this folder holds no recording" if folder.is_dir() else "a recording is a folder"
        hint = "yolo-assign watch --out FOLDER -- COMMAND makes one"
        raise InputError("not-a-recording", message, where=str(folder), hint=hint)
    lines = {rank: list(read_lines(folder / entry_file("run", rank))) for rank in found}
    first = next((of_rank[0] for of_rank in lines.values() if of_rank), None)
    if first is None:
        raise InputError("not-a-recording", "it was cut off before its first line", where=str(folder))
    for rank, of_rank in lines.items():
        if of_rank and of_rank[0].get("format") != FORMAT:
            message = f"its format is {of_rank[0].get('format')!r}, and this version reads {FORMAT!r}"
            where = f"{folder / entry_file('run', rank)}:1"
            raise InputError("unknown-format", message, where=where, hint="read it with the version that wrote it")
    of_run = lines[found[0]]
    try:
        settings, notes = _settings(of_run), tuple(_notes(lines, first))
        named = next((line["class_names"] for line in of_run if line.get("class_names")), ())
        return Recorded(folder, found, settings, tuple(map(str, named)), _title(settings), notes)
    except MALFORMED:
        where = str(folder / entry_file("run", found[0]))
        raise InputError("not-a-recording", "these are no lines of run", where=where) from None


def each_line(folder: Path, entry: str, rank: int, read: Callable[[Mapping[str, Any]], Found]) -> Iterator[Found]:
    """What ``read`` makes of every line of a file; nothing if a kill came before the file.

    Raises:
        InputError: it makes nothing of one.
    """
    path = folder / entry_file(entry, rank)
    for number, line in enumerate(read_lines(path) if path.exists() else (), 1):
        try:
            yield read(line)
        except MALFORMED:
            raise InputError("not-a-recording", f"this is no line of {entry}", where=f"{path}:{number}") from None


def differing(one: Recorded, other: Recorded) -> list[tuple[str, str, str]]:
    """Name and both values of every setting that differs, the assigner's first.

    What only one release or head has says nothing of the other; only the assigner of a head is told then, with ``-``.
    """
    names = [*dict.fromkeys([*one.settings, *other.settings])]
    in_both = [name for name in names if name.endswith(ASSIGNER) or (name in one.settings and name in other.settings)]
    values = [(name, one.settings.get(name, "-"), other.settings.get(name, "-")) for name in in_both]
    return sorted((row for row in values if row[1] != row[2]), key=lambda row: row[0].startswith(TRAINER))


def _settings(lines: list[dict[str, Any]]) -> dict[str, str]:
    """Of all assigners of a head: parameters that have been seen, in order."""
    found: dict[str, dict[str, None]] = {}

    def add(name: str, value: Any) -> None:
        found.setdefault(name, {})[str(value)] = None

    for line in lines:
        if line.get("kind") == "assigner":
            add("release", f"{line.get('package')} {line.get('release')}".strip())
            add(f"{line.get('head')}{ASSIGNER}", str(line.get("class")).rpartition(".")[2])
            for name, value in dict(line.get("parameters") or {}).items():
                add(f"{line.get('head')} {name}", value)
        elif line.get("kind") == "trainer":
            for name, value in dict(line.get("arguments") or {}).items():
                if name not in OF_THE_FOLDER:
                    add(f"{TRAINER}{name}", value)
    return {name: ", ".join(values) for name, values in found.items()}


def _title(settings: Mapping[str, str]) -> str:
    parts = [settings.get("release", "no assigner was called")]
    model = settings.get(f"{TRAINER}model")
    for head in ("one2many", "one2one"):
        if f"{head}{ASSIGNER}" in settings:
            shown = [f"{name} {settings[key]}" for name in ("topk", "topk2") if (key := f"{head} {name}") in settings]
            parts.append(f"{head} {' '.join([settings[head + ASSIGNER], *shown])}")
    return ", ".join([*parts, model] if model else parts)


def _notes(lines: Mapping[int, list[dict[str, Any]]], first: Mapping[str, Any]) -> Iterator[str]:
    of_several = len(lines) > 1 or int(first.get("world") or 1) > 1
    for rank, of_rank in lines.items():
        who = f"process {rank}: " if of_several else ""
        for line in of_rank:
            if line.get("kind") == "remark":
                yield f"{who}{line.get('text')}"
            elif line.get("kind") == "off":
                yield f"{who}recording failed on the way, and nothing follows: {line.get('text')}"
        if not of_rank or of_rank[-1].get("kind") not in ("end", "off"):
            yield f"{who}no end is recorded: the training runs, or it was cut off; its last epoch is not whole"
    missing = sorted(set(range(int(first.get("world") or 1))) - set(lines))
    if missing:
        yield f"nothing is recorded of processes {', '.join(map(str, missing))} of {first['world']}"
    every = first.get("count_every")
    if every == 0:
        yield "no calls were counted, by its settings: there are churn and starving boxes only"
    elif isinstance(every, int) and every > 1:
        yield f"calls of every {every} steps and batches were counted"

"""The files of one recording: lines that survive a kill, saved calls, and what both may take."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...formats.call_file import Raw, header_of, write_tensors
from ...formats.recording import CALLS, ENTRIES, call_file, entry_file, ranks
from ..patching.guard import say
from .settings import Settings

MIB, GIB = 1 << 20, 1 << 30
RESERVE = GIB
"""Bytes of the disk that saved calls leave free: a training that cannot write its checkpoint is worse off."""

MOST_HALVINGS = 10


def claim(out: Path) -> Path:
    """The folder for a new recording: ``out``, or ``out-2`` ... where earlier ones are; it exists afterwards.

    Raises:
        OSError: it cannot be made.
    """
    number, folder = 1, out
    while ranks(folder):
        number += 1
        folder = out.with_name(f"{out.name}-{number}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Recording:
    """What one process writes: three files of lines and a folder of calls; the folder is shared with other ranks.

    Half of the allowance is for calls: when they reach it, every second one goes and from then on half as many are
    saved, so that those left are spread over the run. The other half is for lines: whenever half of what was left of
    it is used, half as many are written from then on.

    Attributes:
        folder: ``out``, or ``out/run-2`` ... if processes of this rank have written to those before it already.
        written: number of lines by file.
    """

    def __init__(self, out: Path, rank: int, world: int, settings: Settings) -> None:
        self.rank = rank
        self.half = settings.max_size * GIB / 2 / world
        self.written = dict.fromkeys(ENTRIES, 0)
        self._every, self._count_every, self._box_every = settings.every, settings.count_every, 1
        self._used = 0
        self._saved: dict[Path, tuple[int, int]] = {}  # step and bytes by file
        number, self.folder = 1, out
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._files = {entry: _open(self.folder / entry_file(entry, rank)) for entry in ENTRIES}
                return
            except FileExistsError:
                number += 1
                self.folder = out / f"run-{number}"

    def wants_call(self, step: int) -> bool:
        """Is this a step whose calls are saved?"""
        return self._every > 0 and step % self._every == 0

    def wants_counts(self, step: int) -> bool:
        """Is this a step whose calls are counted?"""
        return self._count_every > 0 and step % self._count_every == 0

    def wants_boxes(self, epoch: int) -> bool:
        """Is this an epoch whose validation is recorded box by box?"""
        return epoch % self._box_every == 0

    def lines(self, entry: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append lines, in one write to the system: a kill of this process cannot take them back.

        Raises:
            OSError: the disk is full, or the allowance is used up.
        """
        text = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines).encode()
        _append(self._files[entry], text)
        self.written[entry] += len(lines)
        halvings = self._halvings()
        self._used += len(text)
        for _ in range(self._halvings() - halvings):
            self._count_every, self._box_every = 2 * self._count_every, 2 * self._box_every
            self.remark(
                f"the lines take {self._used / MIB:.0f} of {self.half / MIB:.0f} MiB; from here on the counts of each "
                f"{self._count_every} steps and the boxes of each {self._box_every} validations are written"
            )

    def _halvings(self) -> int:
        """How many times half of what was left of the lines' allowance has been used."""
        left = 1 - self._used / self.half
        if left <= 0:
            raise OSError(f"the lines have reached {self.half / MIB:.0f} MiB; raise max_size")
        return min(MOST_HALVINGS, math.floor(-math.log2(left)))

    def remark(self, text: str) -> None:
        """Something the user should know: a line in the recording and one to stderr."""
        say(text)
        self.lines("run", [{"kind": "remark", "text": text}])

    def save_call(self, step: int, head: str, tensors: Mapping[str, Raw], texts: Mapping[str, str]) -> None:
        """Save a call if the allowance and the disk have room for it, thinning earlier ones if need be.

        Raises:
            InputError: it cannot be written.
        """
        folder = self.folder / CALLS
        folder.mkdir(exist_ok=True)
        size = len(header_of(tensors, texts)) + sum(raw.data.nbytes for raw in tensors.values())
        while self.saved_bytes + size > self.half and any(step for step, _ in self._saved.values()):
            self._thin()
        if self.saved_bytes + size > self.half:
            self._stop(f"no more calls are saved: one takes {size / MIB:.0f} MiB; raise max_size")
        elif shutil.disk_usage(folder).free - size < RESERVE:
            self._stop(f"no more calls are saved: less than {RESERVE / GIB:g} GiB would be left on the disk")
        elif self.wants_call(step):  # thinning may have made this one of those that go
            numbers = range(1, len(self._saved) + 2)
            paths = (folder / call_file(step, head, number, self.rank) for number in numbers)
            path = next(path for path in paths if path not in self._saved)
            self._saved[path] = step, write_tensors(path, tensors, texts)

    def totals(self) -> dict[str, int]:
        """What it holds: lines by file, saved calls, bytes of both."""
        counted = {entry: self.written[entry] for entry in ENTRIES[1:]}
        return {**counted, "calls": len(self._saved), "bytes": self._used + self.saved_bytes}

    @property
    def saved_bytes(self) -> int:
        return sum(size for _, size in self._saved.values())

    def _thin(self) -> None:
        """Keep the calls of every second of the steps."""
        self._every *= 2
        for path, (step, _) in list(self._saved.items()):
            if not self.wants_call(step):
                path.unlink(missing_ok=True)
                del self._saved[path]

    def _stop(self, why: str) -> None:
        self._every = 0
        self.remark(why)

    def close(self) -> None:
        for file in self._files.values():
            os.close(file)


def _append(file: int, text: bytes) -> None:
    """All of the text, or none of it."""
    before, left = os.fstat(file).st_size, memoryview(text)
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        os.ftruncate(file, before)
        raise


def _open(path: Path) -> int:
    """A file that was not there before, for appending."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)

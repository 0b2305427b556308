"""The audit of a million label files, and of ten thousand and a hundred thousand of them. Needs 4 GB of disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .audit import count, lines_of
from .labels import write_files
from .measure import Line, in_turns, slower

FILES = 1_000_000


def lines() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name), FILES)
        large = lines_of(name, FILES, rounds=1)
        fewer = [Path(name) / f"{files}" for files in (10_000, 100_000)]
        for folder in fewer:  # the first of the same files
            (folder / "labels").mkdir(parents=True)
            for number in range(int(folder.name)):
                label = f"labels/{number:012d}.txt"
                (folder / label).hardlink_to(Path(name) / label)
        seconds = in_turns(3, *(lambda folder=folder: count(str(folder), 2) for folder in fewer))
        (whole,) = in_turns(1, lambda: count(name, 2))
        each = [[time / int(folder.name) for time in times] for folder, times in zip(fewer, seconds, strict=True)]
        return [
            *large,
            slower("audit: a file of 100,000 : a file of 10,000", each[1], each[0], at_most=1.2),
            slower("audit: a file of 1,000,000 : a file of 100,000", [whole[0] / FILES] * 3, each[1], at_most=1.2),
        ]

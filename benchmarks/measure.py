"""Two sides measured alternately, peak memory of a fresh process, and the line of the table they make."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

MIB = 1 << 20
ENOUGH = 0.5
"""Seconds that every side gets in a round."""


@dataclass(frozen=True)
class Line:
    """One line of the table: side A against side B, one ratio per round, and the bound that the median must keep."""

    what: str
    a: str
    b: str
    ratios: list[float]
    target: float
    at_least: bool

    @property
    def met(self) -> bool:
        found = median(self.ratios)
        return found >= self.target if self.at_least else found <= self.target

    def cells(self) -> tuple[str, ...]:
        low, middle, high = min(self.ratios), median(self.ratios), max(self.ratios)
        bound = f"{'≥' if self.at_least else '≤'} {self.target:g}"
        return (
            self.what,
            self.a,
            self.b,
            f"{middle:.3g} ({low:.3g}–{high:.3g})",
            bound,
            "met" if self.met else "MISSED",
        )


def slower(what: str, a: list[float], b: list[float], *, at_most: float) -> Line:
    """A takes at most so many times B, round by round."""
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    return Line(what, seconds(a), seconds(b), ratios, at_most, at_least=False)


def faster(what: str, a: list[float], b: list[float], *, at_least: float) -> Line:
    """B takes at least so many times A, round by round."""
    ratios = [y / x for x, y in zip(a, b, strict=True)]
    return Line(what, seconds(a), seconds(b), ratios, at_least, at_least=True)


def less_memory(what: str, a: list[int], b: list[int], *, at_most: float) -> Line:
    """A takes at most so many times the bytes of B."""
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    return Line(what, _mib(a), _mib(b), ratios, at_most, at_least=False)


def seconds(times: list[float]) -> str:
    middle = median(times)
    return f"{middle:.2f} s" if middle >= 1 else f"{1000 * middle:.0f} ms"


def _mib(sizes: list[int]) -> str:
    return f"{median(sizes) / MIB:.0f} MiB"


def in_turns(rounds: int, *sides: Callable[[], object]) -> list[list[float]]:
    """Seconds of every side in every round. Sides run one after the other within a round, after a round to warm up.

    A quick side is called again until it has had half a second, and the median of its calls stands for the round:
    otherwise one interruption by another process would decide a ratio of 50.
    """
    times: list[list[float]] = [[] for _ in sides]
    for number in range(rounds + 1):
        for side, found in zip(sides, times, strict=True):
            calls: list[float] = []
            while sum(calls) < ENOUGH:
                gc.collect()
                start = time.perf_counter()
                side()
                calls.append(time.perf_counter() - start)
            if number:
                found.append(median(calls))
    return times


def fresh_process(function: str, *arguments: str) -> int:
    """What ``module:function`` of this package returns in a process of its own; an int, such as a peak of memory."""
    module, _, name = function.partition(":")
    program = f"import sys; from benchmarks.{module} import {name}; print({name}(*sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout.split()[-1])


def growth_of_peak(work: Callable[[], object]) -> int:
    """Bytes by which the process's resident memory, at its highest during ``work``, exceeds what it was before.

    This is the peak that ``getrusage`` calls ru_maxrss, read as VmHWM because Linux lets that one start again from
    the present size; ru_maxrss would also remember what happened before, in the parent process even.
    """
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    work()
    return _status("VmHWM") - before


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))

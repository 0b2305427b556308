"""Where a trace goes: the tracers that the options ask for."""

from __future__ import annotations

import math
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...basics.errors import InputError, reason_of
from ..screens.terminal import message_console, print_line, result_console, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...run.record import Tracer
    from ...tracers.json_summary import JsonSummary


_BATCH = re.compile(r"\d{5}(-\d{5})?\.\w+")


@dataclass(frozen=True)
class Outputs:
    """What the options say about outputs; ``log`` and ``save`` are None if not wanted, ``max_log`` is in GiB."""

    log: Path | None
    save: Path | None
    stages: tuple[str, ...]
    digits: int
    max_log: float
    tracers: tuple[str, ...]
    plugins: bool
    quiet: bool

    @property
    def files(self) -> list[Path]:
        return [path for path in (self.log, self.save) if path is not None]

    def check(self, inputs: list[Path]) -> None:
        """No output may replace an input or another output.

        Raises:
            InputError: one would.
        """
        if not math.isfinite(self.max_log):
            raise InputError("wrong-limit", f"{self.max_log} is no size", where="--max-log", hint="0 means no limit")
        taken = {os.path.realpath(path) for path in inputs}
        for path in self.files:
            # a device can be written twice; Path.exists would raise on names that are too long
            if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
                continue
            if os.path.realpath(path) in taken:
                raise InputError("would-overwrite", "this file is also an input or another output", where=str(path))
            taken.add(os.path.realpath(path))

    def older_files(self, folder: Path, written: list[Path]) -> list[Path]:
        """Files of batches in ``folder`` that this run did not write: those of other images or another --batch."""
        return sorted(path for path in folder.glob("[0-9]*.*") if _BATCH.fullmatch(path.name) and path not in written)

    def check_total(self, size: int) -> None:
        """Would the logs of all batches stay under ``max_log`` together?

        Raises:
            InputError: they would not; before the first one is written.
        """
        if self.max_log and size > self.max_log * 2**30:
            raise InputError(
                "log-too-large",
                f"the logs of all batches would take about {size / 2**30:.3g} GiB, the limit is {self.max_log:.3g} GiB",
                where=str(self.log),
                hint="select fewer --images, raise --max-log (0: no limit), or use --no-log",
            )

    def of_batch(self, stem: str) -> Outputs:
        """The outputs of one batch of several: files called ``stem`` in folders called like the files.

        Raises:
            InputError: a folder cannot be made.
        """

        def inside(path: Path | None) -> Path | None:
            if path is None:
                return None
            folder = path.with_suffix("")
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"the folder for several batches cannot be made: {reason_of(error)}"
                raise InputError("not-writable", message, where=str(folder)) from None
            return folder / f"{stem}{path.suffix}"

        return replace(self, log=inside(self.log), save=inside(self.save))

    def watchers(
        self, summary: JsonSummary | None, positions: Sequence[int] | None = None, *, first: bool = True
    ) -> list[Tracer]:
        """The tracers, in the order in which they are told.

        Args:
            summary: takes the JSON summary, if one is wanted.
            positions: of the images in their dataset if this is one batch of several.
            first: is it the first of them?
        """
        from ...tracers.non_finite import NonFiniteWarning
        from ...tracers.plugins import load_installed, load_named
        from ...tracers.run_log import RunLog

        watching: list[Tracer] = [NonFiniteWarning(_warn), *map(load_named, self.tracers)]
        if self.plugins:
            watching += load_installed(_warn, except_for=set(self.tracers))
        if sys.stderr.isatty():
            from ...tracers.progress import ProgressBar

            watching.append(ProgressBar(message_console()))
        if summary is not None:
            watching.append(summary)
        elif positions is not None and not self.quiet and not self.stages:
            from ...tracers.digest import Digest

            watching.append(Digest(print_line, positions, first=first))
        elif not self.quiet:
            from ...tracers.console import Console

            watching.append(Console(result_console(), self.stages))
        if self.save is not None:
            from ...tracers.tensors import TensorFile

            watching.append(TensorFile(self.save))
        if self.log is not None:  # last, so that the old log is replaced only when nothing else can fail
            watching.append(RunLog(self.log, digits=self.digits, limit=int(self.max_log * 2**30)))
        return watching


def _warn(text: str) -> None:
    say(f"warning: {text}", "yellow")

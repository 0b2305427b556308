"""A progress bar for long runs, on a terminal only."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..run.record import BoxLine, Fact, Run, StageStart, Tracer

QUIET_SECONDS = 1.0
"""A run that is done by then shows no bar."""


class ProgressBar(Tracer):
    """Counts stages; cleared before anything else is printed, and gone at the end."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar: Progress | None = None
        self.started = 0.0
        self.total = 0

    def run_start(self, run: Run) -> None:
        self.started = time.monotonic()
        self.total = len(run.assigner.stages)

    def stage_start(self, stage: StageStart) -> None:
        if time.monotonic() - self.started < QUIET_SECONDS:
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=self.console, transient=True, get_time=time.monotonic)
        task = self.bar.add_task(f"stage {stage.number} of {self.total}: {stage.name}", total=self.total)
        self.bar.update(task, completed=stage.number - 1)
        self.bar.tasks[0].start_time = self.started
        self.bar.start()

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        self._clear()

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        self._clear()

    def run_failed(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

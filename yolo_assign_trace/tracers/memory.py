"""Keeps a trace in memory: for notebooks and tests."""

from __future__ import annotations

from ..basics.arrays import Array
from ..run.record import BoxLine, Fact, Record, Run, StageStart, Tracer


class Memory(Tracer):
    """Everything of a run, to look at afterwards.

    Attributes:
        run: what was run.
        records: every output by ``stage.name``, in order.
        facts: by stage.
        boxes: the closing line of every ground-truth box.
    """

    run: Run

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.facts: dict[str, tuple[Fact, ...]] = {}
        self.boxes: tuple[BoxLine, ...] = ()

    def __getitem__(self, name: str) -> Array:
        """The values of output ``name``, such as ``align_metric``."""
        for record in self.records.values():
            if name in (record.name, record.key):
                return record.array
        raise KeyError(name)

    def run_start(self, run: Run) -> None:
        self.run = run

    def output(self, record: Record) -> None:
        self.records[record.key] = record

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        self.facts[stage.name] = facts

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        self.boxes = boxes

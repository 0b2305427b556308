"""Saves a trace as .safetensors, tensor by tensor as they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..assignment.outputs import Output
from ..basics.errors import InputError
from ..formats.safe_write import SafeFile
from ..formats.tensor_file import Metadata, file_start, room_for, tensor_entry
from ..run.record import BoxLine, Fact, Record, Run, StageStart, Tracer


class TensorFile(Tracer):
    """Writes every output under ``stage.name``, exact.

    The safetensors library writes a file from a dictionary of all tensors, which would have to be in memory
    together. The format puts a JSON header before the data and allows spaces behind it, so room for the header is
    left at the start, the data follow as they come, and the header is filled in at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: SafeFile | None = None
        self.end = 0
        self.room = 0
        self.tensors: dict[str, dict[str, Any]] = {}
        self.outputs: dict[str, Output] = {}
        self.facts: list[dict[str, str]] = []
        self.run: Run

    def run_start(self, run: Run) -> None:
        self.run = run
        self.file = SafeFile(self.path, "trace file")
        if not self.file.seekable:
            raise InputError("not-seekable", "a trace file must be a regular file", where=str(self.path))
        self.room = room_for(self._metadata())
        self.file.write(bytes(8 + self.room))

    def output(self, record: Record) -> None:
        assert self.file is not None
        array = np.ascontiguousarray(record.array)
        self.tensors[record.key] = tensor_entry(array, self.end)
        self.outputs[record.key] = record.output
        self.end += array.nbytes
        self.file.write(array.reshape(-1).view(np.uint8).data)

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        self.facts += [{"stage": stage.name, "id": fact.id, "text": fact.text} for fact in facts]

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        assert self.file is not None
        self.file.write_at(0, file_start(self._metadata(), self.tensors, self.room))
        self.file.commit()

    def run_failed(self) -> None:
        if self.file is not None:
            self.file.discard()

    def _metadata(self) -> Metadata:
        run = self.run
        return Metadata(run.header(), run.grid, run.trace_settings().to_json(), self.outputs, self.facts)

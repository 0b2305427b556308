"""Saves a trace as .safetensors, tensor by tensor as they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..basics.errors import InputError
from ..formats.safe_write import SafeFile
from ..formats.tensor_file import FORMAT, ROOM_FOR_DECLARATIONS, type_code
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
        self.tensors: dict[str, Any] = {}
        self.declared: list[dict[str, Any]] = []
        self.facts: list[dict[str, Any]] = []
        self.run: Run

    def run_start(self, run: Run) -> None:
        self.run = run
        self.file = SafeFile(self.path, "trace file")
        if not self.file.seekable:
            raise InputError("not-seekable", "a trace file must be a regular file", where=str(self.path))
        # a multiple of 8, so that the tensors behind it are aligned
        self.room = -(-(ROOM_FOR_DECLARATIONS + 2 * len(_json(self._metadata()))) // 8) * 8
        self.file.write(bytes(8 + self.room))

    def output(self, record: Record) -> None:
        assert self.file is not None
        array = np.ascontiguousarray(record.array)
        start, self.end = self.end, self.end + array.nbytes
        self.tensors[record.key] = {
            "dtype": type_code(array.dtype),
            "shape": array.shape,
            "data_offsets": (start, self.end),
        }
        self.declared.append(
            {
                "key": record.key,
                "axes": record.output.axes,
                "unit": record.output.unit,
                "meaning": record.output.meaning,
            }
        )
        self.file.write(array.reshape(-1).view(np.uint8).data)

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        self.facts += [{"stage": stage.name, "id": fact.id, "text": fact.text} for fact in facts]

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        assert self.file is not None
        header = orjson.dumps({"__metadata__": self._metadata(), **self.tensors})
        if len(header) > self.room:
            raise AssertionError(f"the header of {len(header)} bytes outgrew its room")
        self.file.write_at(0, self.room.to_bytes(8, "little") + header.ljust(self.room))
        self.file.commit()

    def _metadata(self) -> dict[str, str]:
        run = self.run
        grid = {
            "imgsz": (run.grid.height, run.grid.width),
            "maps": [(level.height, level.width) for level in run.grid.levels],
            "strides": run.grid.strides,
        }
        return {
            "format": FORMAT,
            "header": _json(run.header()),
            "grid": _json(grid),
            "settings": _json(dict(run.settings)),
            "boxes": _json(run.boxes),
            "outputs": _json(self.declared),
            "facts": _json(self.facts),
        }

    def run_failed(self) -> None:
        if self.file is not None:
            self.file.discard()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()

"""Reads run.log back into arrays. Every line is held against the grammar; the first that does not fit is an error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..assignment.grid import Grid
from ..assignment.outputs import AXES, FIXED_SIZES, Output
from ..basics.arrays import Array
from ..formats.log_grammar import (
    FORMAT,
    READABLE,
    TensorLine,
    as_rows,
    is_by_level,
    is_remark,
    is_summary,
    level_starts,
    pair_mask_rows,
    pair_starts,
    parse_columns,
    parse_end,
    parse_header,
    parse_mask,
    parse_mask_row,
    parse_meaning,
    parse_stage,
    parse_table,
    parse_tensor,
    parse_title,
    row_starts,
)
from ..formats.number_text import parse_values
from ..inputs.reading.files import open_regular, refusal
from ..run.trace_settings import TraceSettings
from .declared import require_declared
from .format_1 import settings_of_format_1
from .log_lines import LogLines
from .stored import StoredOutput, StoredTrace

_DTYPES = frozenset({"bool", "uint8", "int32", "int64", "float16", "float32", "float64"})


@dataclass(frozen=True)
class _Announced:
    """A tensor whose values follow."""

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    unit: str


def read_run_log(path: Path) -> StoredTrace:
    """Rebuild the arrays of a log; floats have the digits that were printed.

    Raises:
        InputError: an unreadable file, another format, or a line that does not fit, with its number.
    """
    with open_regular(path, "log") as file:
        reader = _Reader(LogLines(file, path))
        try:
            trace = reader.read()
        except (ValueError, IndexError, OverflowError):  # whatever an edited line can lead to
            raise reader.lines.error("this line is no part of a log") from None
        except OSError as error:
            raise refusal(path, "log", error) from None
    require_declared(trace, "wrong-log", lambda name: f"{path}:{reader.lines_of[name]}")
    return trace


class _Reader:
    def __init__(self, lines: LogLines) -> None:
        self.lines = lines
        self.header: dict[str, str] = {}
        self.header_lines: dict[str, int] = {}
        self.lines_of: dict[str, int] = {"": 1}  # where outputs are declared and, without a name, the settings
        self.sizes: dict[str, int] = dict(FIXED_SIZES)
        self.stages = 0
        self.grid: Grid
        self.pairs: Array | None = None
        self.stage = ""
        self.meanings: dict[str, str] = {}
        self.outputs: dict[str, StoredOutput] = {}
        self.pending: list[_Announced] = []

    def read(self) -> StoredTrace:
        self._read_header()
        while not (end := parse_end(line := self.lines.next())):
            if line:
                self._read_line(line)
        self._require_no_pending()
        if end != (len(self.outputs), self.stages):
            message = f"expected {end[0]} outputs in {end[1]} stages, found {len(self.outputs)} in {self.stages}"
            raise self.lines.error(message)
        while self.lines.left:
            if self.lines.next():
                raise self.lines.error("nothing may follow the end mark")
        header = {key: value for key, value in self.header.items() if key not in ("digits", "settings")}
        trace = StoredTrace(header, self.grid, self.outputs, int(self.header["digits"]))
        return replace(trace, settings=self._settings(trace))

    def _settings(self, trace: StoredTrace) -> TraceSettings:
        key = "settings" if "settings" in self.header else "assigner"
        try:
            if key == "settings":
                return TraceSettings.from_json(self.header[key])
            return settings_of_format_1(trace)
        except ValueError as error:
            raise self.lines.error(str(error), self.header_lines.get(key, 1)) from None

    def _read_line(self, line: str) -> None:
        if columns := parse_table(line):
            self._read_table(columns)
        elif meaning := parse_meaning(line):
            self.meanings[meaning[0]] = meaning[1]
        elif line.startswith("== "):
            self._start_stage(line)
        elif (tensor := parse_tensor(line)) and self.stage:
            self._read_tensor(tensor)
        elif not is_remark(line):
            raise self.lines.error("this line is no part of a log")

    def _start_stage(self, line: str) -> None:
        self._require_no_pending()
        if is_summary(line):
            self.stage = ""
            return
        stage = parse_stage(line)
        if stage is None or stage[0] != self.stages + 1:
            raise self.lines.error(f"expected the start of stage {self.stages + 1}")
        self.stages, self.stage = stage

    def _read_header(self) -> None:
        number = parse_title(self.lines.next())
        if number is None:
            raise self.lines.error("this is no log of yolo-assign")
        if number not in READABLE:
            raise self.lines.error(f"this log has format {number}, this version reads format {' and '.join(READABLE)}")
        while (line := self.lines.peek()) is not None and (told := parse_header(line)):
            self.lines.next()
            self.header[told[0]], self.header_lines[told[0]] = told[1], self.lines.at
        for key in ("grid", "digits", "versions", *(["settings"] if number == str(FORMAT) else [])):
            if key not in self.header:
                raise self.lines.error(f"the header has no line {key!r}")
        if not _is_number(self.header["digits"], 2):
            raise self.lines.error("the number of digits cannot be read", self.header_lines["digits"])
        try:
            self.grid = Grid.parse(self.header["grid"])
        except ValueError as error:
            raise self.lines.error(str(error), self.header_lines["grid"]) from None
        self.lines.require(self.grid.anchors, "anchors", self.header_lines["grid"])  # their points have a line each
        self.lines_of[""] = self.header_lines.get("settings", self.header_lines.get("assigner", 1))
        self.sizes |= {"anchor": self.grid.anchors, "level": len(self.grid.levels)}

    def _read_tensor(self, line: TensorLine) -> None:
        self._check_sizes([*line.axes, *line.dense])
        if line.dtype not in _DTYPES:
            raise self.lines.error(f"{line.dtype} is no type of a tensor")
        if f"{self.stage}.{line.name}" in self.outputs:
            raise self.lines.error(f"{line.name} stands here a second time")
        axes, shape = tuple(axis for axis, _ in line.axes), tuple(int(size) for _, size in line.axes)
        tensor = _Announced(line.name, axes, shape, np.dtype(line.dtype), line.unit)
        self.lines_of[line.name] = self.lines.at
        self.lines.take(line.name, math.prod(shape) * tensor.dtype.itemsize)
        if not line.dense:
            self._keep(tensor, self._read_dense(tensor))
        elif tensor.dtype == np.bool_:
            self._keep(tensor, self._read_mask(tensor.name, shape[0]))
            key = f"{self.stage}.pairs"
            if key in self.outputs and self.pairs is not None:
                self.outputs[key] = replace(self.outputs[key], values=self.pairs)
        else:  # its place is held here; the mask of this stage fills in the pairs, the table below all others
            self._keep(tensor, np.zeros(0, tensor.dtype))
            if tensor.name != "pairs":
                self.pending.append(tensor)

    def _check_sizes(self, axes: Sequence[tuple[str, str]]) -> None:
        """Every axis is known and as long as everywhere else in the log."""
        for axis, written in axes:
            if axis not in AXES or not _is_number(written, 12):
                raise self.lines.error("the axes and sizes of this tensor cannot be read")
            size = int(written)
            if self.sizes.setdefault(axis, size) != size:
                raise self.lines.error(f"{axis} is {size} here, but {self.sizes[axis]} elsewhere")

    def _read_dense(self, tensor: _Announced) -> Array:
        axes, shape = tensor.axes, tensor.shape
        if is_by_level(axes):
            starts = level_starts(tensor.name, shape[0] if "image" in axes else None, self.grid)
            images = shape[0] if "image" in axes else 1
            self.lines.require(images * sum(level.height for level in self.grid.levels), tensor.name)
            widths = [level.width for _ in range(images) for level in self.grid.levels for _ in range(level.height)]
        else:
            index_axes, as_shape = as_rows(axes, shape)
            if not (count := math.prod(as_shape[:-1])):
                return np.zeros(shape, tensor.dtype)
            self.lines.require(count, tensor.name)
            starts = row_starts(tensor.name, index_axes, as_shape, self.grid)
            widths = [as_shape[-1]] * count
        values, at = np.zeros(math.prod(shape), tensor.dtype), 0
        for start, width in zip(starts, widths, strict=False):
            values[at : at + width] = self._parse(self.lines.after(start), tensor.dtype, width)
            at += width
        return values.reshape(shape)

    def _parse(self, text: str, dtype: np.dtype[Any], count: int) -> Array:
        try:
            return parse_values(text, dtype, count)
        except (ValueError, OverflowError):
            raise self.lines.error(f"expected {count} values of type {dtype}") from None

    def _read_mask(self, name: str, count: int) -> Array:
        """Masks over pairs are pictures; the first one of a log also tells which pairs there are."""
        if self.pairs is None:
            codes = self._read_first_mask(name)
        else:
            codes = []
            for start, cells in pair_mask_rows(name, self.pairs, np.ones(len(self.pairs), np.uint8), self.grid):
                row = self._cells(self.lines.after(start), len(cells))
                if [code > 0 for code in row] != [bool(cell) for cell in cells]:
                    raise self.lines.error("the candidates in this row are not those of the screen stage")
                codes += [code for code in row if code]
        if len(codes) != count:
            raise self.lines.error(f"{name} shows {len(codes)} pairs, its size says {count}", self.lines.at + 1)
        mask: Array = np.array(codes, dtype=np.uint8) == 2
        return mask

    def _read_first_mask(self, name: str) -> list[int]:
        levels = {level.name: level for level in self.grid.levels}
        pairs, codes = [], []
        while (line := self.lines.peek()) is not None and (told := parse_mask_row(name, line)):
            self.lines.next()
            image, gt, level_name, y, cells = told
            level = levels.get(level_name)
            if level is None or y >= level.height:
                raise self.lines.error(f"the grid has no row {level_name} y{y}")
            if image >= self.sizes["image"] or gt >= self.sizes["gt"]:
                raise self.lines.error(f"there is no image {image} gt {gt}")
            row = self._cells(cells, level.width)
            first = level.first + y * level.width
            pairs += [(image, gt, first + x) for x, code in enumerate(row) if code]
            codes += [code for code in row if code]
        if pairs != sorted(pairs):
            raise self.lines.error(f"the rows of {name} are not in order")
        self.pairs = np.array(pairs, dtype=np.int64).reshape(-1, 3)
        return codes

    def _cells(self, text: str, width: int) -> list[int]:
        try:
            return parse_mask(text, width)
        except ValueError as error:
            raise self.lines.error(str(error)) from None

    def _read_table(self, names: list[str]) -> None:
        if names != [tensor.name for tensor in self.pending] or self.pairs is None:
            raise self.lines.error("this table does not have the columns announced above it")
        columns: list[list[Array]] = [[] for _ in names]
        widths = [math.prod(tensor.shape[1:]) for tensor in self.pending]
        for start in pair_starts(names[-1], self.pairs, self.grid):
            texts = parse_columns(self.lines.after(start), names)
            if texts is None:
                raise self.lines.error(f"expected {' '.join(name + '=...' for name in names)}")
            for column, text, tensor, width in zip(columns, texts, self.pending, widths, strict=True):
                column.append(self._parse(text, tensor.dtype, width))
        for column, tensor in zip(columns, self.pending, strict=True):
            values = np.concatenate(column) if column else np.zeros(0, tensor.dtype)
            self._keep(tensor, values.reshape(tensor.shape))
        self.pending = []

    def _keep(self, tensor: _Announced, array: Array) -> None:
        output = Output(tensor.name, tensor.axes, tensor.unit, self.meanings.get(tensor.name, ""))
        self.outputs[f"{self.stage}.{tensor.name}"] = StoredOutput(self.stage, output, array)

    def _require_no_pending(self) -> None:
        if self.pending:
            raise self.lines.error(f"the table of {', '.join(tensor.name for tensor in self.pending)} is missing")


def _is_number(text: str, longest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= longest

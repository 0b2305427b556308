"""Reads run.log back into arrays. Every line is held against the grammar; the first that does not fit is an error."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..assignment.grid import Grid
from ..assignment.outputs import AXES, FIXED_SIZES, Output
from ..basics.arrays import Array
from ..basics.errors import InputError
from ..formats.log_grammar import (
    END,
    FORMAT,
    GLYPHS,
    SUMMARY,
    TITLE,
    as_rows,
    is_by_level,
    level_starts,
    pair_mask_rows,
    pair_starts,
    row_starts,
)
from ..formats.number_text import parse_values
from ..inputs.reading.files import read_text
from .stored import StoredOutput, StoredTrace

_TENSOR = re.compile(r"(?P<name>\w+)  (?P<dtype>\w+) \[(?P<shape>[^\]]*)\] (?P<unit>\w+)  .*")
_LEVEL = re.compile(r"(\w+) ([0-9]+)x([0-9]+) stride ([0-9]+)")
_STAGE = re.compile(r"== ([0-9]+) (\w+): .*")
_END = re.compile(rf"{END} of ([0-9]+) outputs in ([0-9]+) stages")
_DTYPES = frozenset({"bool", "uint8", "int32", "int64", "float16", "float32", "float64"})
_CODES = {chr(glyph): code for code, glyph in enumerate(GLYPHS)}


def read_run_log(path: Path) -> StoredTrace:
    """Rebuild the arrays of a log; floats have the digits that were printed.

    Raises:
        InputError: an unreadable file, another format, or a line that does not fit, with its number.
    """
    reader = _Reader(path, read_text(path, "log"))
    try:
        return reader.read()
    except (ValueError, IndexError, OverflowError, MemoryError):  # whatever an edited line can lead to
        raise reader.error("this line is no part of a log") from None


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.removesuffix("\n").split("\n")
        self.at = 0  # lines consumed, so also the number of the line that was read last
        self.header: dict[str, str] = {}
        self.header_lines: dict[str, int] = {}
        self.sizes: dict[str, int] = dict(FIXED_SIZES)
        self.stages = 0
        self.grid: Grid
        self.pairs: Array | None = None
        self.stage = ""
        self.meanings: dict[str, str] = {}
        self.outputs: dict[str, StoredOutput] = {}
        self.pending: list[tuple[str, tuple[str, ...], tuple[int, ...], np.dtype[np.generic], str]] = []

    def read(self) -> StoredTrace:
        self._read_header()
        while not (end := _END.fullmatch(line := self._next())):
            if line:
                self._read_line(line)
        self._require_no_pending()
        if (int(end[1]), int(end[2])) != (len(self.outputs), self.stages):
            raise self.error(
                f"expected {end[1]} outputs in {end[2]} stages, found {len(self.outputs)} in {self.stages}"
            )
        if any(self.lines[self.at :]):
            self.at += 1
            raise self.error("nothing may follow the end mark")
        header = {key: value for key, value in self.header.items() if key != "digits"}
        return StoredTrace(header, self.grid, self.outputs, int(self.header["digits"]))

    def _read_line(self, line: str) -> None:
        if line.startswith("== "):
            self._start_stage(line)
        elif line.startswith("-- one line a pair: "):
            self._read_table(line.removeprefix("-- one line a pair: ").split(", "))
        elif line.startswith("-- "):
            name, colon, meaning = line[3:].partition(": ")
            if colon:
                self.meanings[name] = meaning
        elif (match := _TENSOR.fullmatch(line)) and self.stage:
            self._read_tensor(match)
        else:
            raise self.error("this line is no part of a log")

    def _start_stage(self, line: str) -> None:
        self._require_no_pending()
        if line.startswith(f"== {SUMMARY}: "):
            self.stage = ""
            return
        match = _STAGE.fullmatch(line)
        if match is None or int(match[1]) != self.stages + 1:
            raise self.error(f"expected the start of stage {self.stages + 1}")
        self.stages, self.stage = self.stages + 1, match[2]

    def _read_header(self) -> None:
        first = self._next() if self.lines else ""
        if first != f"{TITLE}{FORMAT}":
            if first.startswith(TITLE):
                number = first.removeprefix(TITLE)
                raise self.error(f"this log has format {number}, this version reads format {FORMAT}")
            raise self.error("this is no log of yolo-assign")
        while self.at < len(self.lines) and self.lines[self.at].startswith("# "):
            key, _, value = self._next()[2:].partition(" ")
            self.header[key], self.header_lines[key] = value.strip(), self.at
        for key in ("grid", "digits", "versions"):
            if key not in self.header:
                raise self.error(f"the header has no line {key!r}")
        if not re.fullmatch(r"[0-9]{1,2}", self.header["digits"]):
            raise self.error("the number of digits cannot be read", self.header_lines["digits"])
        self.grid = self._grid(self.header["grid"], self.header_lines["grid"])
        self.sizes |= {"anchor": self.grid.anchors, "level": len(self.grid.levels)}

    def _grid(self, text: str, line: int) -> Grid:
        levels, size = _LEVEL.findall(text), re.match(r"([0-9]+)x([0-9]+) px", text)
        if not size or not levels:
            raise self.error("the grid cannot be read", line)
        maps = [(int(height), int(width)) for _, height, width, _ in levels]
        strides = [int(stride) for *_, stride in levels]
        try:
            grid = Grid.of((int(size[1]), int(size[2])), maps, strides)
        except InputError as error:
            raise self.error(f"the grid cannot be: {error.message}", line) from None
        if str(grid) != text:
            raise self.error(f"the grid cannot be; expected {grid}", line)
        return grid

    def _read_tensor(self, match: re.Match[str]) -> None:
        name = match["name"]
        on_pairs = match["shape"].startswith("pair ")
        parts = [part.split(" ") for part in match["shape"].split(", ")]
        if on_pairs:  # "pair 86 of image 4", "gt 3", "anchor 84" and then the tensor's own other axes
            self._check_sizes([parts[0][3:], *parts[1:3]])
            parts = [parts[0][:2], *parts[3:]]
        self._check_sizes(parts)
        if match["dtype"] not in _DTYPES:
            raise self.error(f"{match['dtype']} is no type of a tensor")
        if f"{self.stage}.{name}" in self.outputs:
            raise self.error(f"{name} stands here a second time")
        axes, shape = tuple(axis for axis, _ in parts), tuple(int(size) for _, size in parts)
        what = (name, axes, shape, np.dtype(match["dtype"]), match["unit"])
        if not on_pairs:
            self._keep(what, self._read_dense(name, axes, shape, what[3]))
        elif what[3] == np.bool_:
            self._keep(what, self._read_mask(name, shape[0]))
            if self.stage + ".pairs" in self.outputs and self.pairs is not None:
                held = self.outputs[self.stage + ".pairs"]
                self.outputs[self.stage + ".pairs"] = replace(held, values=self.pairs)
        else:  # its place is held here; the mask of this stage fills in the pairs, the table below all others
            self._keep(what, np.zeros(0, what[3]))
            if name != "pairs":
                self.pending.append(what)

    def _check_sizes(self, parts: list[list[str]]) -> None:
        """Every axis is known and as long as everywhere else in the log."""
        for part in parts:
            if len(part) != 2 or part[0] not in AXES or not re.fullmatch(r"[0-9]{1,12}", part[1]):
                raise self.error("the axes and sizes of this tensor cannot be read")
            axis, size = part[0], int(part[1])
            if self.sizes.setdefault(axis, size) != size:
                raise self.error(f"{axis} is {size} here, but {self.sizes[axis]} elsewhere")

    def _read_dense(
        self, name: str, axes: tuple[str, ...], shape: tuple[int, ...], dtype: np.dtype[np.generic]
    ) -> Array:
        if is_by_level(axes):
            starts = level_starts(name, shape[0] if "image" in axes else None, self.grid)
            images = shape[0] if "image" in axes else 1
            widths = [level.width for _ in range(images) for level in self.grid.levels for _ in range(level.height)]
        else:
            index_axes, as_shape = as_rows(axes, shape)
            starts = row_starts(name, index_axes, as_shape, self.grid)
            if not math.prod(as_shape[:-1]):
                return np.zeros(shape, dtype)
            widths = [as_shape[-1]] * min(math.prod(as_shape[:-1]), len(self.lines))
        rows = [self._parse(self._after(start), dtype, width) for start, width in zip(starts, widths, strict=False)]
        return np.concatenate(rows).reshape(shape) if rows else np.zeros(shape, dtype)

    def _parse(self, text: str, dtype: np.dtype[np.generic], count: int) -> Array:
        try:
            return parse_values(text, dtype, count)
        except (ValueError, OverflowError):
            raise self.error(f"expected {count} values of type {dtype}") from None

    def _read_mask(self, name: str, count: int) -> Array:
        """Masks over pairs are pictures; the first one of a log also tells which pairs there are."""
        if self.pairs is None:
            codes = self._read_first_mask(name)
        else:
            codes = []
            wanted = pair_mask_rows(name, self.pairs, np.ones(len(self.pairs), np.uint8), self.grid)
            for start, cells in wanted:
                row = self._cells(self._after(start), len(cells))
                if [code > 0 for code in row] != [bool(cell) for cell in cells]:
                    raise self.error("the candidates in this row are not those of the screen stage")
                codes += [code for code in row if code]
        if len(codes) != count:
            raise self.error(f"{name} shows {len(codes)} pairs, its size says {count}", self.at + 1)
        mask: Array = np.array(codes, dtype=np.uint8) == 2
        return mask

    def _read_first_mask(self, name: str) -> list[int]:
        line = re.compile(rf"{re.escape(name)}\[([0-9]+),([0-9]+)\] (\w+) y([0-9]+)  (.*)")
        levels = {level.name: level for level in self.grid.levels}
        pairs, codes = [], []
        while self.at < len(self.lines) and (match := line.fullmatch(self.lines[self.at])):
            self._next()
            level, y = levels.get(match[3]), int(match[4])
            if level is None or y >= level.height:
                raise self.error(f"the grid has no row {match[3]} y{y}")
            if int(match[1]) >= self.sizes["image"] or int(match[2]) >= self.sizes["gt"]:
                raise self.error(f"there is no image {match[1]} gt {match[2]}")
            row = self._cells(match[5], level.width)
            first = level.first + y * level.width
            pairs += [(int(match[1]), int(match[2]), first + x) for x, code in enumerate(row) if code]
            codes += [code for code in row if code]
        if pairs != sorted(pairs):
            raise self.error(f"the rows of {name} are not in order")
        self.pairs = np.array(pairs, dtype=np.int64).reshape(-1, 3)
        return codes

    def _cells(self, text: str, width: int) -> list[int]:
        glyphs = text.split(" ")
        if len(glyphs) != width or not set(glyphs) <= _CODES.keys():
            raise self.error(f"expected {width} cells of . o #")
        return [_CODES[glyph] for glyph in glyphs]

    def _read_table(self, names: list[str]) -> None:
        if names != [what[0] for what in self.pending] or self.pairs is None:
            raise self.error("this table does not have the columns announced above it")
        columns: list[list[Array]] = [[] for _ in names]
        widths = [math.prod(shape[1:]) for _, _, shape, _, _ in self.pending]
        for start in pair_starts(names[-1], self.pairs, self.grid):
            words = [word.partition("=") for word in self._after(start).split(" ")]
            if [word[0] for word in words] != names:
                raise self.error(f"expected {' '.join(name + '=...' for name in names)}")
            for column, (_, _, text), (*_, dtype, _), width in zip(columns, words, self.pending, widths, strict=True):
                column.append(self._parse(text.replace(",", " "), dtype, width))
        for column, what in zip(columns, self.pending, strict=True):
            values = np.concatenate(column) if column else np.zeros(0, what[3])
            self._keep(what, values.reshape(what[2]))
        self.pending = []

    def _keep(
        self, what: tuple[str, tuple[str, ...], tuple[int, ...], np.dtype[np.generic], str], array: Array
    ) -> None:
        name, axes, _, _, unit = what
        output = Output(name, axes, unit, self.meanings.get(name, ""))
        self.outputs[f"{self.stage}.{name}"] = StoredOutput(self.stage, output, array)

    def _require_no_pending(self) -> None:
        if self.pending:
            raise self.error(f"the table of {', '.join(what[0] for what in self.pending)} is missing")

    def _after(self, start: bytes) -> str:
        """The values of the next line, which must begin with ``start``."""
        expected = start.decode() + "  "
        line = self._next()
        if not line.startswith(expected):
            raise self.error(f"expected a line that begins with {expected.strip()!r}")
        return line[len(expected) :]

    def _next(self) -> str:
        if self.at >= len(self.lines):
            raise self.error("the log breaks off here", self.at + 1, hint="trace again; this one is not complete")
        self.at += 1
        return self.lines[self.at - 1]

    def error(
        self, message: str, line: int = 0, hint: str = "trace again; a log is not meant to be edited"
    ) -> InputError:
        return InputError("wrong-log", message, where=f"{self.path}:{line or self.at}", hint=hint)

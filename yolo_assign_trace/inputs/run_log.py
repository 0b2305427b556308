"""Reads run.log back into arrays. Every line is held against the grammar; the first that does not fit is an error."""

from __future__ import annotations

import math
import re
from itertools import chain
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..errors import InputError
from ..grid import Grid
from ..log_grammar import (
    END,
    FORMAT,
    GLYPHS,
    TITLE,
    as_rows,
    is_by_level,
    level_starts,
    pair_mask_rows,
    pair_starts,
    row_starts,
)
from ..number_text import parse_values
from ..outputs import Output
from .files import read_text
from .stored import StoredOutput, StoredTrace

_TENSOR = re.compile(r"(?P<name>\w+)  (?P<dtype>\w+) \[(?P<shape>[^\]]*)\] (?P<unit>\w+)  .*")
_LEVEL = re.compile(r"(\w+) (\d+)x(\d+) stride (\d+)")
_CODES = {chr(glyph): code for code, glyph in enumerate(GLYPHS)}


def read_run_log(path: Path) -> StoredTrace:
    """Rebuild the arrays of a log; floats have the digits that were printed.

    Raises:
        InputError: an unreadable file, another format, or a line that does not fit, with its number.
    """
    return _Reader(path, read_text(path, "log")).read()


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.at = 0  # lines consumed, so also the number of the line that was read last
        self.header: dict[str, str] = {}
        self.grid: Grid
        self.pairs: Array | None = None
        self.stage = ""
        self.meanings: dict[str, str] = {}
        self.outputs: dict[str, StoredOutput] = {}
        self.pending: list[tuple[str, tuple[str, ...], tuple[int, ...], np.dtype[np.generic], str]] = []

    def read(self) -> StoredTrace:
        self._read_header()
        ended = False
        while self.at < len(self.lines):
            line = self._next()
            if line == END:
                ended = True
            elif not line:
                continue
            elif ended:
                raise self._error("nothing may follow the end mark")
            else:
                self._read_line(line)
        if not ended:
            self._require_no_pending()
            raise self._error(f"the log breaks off: its last line should be {END!r}")
        header = {key: value for key, value in self.header.items() if key != "digits"}
        return StoredTrace(header, self.grid, self.outputs, int(self.header["digits"]))

    def _read_line(self, line: str) -> None:
        if line.startswith("== "):
            self._require_no_pending()
            self.stage = line.removeprefix("== ").partition(":")[0].split(" ")[-1]
        elif line.startswith("-- one line a pair: "):
            self._read_table(line.removeprefix("-- one line a pair: ").split(", "))
        elif line.startswith("-- "):
            name, colon, meaning = line[3:].partition(": ")
            if colon:
                self.meanings[name] = meaning
        elif (match := _TENSOR.fullmatch(line)) and self.stage:
            self._read_tensor(match)
        else:
            raise self._error("this line is no part of a log")

    def _read_header(self) -> None:
        first = self._next() if self.lines else ""
        if first != f"{TITLE}{FORMAT}":
            if first.startswith(TITLE):
                number = first.removeprefix(TITLE)
                raise self._error(f"this log has format {number}, this version reads format {FORMAT}")
            raise self._error("this is no log of yolo-assign")
        while self.lines[self.at].startswith("# "):
            key, _, value = self._next()[2:].partition(" ")
            self.header[key] = value.strip()
        for key in ("grid", "digits", "versions"):
            if key not in self.header:
                raise self._error(f"the header has no line {key!r}")
        levels = _LEVEL.findall(self.header["grid"])
        size = re.match(r"(\d+)x(\d+) px", self.header["grid"])
        if not size or not levels or not self.header["digits"].isdigit():
            raise self._error("the header's grid or digits cannot be read")
        maps = [(int(height), int(width)) for _, height, width, _ in levels]
        strides = [int(stride) for *_, stride in levels]
        self.grid = Grid.of((int(size[1]), int(size[2])), maps, strides)

    def _read_tensor(self, match: re.Match[str]) -> None:
        name = match["name"]
        on_pairs = match["shape"].startswith("pair ")
        parts = [part.split(" ") for part in match["shape"].split(", ")]
        if on_pairs:  # "pair 86 of image 4", "gt 3", "anchor 84" and then the tensor's own other axes
            parts = [parts[0][:2], *parts[3:]]
        try:
            axes, shape = tuple(part[0] for part in parts), tuple(int(part[1]) for part in parts)
            dtype = np.dtype(match["dtype"])
        except (ValueError, IndexError, TypeError):
            raise self._error("the type or the sizes of this tensor cannot be read") from None
        what = (name, axes, shape, dtype, match["unit"])
        if not on_pairs:
            self._keep(what, self._read_dense(name, axes, shape, dtype))
        elif dtype == np.bool_:
            self._keep(what, self._read_mask(name, shape[0]))
        elif name != "pairs":
            self.pending.append(what)
            self._keep(what, np.zeros(shape, dtype))  # holds the tensor's place; the table fills it
        else:
            self._keep(what, np.zeros(shape, dtype))
        if on_pairs and dtype == np.bool_ and self.stage + ".pairs" in self.outputs:
            assert self.pairs is not None
            self.outputs[self.stage + ".pairs"].array[:] = self.pairs

    def _read_dense(
        self, name: str, axes: tuple[str, ...], shape: tuple[int, ...], dtype: np.dtype[np.generic]
    ) -> Array:
        if is_by_level(axes):
            starts = level_starts(name, shape[0] if "image" in axes else None, self.grid)
            expected = shape[0] * self.grid.anchors if "image" in axes else self.grid.anchors
        else:
            index_axes, as_shape = as_rows(axes, shape)
            starts = row_starts(name, index_axes, as_shape, self.grid)
            expected = math.prod(shape)
            if not math.prod(as_shape):
                return np.zeros(shape, dtype)
        rows = [self._values(start, dtype) for start in starts]
        found = sum(len(row) for row in rows)
        if found != expected:
            raise self._error(f"{name} has {found} values, its sizes say {expected}")
        return np.concatenate(rows).reshape(shape) if rows else np.zeros(shape, dtype)

    def _values(self, start: bytes, dtype: np.dtype[np.generic]) -> Array:
        return self._parse(self._after(start), dtype)

    def _parse(self, text: str, dtype: np.dtype[np.generic]) -> Array:
        try:
            return parse_values(text, dtype)
        except ValueError:
            raise self._error(f"these are no values of type {dtype}") from None

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
                    raise self._error("the candidates in this row are not those of the screen stage")
                codes += [code for code in row if code]
        if len(codes) != count:
            raise self._error(f"{name} shows {len(codes)} pairs, its size says {count}")
        mask: Array = np.array(codes, dtype=np.uint8) == 2
        return mask

    def _read_first_mask(self, name: str) -> list[int]:
        line = re.compile(rf"{re.escape(name)}\[(\d+),(\d+)\] (\w+) y(\d+)  (.*)")
        levels = {level.name: level for level in self.grid.levels}
        pairs, codes = [], []
        while match := line.fullmatch(self.lines[self.at]):
            self._next()
            level, y = levels.get(match[3]), int(match[4])
            if level is None or y >= level.height:
                raise self._error(f"the grid has no row {match[3]} y{y}")
            row = self._cells(match[5], level.width)
            first = level.first + y * level.width
            pairs += [(int(match[1]), int(match[2]), first + x) for x, code in enumerate(row) if code]
            codes += [code for code in row if code]
        if pairs != sorted(pairs):
            raise self._error(f"the rows of {name} are not in order")
        self.pairs = np.array(pairs, dtype=np.int64).reshape(-1, 3)
        return codes

    def _cells(self, text: str, width: int) -> list[int]:
        glyphs = text.split(" ")
        if len(glyphs) != width or not set(glyphs) <= _CODES.keys():
            raise self._error(f"expected {width} cells of . o #")
        return [_CODES[glyph] for glyph in glyphs]

    def _read_table(self, names: list[str]) -> None:
        if names != [what[0] for what in self.pending] or self.pairs is None:
            raise self._error("this table does not have the columns announced above it")
        columns: list[list[Array]] = [[] for _ in names]
        for start in pair_starts(names[-1], self.pairs, self.grid):
            words = [word.partition("=") for word in self._after(start).split(" ")]
            if [word[0] for word in words] != names:
                raise self._error(f"expected {' '.join(name + '=...' for name in names)}")
            for column, (_, _, text), (*_, dtype, _) in zip(columns, words, self.pending, strict=True):
                column.append(self._parse(text.replace(",", " "), dtype))
        for column, what in zip(columns, self.pending, strict=True):
            values = np.array(list(chain.from_iterable(column)), dtype=what[3])
            if values.size != math.prod(what[2]):
                raise self._error(f"{what[0]} has {values.size} values, its sizes say {math.prod(what[2])}")
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
            raise self._error(f"the table of {', '.join(what[0] for what in self.pending)} is missing")

    def _after(self, start: bytes) -> str:
        """The values of the next line, which must begin with ``start``."""
        expected = start.decode() + "  "
        line = self._next()
        if not line.startswith(expected):
            raise self._error(f"expected a line that begins with {expected.strip()!r}")
        return line[len(expected) :]

    def _next(self) -> str:
        if self.at >= len(self.lines):
            raise self._error("the log breaks off here")
        self.at += 1
        return self.lines[self.at - 1]

    def _error(self, message: str) -> InputError:
        hint = "trace again; a log is not meant to be edited"
        return InputError("wrong-log", message, where=f"{self.path}:{self.at}", hint=hint)

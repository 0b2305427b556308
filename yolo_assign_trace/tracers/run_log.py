"""Writes run.log: complete, diffable, readable, and re-readable by :mod:`yolo_assign_trace.inputs.run_log`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..boxes_summary import CAUSES
from ..errors import InputError
from ..log_grammar import END, MAGIC, is_indexed_line_by_line, is_layout_by_level, without_one
from ..number_text import grid_text, number_text, rows_text
from ..record import Array, BoxLine, Fact, Record, Run, StageStart, Tracer
from ..safe_write import SafeFile
from ..statistics import Statistics
from .log_size import estimate_log_bytes

_VALUES_AT_ONCE = 1 << 17
_GLYPHS = b".o#"  # NOT_A_PAIR, PAIR, CHOSEN as codes 0, 1, 2


class RunLog(Tracer):
    """Streams the log; holds no more than the pair tensors of one stage.

    Args:
        path: where the log goes; it is moved there when the run is complete.
        digits: significant digits of floats; 9 is lossless for float32.
        limit: bytes beyond which the run stops before writing, 0 for no limit.
        advance: told the number of values after each part that has been written.
    """

    def __init__(
        self, path: Path, *, digits: int = 5, limit: int = 1 << 30, advance: Callable[[int], None] | None = None
    ) -> None:
        self.path = path
        self.digits = digits
        self.limit = limit
        self.advance = advance or (lambda values: None)
        self.file: SafeFile | None = None
        self.on_pairs: list[Record] = []
        self.addresses: list[bytes] = []
        self.pair_lines: list[bytes] = []

    def run_start(self, run: Run) -> None:
        estimate = estimate_log_bytes(run.sizes, self.digits)
        if self.limit and estimate > self.limit:
            raise InputError(
                "log-too-large",
                f"the log would take about {estimate / 2**30:.1f} GiB, more than the limit of {self.limit / 2**30:g} GiB",
                where=str(self.path),
                hint="raise --max-log (0: no limit), or use --no-log and keep the exact tensors with --save",
            )
        self.file = SafeFile(self.path, "log")
        header = run.header()
        lines = [MAGIC]
        for key in ("labels", "grid", "heads", "assigner"):
            lines.append(f"# {key:<9} {header[key]}")
        lines += [f"# digits    {self.digits}", f"# versions  {header['versions']}"]
        self._text("\n".join(lines) + "\n")
        self.addresses = [run.grid.address(i).short.encode() for i in range(run.grid.anchors)]

    def stage_start(self, stage: StageStart) -> None:
        self._text(f"\n== {stage.number} {stage.name}: {stage.title}\n")
        self._text("".join(f"-- {line}\n" for line in stage.formula))

    def output(self, record: Record) -> None:
        self._text(f"-- {record.name}: {record.output.meaning}\n{header_line(record, self.digits)}\n")
        if record.name == "pairs":
            self._new_pairs(record)
        elif not record.output.on_pairs:
            self._lines(self._dense_lines(record))
        elif record.array.dtype == np.bool_:
            self._lines(pair_mask_lines(record))
        else:
            self.on_pairs.append(record)
        self.advance(record.array.size)

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        records, self.on_pairs = self.on_pairs, []
        if records:
            self._text(f"-- one line a pair: {', '.join(record.name for record in records)}\n")
            self._lines(self._table_lines(records))
        self._text("".join(f"-- {'!' if fact.notable else '='} {fact.text}\n" for fact in facts))

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        assert self.file is not None
        self._text("\n== boxes: what became of every ground-truth box\n")
        self._text("".join(f"-- {box_text(box, self.digits)}\n" for box in boxes) or "-- there is no box\n")
        self._text(f"{END}\n")
        self.file.commit()

    def run_failed(self) -> None:
        if self.file is not None:
            self.file.discard()

    def _new_pairs(self, record: Record) -> None:
        addresses = self.addresses
        self.pair_lines = [b"[%d,%d,%d] %s" % (i, g, a, addresses[a]) for i, g, a in record.array.tolist()]

    def _dense_lines(self, record: Record) -> Iterator[list[bytes]]:
        axes, array = record.output.axes, record.array
        if is_layout_by_level(axes):
            return self._level_lines(record)
        if is_indexed_line_by_line(axes):
            array = array.reshape(*array.shape[: len(without_one(axes))], 1)
            axes = (*without_one(axes), "one")
        return self._row_lines(record, axes, array)

    def _row_lines(self, record: Record, axes: tuple[str, ...], array: Array) -> Iterator[list[bytes]]:
        """One line per row of the last axis, behind the index of all the others."""
        width = array.shape[-1]
        step = max(1, _VALUES_AT_ONCE // max(1, width))
        name = record.name.encode()
        addresses = self.addresses if "anchor" in axes else [f" {level.name}".encode() for level in record.grid.levels]
        *outer, rows = array.shape[:-1]
        for place in np.ndindex(*outer):
            before = b"%s[%s" % (name, b"".join(b"%d," % i for i in place))
            for start in range(0, rows, step):
                text = rows_text(array[place][start : start + step], self.digits)
                if axes[-2] in ("anchor", "level"):
                    yield [
                        b"%s%d] %s  %s" % (before, start + i, addresses[start + i].strip(), line)
                        for i, line in enumerate(text)
                    ]
                else:
                    yield [b"%s%d]  %s" % (before, start + i, line) for i, line in enumerate(text)]

    def _level_lines(self, record: Record) -> Iterator[list[bytes]]:
        """One line per row of cells, level by level, so that a mask looks like the box."""
        array = record.array.reshape(-1, record.grid.anchors)
        images = "image" in record.output.axes
        for i, anchors in enumerate(array):
            name = f"{record.name}[{i}]" if images else record.name
            for level in record.grid.levels:
                cells = anchors[level.first : level.first + level.anchors].reshape(level.height, level.width)
                text = rows_text(cells, self.digits)
                yield [b"%s %s y%d  %s" % (name.encode(), level.name.encode(), y, row) for y, row in enumerate(text)]

    def _table_lines(self, records: list[Record]) -> Iterator[list[bytes]]:
        """One line per pair with every value by name; the last tensor, the stage's result, names the line."""
        key = records[-1].name.encode()
        count = len(records[0].array)
        width = sum(max(1, record.array[:1].size) for record in records)
        step = max(1, _VALUES_AT_ONCE // width)
        for start in range(0, count, step):
            part = slice(start, start + step)
            columns = []
            for record in records:
                rows = record.array[part].reshape(len(record.array[part]), -1)
                name = record.name.encode()
                columns.append([b"%s=%s" % (name, row.replace(b" ", b",")) for row in rows_text(rows, self.digits)])
            values = map(b" ".join, zip(*columns, strict=True))
            yield [b"%s%s  %s" % (key, pair, row) for pair, row in zip(self.pair_lines[part], values, strict=True)]

    def _lines(self, parts: Iterator[list[bytes]]) -> None:
        assert self.file is not None
        for lines in parts:
            if lines:
                lines.append(b"")
                self.file.write(b"\n".join(lines))

    def _text(self, text: str) -> None:
        assert self.file is not None
        self.file.write(text.encode())


def header_line(record: Record, digits: int) -> str:
    """``name  dtype [axes and sizes] unit  statistics``."""
    numbers = statistics_text(Statistics.of(record), record, digits)
    return f"{record.name}  {record.array.dtype} [{record.shape_text()}] {record.output.unit}  {numbers}"


def statistics_text(statistics: Statistics, record: Record, digits: int) -> str:
    """Statistics in words, extremes with their index."""
    if statistics.kind == "bool":
        return f"true {statistics.true} of {statistics.size}"
    if statistics.lowest is None or statistics.highest is None:
        bounds = "no values" if not statistics.size else "no finite value"
    else:
        dtype = record.array.dtype
        low, high = (
            f"{value}" if statistics.kind == "int" else number_text(float(value or 0), digits, dtype)
            for value in (statistics.minimum, statistics.maximum)
        )
        bounds = f"min {low} at {record.index_text(statistics.lowest)}"
        bounds += f"  max {high} at {record.index_text(statistics.highest)}"
    if statistics.kind == "int":
        return f"{bounds}  distinct {statistics.distinct}"
    mean = "" if statistics.mean is None else f"  mean {number_text(statistics.mean, digits)}"
    return f"{bounds}{mean}  zero {statistics.zero}  nan {statistics.nan}  inf {statistics.inf}"


def pair_mask_lines(record: Record) -> Iterator[list[bytes]]:
    """The mask of every (image, gt) as a picture: rows of cells that hold at least one candidate."""
    assert record.pairs is not None
    name = record.name.encode()
    row_of_pair = record.pairs[:, 0] * record.sizes["gt"] + record.pairs[:, 1]
    starts = np.flatnonzero(np.diff(row_of_pair, prepend=-1))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(row_of_pair)], strict=True):
        image, gt = record.pairs[start, :2].tolist()
        codes = np.zeros(record.grid.anchors, dtype=np.uint8)
        codes[record.pairs[start:stop, 2]] = 1 + record.array[start:stop]
        before = b"%s[%d,%d]" % (name, image, gt)
        for level in record.grid.levels:
            cells = codes[level.first : level.first + level.anchors].reshape(level.height, level.width)
            used = np.flatnonzero(cells.any(axis=1))
            text = grid_text(cells[used], _GLYPHS)
            yield [
                b"%s %s y%d  %s" % (before, level.name.encode(), y, row) for y, row in zip(used.tolist(), text, strict=True)
            ]


def box_text(box: BoxLine, digits: int) -> str:
    """The closing line of one box."""
    overlap = "-" if box.best_overlap is None else number_text(box.best_overlap, digits, np.float32)
    cause = f"  NO POSITIVES, {box.cause}: {CAUSES[box.cause]}" if box.cause else ""
    return (
        f"{box.name}  class {box.label}  {box.size} px  candidates {' + '.join(map(str, box.candidates))}"
        f"  selected {box.selected}  positives {box.positives}  best overlap {overlap}{cause}"
    )

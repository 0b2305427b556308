"""Writes run.log: complete, diffable, readable, and re-readable by :mod:`yolo_assign_trace.traces.run_log`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..assignment.outputs import PARTS
from ..basics.arrays import Array
from ..basics.errors import InputError
from ..formats.log_grammar import (
    as_rows,
    column_texts,
    end_line,
    fact_line,
    header_line,
    is_by_level,
    level_starts,
    mask_texts,
    meaning_line,
    pair_mask_rows,
    pair_starts,
    remark_line,
    row_starts,
    stage_line,
    summary_line,
    table_line,
    tensor_line,
    title_line,
    value_lines,
)
from ..formats.number_text import number_text, rows_text
from ..formats.safe_write import SafeFile
from ..run.boxes_summary import CAUSES
from ..run.costs import estimate_log_bytes, estimate_pair_bytes
from ..run.record import BoxLine, Fact, Record, Run, StageStart, Tracer

_VALUES_AT_ONCE = 1 << 17


class RunLog(Tracer):
    """Streams the log; holds no more than the pair tensors of one stage.

    Args:
        path: where the log goes; it is moved there when the run is complete.
        digits: significant digits of floats; 9 is lossless for float32, 17 for float64.
        limit: bytes beyond which the run stops before writing, 0 for no limit.
    """

    def __init__(self, path: Path, *, digits: int = 5, limit: int = 1 << 30) -> None:
        self.path = path
        self.digits = digits
        self.limit = limit
        self.file: SafeFile | None = None
        self.on_pairs: list[Record] = []
        self.stages = self.outputs = self.estimate = 0

    def run_start(self, run: Run) -> None:
        self.estimate = estimate_log_bytes(run.sizes, self.digits, [stage.result for stage in run.assigner.stages])
        self._check_size()
        self.file = SafeFile(self.path, "log")
        header = run.header() | {"settings": run.trace_settings().to_json()}
        self._texts(title_line())
        for key, text in header.items():
            self._texts(header_line(key, text))
            if key == "assigner":
                self._texts(header_line("digits", str(self.digits)))

    def stage_start(self, stage: StageStart) -> None:
        self.stages += 1
        self._texts("", stage_line(stage.number, stage.name, stage.title), *map(remark_line, stage.formula))

    def output(self, record: Record) -> None:
        self.outputs += 1
        if record.name == "pairs":
            self.estimate += estimate_pair_bytes(len(record.array), self.digits)
            self._check_size()
        self._texts(meaning_line(record.name, record.output.meaning), _tensor_line(record, self.digits))
        if not record.output.on_pairs:
            self._dense(record)
        elif record.array.dtype == np.bool_:
            self._pair_mask(record)
        elif record.name != "pairs":  # the pairs themselves are told by the mask of the screen stage
            self.on_pairs.append(record)

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        records, self.on_pairs = self.on_pairs, []
        if records:
            self._texts(table_line([record.name for record in records]))
            self._table(records)
        self._texts(*(fact_line(fact.text, notable=fact.notable) for fact in facts))

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        assert self.file is not None
        closing = [box_text(box, self.digits) for box in boxes] or ["there is no box"]
        self._texts("", summary_line(), *map(remark_line, closing), end_line(self.outputs, self.stages))
        self.file.commit()

    def run_failed(self) -> None:
        if self.file is not None:
            self.file.discard()

    def _check_size(self) -> None:
        if self.limit and self.estimate > self.limit:
            raise InputError(
                "log-too-large",
                f"the log would take about {self.estimate / 2**30:.3g} GiB, the limit is {self.limit / 2**30:.3g} GiB",
                where=str(self.path),
                hint="raise `max_log` (0: no limit), or use `no_log` and keep the exact tensors with `save`",
            )

    def _dense(self, record: Record) -> None:
        axes, array = record.output.axes, record.array
        if is_by_level(axes):
            starts = level_starts(record.name, len(array) if "image" in axes else None, record.grid)
            # a row of equal numbers may be folded, a mask must keep looking like the box
            fold = array.dtype.kind == "f"
            for anchors in array.reshape(-1, record.grid.anchors):
                for level in record.grid.levels:
                    cells = anchors[level.first : level.first + level.anchors].reshape(level.height, level.width)
                    self._rows(starts, cells, fold=fold)
            return
        index_axes, shape = as_rows(axes, array.shape)
        self._rows(row_starts(record.name, index_axes, shape, record.grid), array.reshape(-1, shape[-1]), fold=True)

    def _rows(self, starts: Iterator[bytes], rows: Array, *, fold: bool) -> None:
        step = max(1, _VALUES_AT_ONCE // max(1, rows.shape[1]))
        for top in range(0, len(rows), step):
            part = rows[top : top + step]
            texts = rows_text(part, self.digits, fold=fold)
            self._lines(value_lines(starts, texts))

    def _pair_mask(self, record: Record) -> None:
        """The mask of every (image, gt) as a picture: rows of cells that hold at least one candidate."""
        assert record.pairs is not None
        codes = 1 + record.array.astype(np.uint8)
        lines = []
        for start, cells in pair_mask_rows(record.name, record.pairs, codes, record.grid):
            lines += value_lines(iter([start]), mask_texts(cells[None]))
        self._lines(lines)

    def _table(self, records: list[Record]) -> None:
        """One line per pair with every value by name; the last tensor, the stage's result, names the line."""
        last = records[-1]
        assert last.pairs is not None
        starts = pair_starts(last.name, last.pairs, last.grid)
        step = max(1, _VALUES_AT_ONCE // sum(max(1, record.array[:1].size) for record in records))
        for top in range(0, len(last.array), step):
            columns = []
            for record in records:
                part = record.array[top : top + step]
                texts = rows_text(part.reshape(len(part), -1), self.digits, fold=False)
                columns.append(column_texts(record.name, texts))
            self._lines(value_lines(starts, list(map(b" ".join, zip(*columns, strict=True)))))

    def _lines(self, lines: list[bytes]) -> None:
        assert self.file is not None
        if lines:
            lines.append(b"")
            self.file.write(b"\n".join(lines))

    def _texts(self, *lines: str) -> None:
        self._lines([line.encode() for line in lines])


def _tensor_line(record: Record, digits: int) -> str:
    output, array = record.output, record.array
    axes = list(zip(output.axes, array.shape, strict=True))
    dense = [(axis, record.sizes[axis]) for axis in PARTS["triple"]] if output.on_pairs else []
    return tensor_line(record.name, str(array.dtype), axes, dense, output.unit, statistics_text(record, digits))


def statistics_text(record: Record, digits: int) -> str:
    """Statistics in words, extremes with their index."""
    statistics = record.statistics
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


def box_text(box: BoxLine, digits: int) -> str:
    """The closing line of one box."""
    overlap = "-" if box.best_overlap is None else number_text(box.best_overlap, digits, np.float32)
    cause = f"  {box.verdict.replace('no positives', 'NO POSITIVES')}: {CAUSES[box.cause]}" if box.cause else ""
    return (
        f"{box.name}  class {box.label}  {box.size} px  candidates {' + '.join(map(str, box.candidates))}"
        f"  selected {box.selected}  positives {box.positives}  best overlap {overlap}{cause}"
    )

"""Traces on disk, copies of them in which one element was changed, and what comparing two of them gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.traces.traces import Kind, traced
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS
from yolo_assign_trace.compare.results import TraceDiff
from yolo_assign_trace.compare.rules import Tolerances
from yolo_assign_trace.compare.traces import compare_traces
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.stored import FileArray, StoredTrace
from yolo_assign_trace.traces.tensors import read_trace_file

KEYS = [f"{result.stage}.{output.name}" for result in STAGE_RESULTS for output in result.outputs()]
"""stage.output of every output, in order of execution."""


def compare(a: Path, b: Path, *, tolerances: Tolerances | None = None) -> TraceDiff:
    return compare_traces(open_trace(a), open_trace(b), tolerances)


def saved(folder: Path, kind: Kind, *, digits: int = 5) -> Path:
    """The saved trace of ``kind``; its log stands beside it as ``t.log``."""
    path = folder / "t.safetensors"
    traced(folder, kind, TensorFile(path), RunLog(folder / "t.log", digits=digits))
    return path


def plant(source: Path, target: Path, key: str, flat: int, value: object) -> Path:
    """A copy of the trace ``source`` in which element ``flat`` of output ``key`` is ``value``."""
    values = read_trace_file(source).outputs[key].values
    assert isinstance(values, FileArray)
    data = bytearray(source.read_bytes())
    new = np.array([value], dtype=values.dtype).tobytes()
    start = values.offset + flat * values.dtype.itemsize
    assert data[start : start + len(new)] != new, "nothing was changed"
    data[start : start + len(new)] = new
    target.write_bytes(data)
    return target


def another(array: np.ndarray, flat: int) -> object:
    """A value of the same kind, as near as there is one."""
    value = array.reshape(-1)[flat]
    if array.dtype == np.bool_:
        return not value
    if array.dtype.kind == "f" and not np.isfinite(value):
        return 0.0
    if array.dtype.kind == "f":
        return np.nextafter(value, np.inf, dtype=array.dtype)
    return value - 1 if value > 1 else value + 1  # an index must point at something


def where(trace: StoredTrace, key: str, flat: int) -> tuple[int, ...]:
    """Index of an element as a reader knows it: rows over pairs by image, gt, anchor."""
    stored = trace.outputs[key]
    index = tuple(int(i) for i in np.unravel_index(flat, stored.shape))
    if stored.output.axes[0] != "pair":
        return index
    return (*trace.array("pairs")[index[0]].tolist(), *index[1:])

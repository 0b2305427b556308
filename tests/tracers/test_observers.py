"""A tracer sees every declared output, in order, as it was made, and cannot change anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from yolo_assign_trace import Inputs, Record, Run, Tracer
from yolo_assign_trace.assignment.call import RESULTS
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS
from yolo_assign_trace.inputs.heads.synthetic import synthetic_maps
from yolo_assign_trace.run.record import BoxLine, Fact, StageStart
from yolo_assign_trace.run.runner import trace

GRID = Grid.of((640, 640), [(8, 8), (4, 4), (2, 2)])
ROWS = np.array(
    [
        [0, 1, 0.6, 0.3, 0.7, 0.4],
        [0, 0, 0.5, 0.1, 0.4, 0.1],
        [2, 2, 0.9, 0.5, 0.3, 0.3],
        [2, 2, 0.9, 0.5, 0.3, 0.3],  # the same box once more: conflicts
    ]
)
NO_ROWS = np.empty((0, 6))


class Watcher(Tracer):
    """Writes every call down, and keeps each array beside a copy of what it was when it was handed out."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.seen: list[tuple[Record, np.ndarray]] = []

    def run_start(self, run: Run) -> None:
        self.run = run
        self.calls.append("run_start")

    def stage_start(self, stage: StageStart) -> None:
        self.calls.append(f"stage_start {stage.number} {stage.name}")

    def output(self, record: Record) -> None:
        self.calls.append(f"output {record.key}")
        self.seen.append((record, record.array.copy()))

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        self.calls.append(f"stage_end {stage.name}")

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        self.boxes = boxes
        self.calls.append("run_end")

    def run_failed(self) -> None:
        self.calls.append("run_failed")


def _inputs(rows: np.ndarray, *, reg_max: int = 16, dtype: Any = np.float32) -> Inputs:
    maps = [level.astype(dtype) for level in synthetic_maps(GRID, batch=3, channels=4 * reg_max + 3, seed=1)]
    return Inputs(GRID, maps, rows, batch=3, nc=3, reg_max=reg_max)


@pytest.fixture(
    params=[
        {"rows": ROWS},
        {"rows": ROWS, "reg_max": 1},  # the channels are distances themselves
        {"rows": ROWS, "dtype": np.float64},
        {"rows": NO_ROWS},  # nothing to assign
    ],
    ids=["boxes", "one bin", "float64", "no boxes"],
)
def watched(request: pytest.FixtureRequest) -> Watcher:
    watcher = Watcher()
    trace(_inputs(**request.param), tracers=[watcher])
    return watcher


class TestWhatATracerSees:
    def test_every_declared_output_of_every_stage_in_order(self, watched: Watcher) -> None:
        expected = ["run_start"]
        for number, result in enumerate(STAGE_RESULTS, 1):
            expected.append(f"stage_start {number} {result.stage}")
            expected += [f"output {result.stage}.{output.name}" for output in result.outputs()]
            expected.append(f"stage_end {result.stage}")
        assert watched.calls == [*expected, "run_end"]

    def test_as_many_axes_as_declared_each_of_the_announced_size(self, watched: Watcher) -> None:
        sizes = dict(watched.run.sizes)
        for record, array in watched.seen:
            if record.name == "pairs":
                sizes["pair"] = len(array)
            assert array.shape == tuple(sizes[axis] for axis in record.output.axes), record.key

    def test_a_dtype_that_goes_with_the_unit(self, watched: Watcher) -> None:
        for record, array in watched.seen:
            unit = record.output.unit
            expected = "b" if unit == "mask" else "i" if unit in ("index", "count") else "f"
            assert array.dtype.kind == expected, record.key
            assert expected != "f" or array.dtype == watched.run.dtype, record.key

    def test_pair_tensors_come_with_their_pairs_and_no_others_do(self, watched: Watcher) -> None:
        pairs = next(array for record, array in watched.seen if record.name == "pairs")
        for record, _ in watched.seen:
            if record.output.axes[0] == "pair":
                np.testing.assert_array_equal(record.pairs, pairs, err_msg=record.key)
            else:
                assert record.pairs is None, record.key

    def test_a_line_for_every_label_row_in_the_end(self, watched: Watcher) -> None:
        assert [line.name for line in watched.boxes] == [
            f"image {image} gt {gt}" for image, count in enumerate(watched.run.boxes) for gt in range(count)
        ]


class TestWhatATracerCannotDo:
    def test_arrays_cannot_be_written_to(self, watched: Watcher) -> None:
        for record, array in watched.seen:
            assert not record.array.flags.writeable, record.key
            with pytest.raises(ValueError, match="read-only"):
                record.array[...] = array

    def test_what_was_handed_out_is_still_the_same_at_the_end(self, watched: Watcher) -> None:
        for record, copy in watched.seen:
            np.testing.assert_array_equal(record.array, copy, err_msg=record.key)

    def test_results_are_those_without_a_tracer(self) -> None:
        watched, alone = trace(_inputs(ROWS), tracers=[Watcher()]), trace(_inputs(ROWS))
        assert tuple(watched) == tuple(alone) == RESULTS
        for name in RESULTS:
            assert torch.equal(watched[name], alone[name]), name

    def test_results_are_what_it_saw(self) -> None:
        watcher = Watcher()
        results = trace(_inputs(ROWS), tracers=[watcher])
        seen = {record.name: array for record, array in watcher.seen}
        for name in RESULTS:
            np.testing.assert_array_equal(results[name], seen[name], err_msg=name)


class TestEmptyAndFullPath:
    def test_every_tensor_has_the_same_dtype_and_axes_with_and_without_boxes(self) -> None:
        full, empty = Watcher(), Watcher()
        trace(_inputs(ROWS), tracers=[full])
        trace(_inputs(NO_ROWS), tracers=[empty])
        assert [(record.key, array.dtype, array.ndim) for record, array in full.seen] == [
            (record.key, array.dtype, array.ndim) for record, array in empty.seen
        ]


class TestInputs:
    def test_maps_and_label_rows_are_not_changed(self) -> None:
        inputs, rows = _inputs(ROWS.copy()), ROWS.copy()
        maps = list(inputs.maps)  # the list is emptied, as documented; the arrays are not touched
        before = [level.copy() for level in maps]
        inputs.label_rows = rows
        trace(inputs, tracers=[Watcher()])
        np.testing.assert_array_equal(rows, ROWS)
        for level, copy in zip(maps, before, strict=True):
            np.testing.assert_array_equal(level, copy)


class TestFailure:
    def test_every_tracer_is_told_and_the_first_error_is_the_one_that_is_raised(self) -> None:
        class Broken(Watcher):
            def output(self, record: Record) -> None:
                super().output(record)
                if record.name == "distances":
                    raise RuntimeError("no space left")

            def run_failed(self) -> None:
                super().run_failed()
                raise OSError("cannot clean up either")

        broken, other = Broken(), Watcher()
        with pytest.raises(RuntimeError, match="no space left"):
            trace(_inputs(ROWS), tracers=[broken, other])
        assert broken.calls[-2:] == ["output decode.distances", "run_failed"]
        assert other.calls[-1] == "run_failed"
        assert "run_end" not in other.calls

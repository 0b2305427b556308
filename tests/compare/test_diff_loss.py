"""Traces that have a loss are compared with it; if only one has it, that is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.assignment.loss.losses import drawn, loss_of
from yolo_assign_trace import find_assigner
from yolo_assign_trace.assignment.assigner import Gains
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.compare.isolate import isolate
from yolo_assign_trace.compare.rerun import rerun
from yolo_assign_trace.compare.results import INHERITED, INTRODUCED, ONLY_A, SAME
from yolo_assign_trace.compare.traces import compare_traces
from yolo_assign_trace.traces.in_memory import stored_trace
from yolo_assign_trace.traces.stored import StoredTrace

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)], [8, 16, 32])


def made(assigner: str = "8.3.253", gains: Gains | None = None) -> StoredTrace:
    inputs = drawn(GRID, 3, images=2, boxes=8, nc=3, reg_max=16)
    return stored_trace(loss_of(inputs, find_assigner(assigner), "8.4.190", gains))


def test_gains_alone_make_a_difference_in_the_loss_that_is_introduced_there():
    a, b = made(), made(gains=Gains(box=1.0))
    found = isolate(compare_traces(a, b), a, b, where="a")
    assert {(output.stage, output.isolated) for output in found.differing} == {("loss", INTRODUCED)}
    assert "anchor_loss" in {output.name for output in found.differing}
    assert "box_loss" not in {output.name for output in found.differing}


def test_other_targets_make_an_inherited_one():
    a, b = made(), made("8.4.190")
    found = isolate(compare_traces(a, b), a, b, where="a")
    isolated = {output.stage: output.isolated for output in found.differing}
    assert isolated["screen"] == INTRODUCED
    assert isolated["loss"] == INHERITED


@pytest.mark.parametrize("name", ["8.4.190", "8.0.0", "8.3.253"])
def test_another_assigner_on_recorded_inputs_has_the_loss_of_the_trace(name):
    """As if it had been traced with it from the start."""
    again, remarks = rerun(made(), find_assigner(name), where="a")
    fresh = made(name)
    assert remarks == []
    assert again.settings.loss_since == fresh.settings.loss_since == "8.4.0"
    for key, stored in fresh.outputs.items():
        np.testing.assert_array_equal(again.outputs[key].array, stored.array, err_msg=key)


def test_a_loss_that_only_one_has_is_no_difference():
    a = made()
    outputs = {key: stored for key, stored in a.outputs.items() if stored.stage != "loss"}
    found = compare_traces(a, replace(a, outputs=outputs))
    assert found.verdict == SAME
    assert {output.stage for output in found.only(ONLY_A)} == {"loss"}

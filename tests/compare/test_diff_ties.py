"""Selections that took others among equal values: told as such, and only such."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.compare.planted import plant
from yolo_assign_trace.assignment.generations import GENERATIONS, YOLOV8
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.stages import topk as stage_topk
from yolo_assign_trace.assignment.swap import swap
from yolo_assign_trace.compare.traces import compare_traces
from yolo_assign_trace.run.given import Inputs
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.open_trace import open_trace

GRID = Grid.of((64, 64), [(8, 8)])


def symmetrical(*, reach: float = 3.0) -> Inputs:
    """One box in the middle, and at every anchor the same prediction: the anchors come in groups of equal metrics."""
    maps = np.full((1, 4 + 1, 8, 8), reach, dtype=np.float32)  # R = 1: the distances themselves
    return Inputs(GRID, [maps], np.array([[0, 0, 0.5, 0.5, 0.75, 0.75]]), batch=1, nc=1, reg_max=1)


def picking(order):
    """The topk stage, but what it takes is the first k by ``order`` of metric and anchor."""

    def my_topk(align_metric, pairs, mask_gt, grid, topk):
        found = stage_topk(align_metric, pairs, mask_gt, grid, topk)
        ranked = sorted(range(len(pairs)), key=lambda p: order(float(align_metric[p]), int(pairs[p, 2])))
        mask = torch.zeros_like(found.mask_topk)
        mask[ranked[:topk]] = True
        return {"rank": found.rank, "mask_topk": mask, "cutoff": found.cutoff, "tie_order": found.tie_order}

    return my_topk


def traced(folder: Path, name: str, inputs: Inputs, assigner) -> Path:
    path = folder / f"{name}.safetensors"
    trace(inputs, assigner, [TensorFile(path), RunLog(folder / f"{name}.log")])
    return path


@pytest.fixture
def run(tmp_path):
    def run(name, order=None, *, topk=2, topk2=None, inputs=None, base=YOLOV8):
        assigner = base.with_parameters(topk=topk, topk2=topk2)
        if order is not None:
            assigner = swap(assigner, "topk", picking(order))
        return traced(tmp_path, name, inputs or symmetrical(), assigner)

    return run


def first_of_equals(metric, anchor):
    return -metric, anchor


def last_of_equals(metric, anchor):
    return -metric, -anchor


@pytest.mark.parametrize("suffix", [".safetensors", ".log"])
def test_other_picks_among_equal_metrics_are_ties_with_all_that_follows(run, suffix):
    a, b = (open_trace(run(o.__name__, o).with_suffix(suffix)) for o in (first_of_equals, last_of_equals))
    assert a.array("tie_order").all()  # the scene has what it should: the cut runs through equal metrics
    found = compare_traces(a, b)
    assert found.verdict == "ties"
    assert found.first.key == "topk.mask_topk"
    assert {"mask_topk", "mask_pos", "fg_mask", "target_scores"} <= {output.name for output in found.differing}
    assert {output.mark for output in found.differing} == {"ties"}
    assert found.consequences.changes  # they are told all the same


def test_zeros_that_fill_up_are_ties_in_any_number(run):
    inputs = symmetrical(reach=-3.0)  # inverted boxes overlap nothing
    a, b = run("a", inputs=inputs, topk=30), run("b", lambda metric, anchor: (-metric, -anchor), inputs=inputs, topk=30)
    found = compare_traces(open_trace(a), open_trace(b))
    assert found.verdict == "ties"


def test_a_worse_pick_is_no_tie(run):
    a, b = run("a", first_of_equals), run("b", lambda metric, anchor: (metric, anchor))
    found = compare_traces(open_trace(a), open_trace(b))
    assert found.verdict == "different"
    assert "ties" not in {output.mark for output in found.differing}


def test_a_pick_too_few_is_no_tie(run, tmp_path):
    a = run("a", first_of_equals)
    mask = open_trace(a).array("mask_topk")
    b = plant(a, tmp_path / "b.safetensors", "topk.mask_topk", int(mask.argmax()), False)
    found = compare_traces(open_trace(a), open_trace(b))
    assert (found.verdict, found.first.key, found.first.mark) == ("different", "topk.mask_topk", "first")


def test_another_change_beside_ties_is_a_difference(run, tmp_path):
    a, b = run("a", first_of_equals), run("b", last_of_equals)
    far = int(np.flatnonzero(~open_trace(a).array("fg_mask") & ~open_trace(b).array("fg_mask"))[0])
    edited = plant(b, tmp_path / "c.safetensors", "resolve.target_metric", far, 0.5)
    found = compare_traces(open_trace(a), open_trace(edited))
    assert found.verdict == "different"
    marks = {output.name: output.mark for output in found.differing}
    assert marks["mask_topk"] == "ties"
    assert marks["target_metric"] == "inherited"


def test_what_topk2_keeps_among_equals_is_a_tie_too(run):
    """Generations from 8.4.0 on choose among equal metrics a second time."""
    base = GENERATIONS["8.4.144"]
    a, b = (run(o.__name__, o, topk=4, topk2=1, base=base) for o in (first_of_equals, last_of_equals))
    found = compare_traces(open_trace(a), open_trace(b))
    assert found.verdict in ("same", "ties")
    c = run("c", first_of_equals, topk=2, topk2=1, base=base)
    d = run("d", last_of_equals, topk=2, topk2=1, base=base)
    assert compare_traces(open_trace(c), open_trace(d)).verdict == "ties"

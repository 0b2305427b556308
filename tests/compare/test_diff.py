"""`compare_traces`: one planted change is told as that stage, output and element; equal traces are equal."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.assignment.golden_cases import load
from tests.compare.planted import KEYS, another, compare, plant, saved, where
from tests.traces.traces import KINDS, Kind
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.loss.choice import with_loss
from yolo_assign_trace.compare.inherit import TAKES
from yolo_assign_trace.compare.results import FIRST, INDEPENDENT, INHERITED
from yolo_assign_trace.compare.rules import Tolerances
from yolo_assign_trace.compare.traces import compare_traces
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.stored import StoredOutput, StoredTrace

# --- one planted change ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for key in KEYS if key != "screen.pairs"])
def test_one_changed_element_is_named_with_its_stage_output_index_and_values(tmp_path, study, key):
    trace = open_trace(study)
    array = trace.outputs[key].array
    flat = (2 * array.size) // 3
    old, new = array.reshape(-1)[flat].item(), another(array, flat)
    found = compare(study, plant(study, tmp_path / "b.safetensors", key, flat, new))
    assert [output.key for output in found.differing] == [key]
    first = found.first
    assert (first.verdict, first.reasons, first.mark) == ("different", ("values",), FIRST)
    assert first.place.index == where(trace, key, flat)
    assert (first.elements.a, first.elements.b) == (old, np.array(new, array.dtype).item())
    assert (first.elements.differing, first.elements.size) == (1, array.size)
    axes = trace.outputs[key].output.axes
    if "anchor" in axes or axes[0] == "pair":
        anchor = first.place.index[2 if axes[0] == "pair" else axes.index("anchor")]
        assert first.place.address == trace.grid.address(anchor)


def test_a_changed_pair_is_told_as_a_pair_on_either_side(tmp_path, study):
    trace = open_trace(study)
    last = len(trace.array("pairs")) - 1
    image, gt, anchor = trace.array("pairs")[last].tolist()
    found = compare(study, plant(study, tmp_path / "b.safetensors", "screen.pairs", 3 * last + 2, anchor + 1))
    assert found.first.key == "screen.pairs"
    assert (found.first.pairs_only_a, found.first.pairs_only_b) == (1, 1)
    assert found.first.place.index == (image, gt, anchor)
    # what both have is the same; a mask that was true for that pair is false for the other side's
    same = [output for output in found.outputs if not output.differs]
    assert {"overlaps", "align_metric", "rank"} <= {output.name for output in same}
    assert {output.name for output in found.differing} <= {"pairs", "mask_topk", "mask_pos"}


def test_the_earliest_of_several_changes_is_the_first(tmp_path, study):
    """And a stage that takes nothing that differs did not inherit its difference."""
    b = plant(study, tmp_path / "b.safetensors", "normalize.target_scores", 5, 0.5)
    b = plant(b, b, "decode.distances", 7, 1.5)
    b = plant(b, b, "ground_truth.gt_labels", 0, 2)
    b = plant(b, b, "align.overlaps", 3, 0.25)
    b = plant(b, b, "align.align_metric", 3, 0.25)
    marks = {output.key: output.mark for output in compare(study, b).differing}
    assert marks == {
        "decode.distances": FIRST,
        "ground_truth.gt_labels": INDEPENDENT,  # it takes strides only
        "align.overlaps": INHERITED,  # it takes gt_labels
        "align.align_metric": INHERITED,
        "normalize.target_scores": INHERITED,  # it takes align_metric, for nan spreads from there
    }


def test_what_stages_take_is_what_their_functions_take():
    """The table stands in for the functions, because asking them imports torch."""
    generations = [with_loss(generation) for generation in GENERATIONS.values()]
    outputs = {output.name for generation in generations for s in generation.stages for output in s.outputs}
    taken: dict[str, set[str]] = {}
    for generation in generations:
        for stage in generation.stages:
            taken.setdefault(stage.name, set()).update(outputs.intersection(stage.inputs))
    assert taken == TAKES


# --- equal traces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_trace_is_the_same_as_itself_and_as_its_log(tmp_path, kind):
    path = saved(tmp_path, kind)
    for a, b in itertools.product((path, tmp_path / "t.log"), repeat=2):
        found = compare(a, b)
        assert (found.verdict, found.differing, found.header) == ("same", (), {})
        assert found.common == len(KEYS)
        assert found.worst_anchor is None
        assert found.consequences.changes == found.consequences.boxes == ()


@pytest.mark.parametrize(("one", "other"), [(3, 5), (5, 3), (4, 9), (9, 17), (5, 6)])
def test_logs_of_different_digits_of_one_run_are_the_same(tmp_path, one, other):
    """Also where rounding twice gives another digit than rounding once."""
    logs = []
    for digits in (one, other):
        folder = tmp_path / str(digits)
        folder.mkdir()
        saved(folder, KINDS[0], digits=digits)
        logs.append(folder / "t.log")
    assert compare(*logs).verdict == "same"


def test_the_verdict_does_not_depend_on_which_side_comes_first(tmp_path):
    a = saved(tmp_path, KINDS[6])  # with nan and infinities
    for key in KEYS[::2]:
        array = open_trace(a).outputs[key].array
        if not array.size or key == "screen.pairs":
            continue
        b = plant(a, tmp_path / "b.safetensors", key, array.size // 2, another(array, array.size // 2))
        for tolerances in (Tolerances(), Tolerances(rtol=1e-7)):
            there, back = compare(a, b, tolerances=tolerances), compare(b, a, tolerances=tolerances)
            assert there.verdict == back.verdict, (key, tolerances)
            assert [output.key for output in there.differing] == [output.key for output in back.differing]


def test_a_difference_below_the_printed_digits_is_none_and_one_above_is(tmp_path, study):
    trace = open_trace(study)
    flat = int(trace.array("pd_bboxes").reshape(-1).argmax())
    value = float(trace.array("pd_bboxes").reshape(-1)[flat])
    log = study.with_name("t.log")
    near = plant(study, tmp_path / "near.safetensors", "scale.pd_bboxes", flat, np.nextafter(np.float32(value), 0))
    far = plant(study, tmp_path / "far.safetensors", "scale.pd_bboxes", flat, value * 1.001)
    assert compare(study, near).verdict == "different"
    assert compare(log, near).verdict == compare(near, log).verdict == "same"
    assert compare(log, far).first.key == compare(far, log).first.key == "scale.pd_bboxes"


# --- whole runs -----------------------------------------------------------------------------------------------------


def stored(case) -> StoredTrace:
    """The trace of a golden case from screen on, in memory."""
    stages = case.scene.assigner.stages[5:]
    arrays = case.scene.tensors(*(output.name for stage in stages for output in stage.outputs))
    outputs = {
        f"{stage.name}.{output.name}": StoredOutput(stage.name, output, arrays[output.name])
        for stage in stages
        for output in stage.outputs
    }
    return StoredTrace({"assigner": case.generation}, case.scene.grid, outputs)


CASES = ("contested_by_a_third_box", "one_level", "study_grid", "square_8")


@pytest.mark.parametrize("name", CASES)
def test_owners_that_change_between_releases_are_those_of_the_recorded_answers(name):
    """The judge is a loop over what real releases answered."""
    different = 0
    for old, new in itertools.combinations(GENERATIONS, 2):
        a, b = load(name, old), load(name, new)
        found = compare_traces(stored(a), stored(b))
        expected = {}
        gained: dict[tuple[int, int], int] = {}
        for image, anchor in np.ndindex(a.answer("fg_mask").shape):
            before, after = (
                int(case.answer("target_gt_idx")[image, anchor]) if case.answer("fg_mask")[image, anchor] else None
                for case in (a, b)
            )
            if before != after:
                expected[image, anchor] = (before, after)
                for gt, step in ((before, -1), (after, 1)):
                    if gt is not None:
                        gained[image, gt] = gained.get((image, gt), 0) + step
        changes = {(c.image, c.address.anchor): (c.before, c.after) for c in found.consequences.changes}
        assert changes == expected
        boxes = {(box.image, box.gt): box for box in found.consequences.boxes}
        assert {key: box.after - box.before for key, box in boxes.items()} == gained
        for box in boxes.values():
            assert box.after - box.before == box.gained + box.won - box.lost - box.moved
        different += bool(expected)
        if expected:
            assert found.verdict == "different"
            assert found.worst_anchor == min(expected)
    assert different


def test_grids_of_other_sizes_are_compared_without_owners(tmp_path):
    for name, kind in (("a", KINDS[0]), ("b", Kind("small", KINDS[0].labels, "yolov8", (64, 64)))):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, kind)
    found = compare(tmp_path / "a" / "t.safetensors", tmp_path / "b" / "t.safetensors")
    assert found.verdict == "different"
    assert found.consequences is None or found.consequences.changes
    assert "grid" in found.header
    assert found.first.key == "flatten.strides"
    assert Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)]).anchors == 84  # as many anchors as the study grid

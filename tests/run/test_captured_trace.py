"""The trace of a captured assigner call: as the release answered it, and as every tracer shows it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.assignment import golden_cases
from tests.inputs.heads.captures import call, golden_capture, saved
from yolo_assign_trace import assign, trace
from yolo_assign_trace.assignment.assigner import Assigner
from yolo_assign_trace.assignment.call import CALL, RESULTS, begin_with_capture
from yolo_assign_trace.assignment.generations import GENERATIONS, YOLOV8
from yolo_assign_trace.assignment.swap import swap, swap_named
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.check.export import export_cases
from yolo_assign_trace.inputs.heads.capture import read_capture
from yolo_assign_trace.run.given import Call
from yolo_assign_trace.tracers.json_summary import JsonSummary
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.run_log import read_run_log
from yolo_assign_trace.traces.tensors import read_trace_file

EXACT = ("target_labels", "target_bboxes", "fg_mask", "target_gt_idx")

# --- what releases of the training code answered ---------------------------------------------------------------------

REAL = ["capture_00001", "capture_00320"]  # a real training: first step, epoch 20
COPIED = ["empty_batch", "empty_image", "study_grid", "one_level", "over_the_border", "tood_settings"]


@pytest.mark.parametrize(("name", "generation"), [(n, g) for n in [*REAL, *COPIED] for g in GENERATIONS])
def test_a_captured_call_gives_what_the_release_gave(name, generation):
    case = golden_cases.load(name, generation)  # skips the test where the case is not
    captured = golden_capture(name)
    results = trace(captured, GENERATIONS[generation].with_parameters(**captured.parameters), [Memory()])
    for result in EXACT:
        np.testing.assert_array_equal(results[result], case.answer(result), err_msg=result)
    np.testing.assert_allclose(results["target_scores"], case.answer("target_scores"), rtol=1e-6, atol=0)


ODD = [
    # a case of numbers that are not finite, where the trace finds them first, how many there are
    ("nonfinite_contested", "pd_bboxes[0,189,0] is nan, #189 P3 y9 x9 (76, 76 px); 1 of 4200"),
    ("nonfinite_gt_inf", "gt_bboxes[0,1,2] is inf; 3 of 32"),
    ("nonfinite_gt_nan", "gt_bboxes[0,1,2] is nan; 2 of 32"),
    ("nonfinite_inf_box_inside", "pd_bboxes[0,66,0] is -inf, #66 P3 y3 x6 (52, 28 px); 2 of 4200"),
    ("nonfinite_inf_score_inside", "pd_scores[0,44,0] is inf, #44 P3 y2 x4 (36, 20 px); 1 of 3150"),
    ("nonfinite_nan_box_inside", "pd_bboxes[0,67,1] is nan, #67 P3 y3 x7 (60, 28 px); 2 of 4200"),
    ("nonfinite_nan_score_inside", "pd_scores[0,64,0] is nan, #64 P3 y3 x4 (36, 28 px); 4 of 3150"),
    ("nonfinite_outside_every_box", "pd_scores[0,18,0] is nan, #18 P3 y0 x18 (148, 4 px); 4 of 3150"),
]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("name", "first", "generation"), [(n, f, g) for n, f in ODD for g in GENERATIONS])
def test_numbers_that_are_not_finite_spread_as_in_the_release_and_are_named(tmp_path, name, first, generation):
    case, captured = golden_cases.load(name, generation), golden_capture(name)
    memory, _ = traced(tmp_path, captured, GENERATIONS[generation].with_parameters(**captured.parameters))
    for result in EXACT:
        np.testing.assert_array_equal(memory[result], case.answer(result), err_msg=result)
    np.testing.assert_allclose(memory["target_scores"], case.answer("target_scores"), rtol=0, atol=4e-7)  # nan too
    named = [fact.text for fact in memory.facts["capture"] if fact.id == "non-finite"]
    assert named == [f"nan or infinity appears here first: {first} values are not finite"]


@pytest.mark.parametrize("name", ["one_to_one", "one_to_one_without_overlap"])
def test_topk2_is_used_where_it_was_saved(name):
    captured = golden_capture(name)
    assert captured.parameters["topk2"] == 1
    results = trace(captured, GENERATIONS["8.4.0"].with_parameters(**captured.parameters))
    np.testing.assert_array_equal(results["fg_mask"], golden_cases.load(name, "8.4.0").answer("fg_mask"))


def test_the_exported_cases_of_check_are_captures(tmp_path):
    export_cases(tmp_path, YOLOV8, ["non-square"])
    captured = read_capture(tmp_path / "non-square" / "inputs.npz")
    with np.load(tmp_path / "non-square" / "expected-8.0.52.npz") as expected:
        np.testing.assert_array_equal(trace(captured)["fg_mask"], expected["fg_mask"])


# --- under every tracer -----------------------------------------------------------------------------------------------


def traced(folder: Path, captured: Call, assigner: Assigner = YOLOV8) -> tuple[Memory, JsonSummary]:
    """Under every tracer that writes; the log is lossless."""
    memory, summary = Memory(), JsonSummary()
    watching = [memory, summary, TensorFile(folder / "t.safetensors"), RunLog(folder / "run.log", digits=17)]
    trace(captured, assigner, watching)
    return memory, summary


@pytest.mark.parametrize("generation", GENERATIONS)
def test_log_and_saved_file_hold_the_whole_run_and_are_read_back(tmp_path, generation):
    captured = read_capture(saved(tmp_path))
    memory, summary = traced(tmp_path, captured, GENERATIONS[generation])
    log, file = read_run_log(tmp_path / "run.log"), read_trace_file(tmp_path / "t.safetensors")
    assert list(log.outputs) == list(file.outputs) == list(memory.records)
    for key, record in memory.records.items():
        np.testing.assert_array_equal(log.outputs[key].array, record.array, strict=True)
        np.testing.assert_array_equal(file.outputs[key].array, record.array, strict=True)
        assert log.outputs[key].output == file.outputs[key].output == record.output
    assert log.header == file.header == memory.run.header()
    stages = [stage["name"] for stage in summary.document["stages"]]
    assert stages == ["capture", "screen", "align", "topk", "resolve", "targets", "normalize"]
    assert list(memory.records)[:6] == [f"capture.{name}" for name in CALL]


def test_it_shows_what_an_untraced_call_computes(tmp_path):
    captured = read_capture(saved(tmp_path))
    memory, _ = traced(tmp_path, captured)
    tensors = {name: torch.from_numpy(getattr(captured.six, name)) for name in CALL}
    for name, result in assign(**tensors, grid=captured.grid).items():
        np.testing.assert_array_equal(memory[name], result.numpy(), strict=True)


def test_the_header_names_file_boxes_and_digest(tmp_path):
    captured = read_capture(saved(tmp_path))
    memory, _ = traced(tmp_path, captured)
    digest = sha256((tmp_path / "call.pt").read_bytes()).hexdigest()[:12]
    assert memory.run.header()["labels"] == f"call.pt: 4 boxes in 2 images, 3 classes, sha256 {digest}"
    assert memory.run.header()["heads"] == "call.pt: captured call, scores and boxes of 84 anchors"


def test_facts_and_boxes_come_from_the_captured_ground_truth(tmp_path):
    boxes, mask = call()["gt_bboxes"].clone(), torch.ones(2, 2, 1)
    boxes[0, 0], mask[0, 0] = torch.tensor([-10.0, -10, 10, 10]), 0  # the training code takes it for padding
    mask[1, 1] = 0  # left out by the caller, although it is a box
    memory, _ = traced(tmp_path, read_capture(saved(tmp_path, gt_bboxes=boxes, mask_gt=mask)))
    facts = {fact.id: fact.text for fact in memory.facts["capture"]}
    assert facts["anchors"] == "84 anchors per image: 64 of P3, 16 of P4, 4 of P5"
    assert facts["boxes"] == "4 boxes in 2 images, padded to 2 per image"
    assert facts["ignored-as-padding"].startswith("1 box (image 0 gt 0): ")
    assert facts["masked-out"] == "1 box (image 1 gt 1): mask_gt is false for it, so it selects nothing"
    assert [box.cause for box in memory.boxes] == ["ignored-as-padding", "", "", "masked-out"]


def test_a_call_without_a_box_has_nothing_positive(tmp_path):
    torch.save(call(m=0), tmp_path / "call.pt")
    captured = read_capture(tmp_path / "call.pt")
    memory = Memory()
    assert not trace(captured, tracers=[memory])["fg_mask"].any()
    assert (captured.boxes, memory.boxes) == ((0, 0), ())


def test_padding_is_no_box(tmp_path):
    padded = {name: torch.nn.functional.pad(call()[name], (0, 0, 0, 3)) for name in CALL if name[:2] in ("gt", "ma")}
    padded["gt_bboxes"][0, 1], padded["mask_gt"][0, 1] = 0, 0
    captured = read_capture(saved(tmp_path, **padded))
    assert (captured.boxes, captured.longest) == ((1, 2), 5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_computes_in_the_dtype_that_is_asked_for(tmp_path, dtype):
    memory = Memory()
    results = trace(read_capture(saved(tmp_path)), tracers=[memory], dtype=dtype)
    assert results["target_scores"].dtype == dtype
    assert memory.run.dtype == str(dtype).removeprefix("torch.")


def test_a_stage_can_be_swapped_if_it_runs_and_finds_what_it_asks_for(tmp_path):
    captured = read_capture(saved(tmp_path))

    def nothing(pairs):
        return torch.zeros(len(pairs), dtype=torch.bool)

    def needs_logits(pairs, pred_scores=None):
        return torch.zeros(len(pairs), dtype=torch.bool) if pred_scores is None else pred_scores

    assert not trace(captured, swap(YOLOV8, "topk", nothing, keep=RESULTS))["fg_mask"].any()
    with pytest.raises(InputError, match="asks for 'pred_scores', which a captured call lacks"):
        trace(captured, swap(YOLOV8, "topk", needs_logits, keep=RESULTS))
    # swapped after the run is known to begin with a capture, it is just not there
    assert not trace(captured, swap(begin_with_capture(YOLOV8), "topk", needs_logits, keep=RESULTS))["fg_mask"].any()
    with pytest.raises(InputError, match="the stage decode does not run"):
        trace(captured, swap_named(YOLOV8, "decode=yolo_assign_trace.assignment.stages:decode", RESULTS))
    with pytest.raises(InputError, match="has no stage 'decode'"):
        swap_named(begin_with_capture(YOLOV8), "decode=yolo_assign_trace.assignment.stages:decode", RESULTS)


def test_tensors_of_the_caller_are_held_to_the_call(tmp_path):
    captured = read_capture(saved(tmp_path))
    with pytest.raises(InputError, match=r"expected \[anchor 84, xy 2\]"):
        trace(replace(captured, six=replace(captured.six, anc_points=captured.six.anc_points[1:])))


def test_arrays_of_a_capture_survive_its_trace(tmp_path):
    captured = read_capture(saved(tmp_path))
    before = {name: getattr(captured.six, name).copy() for name in CALL}
    traced(tmp_path, captured)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(captured.six, name), array)

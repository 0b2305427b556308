"""A captured assigner call: read from any container, held against itself, and traced from screen on."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from tests.assignment import golden_cases
from yolo_assign_trace import assign, trace
from yolo_assign_trace.assignment.assigner import Assigner
from yolo_assign_trace.assignment.capture import begin_with_capture
from yolo_assign_trace.assignment.generations import GENERATIONS, YOLOV8
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.outputs import RESULTS
from yolo_assign_trace.assignment.swap import swap, swap_named
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.check.export import export_cases
from yolo_assign_trace.inputs.heads.capture import AXES, capture_inputs, read_capture
from yolo_assign_trace.inputs.heads.shapes import layout_grid
from yolo_assign_trace.run.given import Captured
from yolo_assign_trace.tracers.json_summary import JsonSummary
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.run_log import read_run_log
from yolo_assign_trace.traces.tensors import read_trace_file

EXACT = ("target_labels", "target_bboxes", "fg_mask", "target_gt_idx")
GRID = layout_grid("yolov8", (64, 64))


@lru_cache(maxsize=1)  # the generations of a case follow each other
def golden_capture(name: str) -> Captured:
    paths = [folder / f"{name}.npz" for folder in (golden_cases.COPIED, golden_cases.SHARED)]
    return capture_inputs(next(path for path in paths if path.exists()))


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


@pytest.mark.parametrize("name", ["one_to_one", "one_to_one_without_overlap"])
def test_topk2_is_used_where_it_was_saved(name):
    captured = golden_capture(name)
    assert captured.parameters["topk2"] == 1
    results = trace(captured, GENERATIONS["8.4.0"].with_parameters(**captured.parameters))
    np.testing.assert_array_equal(results["fg_mask"], golden_cases.load(name, "8.4.0").answer("fg_mask"))


def test_the_exported_cases_of_check_are_captures(tmp_path):
    export_cases(tmp_path, YOLOV8, ["non-square"])
    captured = capture_inputs(tmp_path / "non-square" / "inputs.npz")
    with np.load(tmp_path / "non-square" / "expected-8.0.52.npz") as expected:
        np.testing.assert_array_equal(trace(captured)["fg_mask"], expected["fg_mask"])


# --- files -----------------------------------------------------------------------------------------------------------


def call(grid: Grid = GRID, m: int = 2, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """A call of two images and three classes; predictions and boxes at random."""
    generator = torch.Generator().manual_seed(1)
    corner = torch.rand(2, m, 2, generator=generator) * 30
    points = torch.tensor([grid.address(i).centre for i in range(grid.anchors)])
    return {
        "pd_scores": torch.rand(2, grid.anchors, 3, generator=generator).to(dtype),
        "pd_bboxes": (points.repeat(1, 2) + torch.tensor([-9.0, -9, 9, 9])).expand(2, -1, -1).to(dtype),
        "anc_points": points.to(dtype),
        "gt_labels": torch.ones(2, m, 1),
        "gt_bboxes": torch.cat([corner, corner + 25], dim=-1).to(dtype),
        "mask_gt": torch.ones(2, m, 1),
    }


def saved(folder: Path, **changes: Any) -> Path:
    """A capture as .pt with entries replaced, or left out where the change is None."""
    torch.save({k: v for k, v in {**call(), **changes}.items() if v is not None}, folder / "call.pt")
    return folder / "call.pt"


CONTAINERS = [
    # how a call is saved, dtype of its floats, what is read
    (lambda c, path: save_file({k: v.contiguous() for k, v in c.items()}, path), torch.float32, np.float32),
    (lambda c, path: np.savez(path.open("wb"), **{k: v.numpy() for k, v in c.items()}), torch.float32, np.float32),
    (torch.save, torch.float32, np.float32),
    (lambda c, path: torch.save(tuple(c.values()), path), torch.float32, np.float32),  # the arguments as they come
    (lambda c, path: torch.save(list(c.values()), path), torch.float64, np.float64),
    (torch.save, torch.float64, np.float64),
    (torch.save, torch.bfloat16, np.float32),  # training with mixed precision
    (lambda c, path: torch.save(c | {"gt_bboxes": c["gt_bboxes"].double()}, path), torch.float32, np.float64),
]


@pytest.mark.parametrize("number", range(len(CONTAINERS)))
def test_every_container_gives_the_same_call(tmp_path, number):
    save, floats, read = CONTAINERS[number]
    expected = call(dtype=floats)
    save(expected, tmp_path / "call")
    found = read_capture(tmp_path / "call")
    dtypes = {"gt_labels": np.int64, "mask_gt": np.bool_}
    for name in AXES:
        wanted = expected[name].double().numpy().astype(dtypes.get(name, read))
        np.testing.assert_array_equal(getattr(found, name), wanted, err_msg=name, strict=True)
    assert (found.grid, found.parameters) == (GRID, {})


GRIDS = [
    Grid.of((64, 64), [(8, 8)]),  # one level
    Grid.of((96, 32), [(12, 4), (6, 2), (3, 1)]),  # not square, a level of one column
    Grid.of((32, 64), [(4, 8), (2, 4), (1, 2)]),  # a level of one row
    Grid.of((8, 8), [(1, 1)]),
    Grid.of((640, 640), [(8, 8), (4, 4), (2, 2)]),  # strides that are no powers of two
    Grid.of((104, 72), [(13, 9), (7, 5), (4, 3)], (8, 16, 32)),  # levels rounded up
    layout_grid("yolov8-p2", (64, 128)),
    layout_grid("yolov8-p6", (64, 64)),
]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_the_grid_is_told_by_the_points(tmp_path, grid):
    torch.save(call(grid), tmp_path / "call.pt")
    found = read_capture(tmp_path / "call.pt")
    assert found.grid == grid
    assert found.remarks == (f"the input size {grid.height}x{grid.width} px is that of the anchor points",)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4, unique=True).map(sorted),
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
)
def test_any_grid_is_told_by_its_points_and_input_size(tmp_path_factory, strides, imgsz):
    grid = Grid.of(imgsz, [(-(-imgsz[0] // s), -(-imgsz[1] // s)) for s in strides], strides)
    path = tmp_path_factory.getbasetemp() / "grid.pt"
    torch.save({**call(grid), "imgsz": torch.tensor(imgsz)}, path)
    found = read_capture(path)
    assert (found.grid, found.remarks) == (grid, ())


def test_points_are_made_where_only_imgsz_and_strides_were_saved(tmp_path):
    path = saved(tmp_path, anc_points=None, imgsz=torch.tensor([64, 64]), strides=torch.tensor([8.0, 16, 32]))
    np.testing.assert_array_equal(read_capture(path).anc_points, call()["anc_points"])


def test_a_call_without_a_box_has_nothing_positive(tmp_path):
    torch.save(call(m=0), tmp_path / "call.pt")
    captured = capture_inputs(tmp_path / "call.pt")
    memory = Memory()
    assert not trace(captured, tracers=[memory])["fg_mask"].any()
    assert (captured.boxes, memory.boxes) == ((0, 0), ())


def test_parameters_and_other_entries_are_told(tmp_path):
    more = {"topk": 13, "hyper_alpha": 1.0, "hyper_topk2": torch.tensor(0), "notes": torch.zeros(3), "step": 7}
    found = read_capture(saved(tmp_path, **more, imgsz=torch.tensor(64)))
    assert found.parameters == {"topk": 13, "alpha": 1.0}
    assert found.remarks == ("2 other entries are not used: notes, step",)


def changed(name: str, index: tuple[int, ...], value: float) -> dict[str, torch.Tensor]:
    tensor = call()[name].clone()
    tensor[index] = value
    return {name: tensor}


NAN = float("nan")
REFUSED = [
    # changes to a good call, id, place behind the file, part of the message, part of the hint
    ({"gt_bboxes": None}, "missing-entry", "", "there is no gt_bboxes", "a capture holds pd_scores"),
    ({"gt_bboxes": None, "gt_boxes": torch.zeros(2, 2, 4)}, "missing-entry", "", "no gt_bboxes", "mean gt_boxes?"),
    ({"anc_points": None}, "missing-entry", "", "there is no anc_points", "give anc_points, or imgsz and strides"),
    (  # imgsz and strides stand for the points, so that only the labels are missing
        {"gt_labels": None, "anc_points": None, "imgsz": torch.tensor([64, 64]), "strides": torch.tensor([8, 16, 32])},
        *("missing-entry", "", "there is no gt_labels in this", "gt_bboxes, mask_gt"),
    ),
    (  # entries with a use of their own are not proposed
        {"pd_scores": None, "strides": torch.tensor([8, 16, 32]), "hyper_topk": torch.ones(1), "scores": torch.ones(1)},
        *("missing-entry", "", "there is no pd_scores", "for pd_scores: did you mean scores?"),
    ),
    ({"mask_gt": None, "gt_labels": None}, "missing-entry", "", "no gt_labels and no mask_gt", ""),
    # shapes
    ({"pd_scores": torch.rand(84, 3)}, "wrong-shape", "[pd_scores]", "[image ?, anchor ?, class ?], found [84, 3]", ""),
    ({"pd_bboxes": torch.rand(2, 83, 4)}, "wrong-shape", "[pd_bboxes]", "[image 2, anchor 84, xyxy 4]", ""),
    ({"pd_bboxes": torch.rand(2, 84, 5)}, "wrong-shape", "[pd_bboxes]", "found [2, 84, 5]", ""),
    ({"anc_points": torch.rand(1, 84, 2)}, "wrong-shape", "[anc_points]", "[anchor 84, xy 2]", ""),
    ({"gt_labels": torch.zeros(2, 2)}, "wrong-shape", "[gt_labels]", "[image 2, gt ?, one 1]", ""),
    ({"mask_gt": torch.ones(2, 3, 1)}, "wrong-shape", "[mask_gt]", "[image 2, gt 2, one 1]", ""),
    ({"pd_scores": torch.rand(2, 84, 0)}, "wrong-shape", "[pd_scores]", "nothing in it", ""),
    # types
    ({"pd_scores": torch.ones(2, 84, 3).long()}, "wrong-dtype", "[pd_scores]", "expected floats, found int64", ""),
    ({"gt_bboxes": torch.ones(2, 2, 4).bool()}, "wrong-dtype", "[gt_bboxes]", "found bool", ""),
    ({"gt_labels": torch.ones(2, 2, 1).bool()}, "wrong-dtype", "[gt_labels]", "found bool", ""),
    ({"mask_gt": torch.ones(2, 2, 1).to(torch.complex64)}, "wrong-dtype", "[mask_gt]", "found complex64", ""),
    # values
    (changed("gt_bboxes", (1, 0, 2), NAN), "not-finite", "[gt_bboxes][1,0,2]", "nan is not finite", ""),
    (changed("anc_points", (3, 1), NAN), "not-finite", "[anc_points][3,1]", "nan is not finite", ""),
    (changed("gt_labels", (1, 1, 0), 3), "class-too-large", "[gt_labels][1,1,0]", "3 classes, 0 to 2", "pad with 0"),
    (changed("gt_labels", (0, 1, 0), -1), "class-too-large", "[gt_labels][0,1,0]", "-1.0 is no class", "pad with 0"),
    (changed("gt_labels", (0, 1, 0), 0.5), "class-not-an-integer", "[gt_labels][0,1,0]", "0.5 is no class", ""),
    (changed("gt_labels", (0, 1, 0), NAN), "class-not-an-integer", "[gt_labels][0,1,0]", "nan is no class", ""),
    (changed("mask_gt", (0, 1, 0), 0.5), "not-a-mask", "[mask_gt][0,1,0]", "neither 0 nor 1", ""),
    (changed("pd_scores", (0, 1, 2), -3.5), "not-a-score", "[pd_scores][0,1,2]", "-3.5 is no score", "sigmoid"),
    # the grid
    (changed("anc_points", (0, 0), 5), "not-a-grid", "[anc_points][0]", "(5, 4) neither", "cell centres in px"),
    (changed("anc_points", (9, 0), 13), "not-a-grid", "[anc_points][8]", "(4, 12) neither", "cell centres in px"),
    (changed("anc_points", (83, 1), 99), "not-a-grid", "[anc_points][82]", "(16, 48) neither", ""),
    ({"anc_points": call()["anc_points"].flip(0)}, "not-a-grid", "[anc_points][1]", "(16, 48) neither", ""),
    ({"anc_points": call()["anc_points"].flip(1)}, "not-a-grid", "[anc_points][", "neither", ""),  # columns first
    (
        {"anc_points": torch.cat([(call()["anc_points"][a:b] / s) for a, b, s in [(0, 64, 8), (64, 80, 16)]] * 2)[:84]},
        *("not-a-grid", "[anc_points][64]", "(0.5, 0.5) neither", "multiply by the stride"),  # cells, not px
    ),
    ({"strides": torch.tensor([8, 16, 64])}, "points-disagree", "[strides]", "stand on strides 8, 16, 32", ""),
    ({"imgsz": torch.tensor([64, 72])}, "points-disagree", "[anc_points]", "do not cover 64x72 px", ""),
    ({"imgsz": torch.tensor([64, 64, 3])}, "wrong-shape", "[imgsz]", "height and width, found 3", ""),
    ({"imgsz": torch.tensor([64, 0])}, "wrong-value", "[imgsz][1]", "0 is no whole number of px", ""),
    ({"strides": torch.tensor([8.5])}, "wrong-value", "[strides][0]", "8.5 is no whole number of px", ""),
    (
        {"anc_points": None, "imgsz": torch.tensor([64, 64]), "strides": torch.tensor([8, 16])},
        *("points-disagree", "", "give 80 anchors, pd_scores has 84", ""),
    ),
    ({"topk": torch.ones(2)}, "wrong-shape", "[topk]", "expected one number", ""),
]


@pytest.mark.parametrize(
    ("changes", "kind", "place", "says", "hint"), REFUSED, ids=[f"{row[1]} {row[3]}" for row in REFUSED]
)
def test_a_call_that_cannot_be_is_refused_at_its_place(tmp_path, changes, kind, place, says, hint):
    path = saved(tmp_path, **changes)
    with pytest.raises(InputError) as caught:
        read_capture(path)
    error = caught.value
    assert error.id == kind
    assert error.where.startswith(f"{path}{place}")
    assert says in error.message
    assert hint in error.hint


def test_a_missing_file_is_called_a_capture(tmp_path):
    with pytest.raises(InputError, match="no such capture"):
        read_capture(tmp_path / "call.pt")


# --- the trace of a captured call ------------------------------------------------------------------------------------


def traced(folder: Path, captured: Captured, assigner: Assigner = YOLOV8) -> tuple[Memory, JsonSummary]:
    """Under every tracer that writes; the log is lossless."""
    memory, summary = Memory(), JsonSummary()
    watching = [memory, summary, TensorFile(folder / "t.safetensors"), RunLog(folder / "run.log", digits=17)]
    trace(captured, assigner, watching)
    return memory, summary


@pytest.mark.parametrize("generation", GENERATIONS)
def test_log_and_saved_file_hold_the_whole_run_and_are_read_back(tmp_path, generation):
    captured = capture_inputs(saved(tmp_path))
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
    assert list(memory.records)[:6] == [f"capture.{name}" for name in AXES]


def test_it_shows_what_an_untraced_call_computes(tmp_path):
    captured = capture_inputs(saved(tmp_path))
    memory, _ = traced(tmp_path, captured)
    tensors = {name: torch.from_numpy(getattr(captured, name)) for name in AXES}
    for name, result in assign(**tensors, grid=captured.grid).items():
        np.testing.assert_array_equal(memory[name], result.numpy(), strict=True)


def test_the_header_names_file_boxes_and_digest(tmp_path):
    captured = capture_inputs(saved(tmp_path))
    memory, _ = traced(tmp_path, captured)
    digest = read_capture(tmp_path / "call.pt").digest
    assert memory.run.header()["labels"] == f"call.pt: 4 boxes in 2 images, 3 classes, sha256 {digest}"
    assert memory.run.header()["heads"] == "call.pt: captured call, scores and boxes of 84 anchors"


def test_facts_and_boxes_come_from_the_captured_ground_truth(tmp_path):
    boxes, mask = call()["gt_bboxes"].clone(), torch.ones(2, 2, 1)
    boxes[0, 0], mask[0, 0] = torch.tensor([-10.0, -10, 10, 10]), 0  # the training code takes it for padding
    mask[1, 1] = 0  # left out by the caller, although it is a box
    memory, _ = traced(tmp_path, capture_inputs(saved(tmp_path, gt_bboxes=boxes, mask_gt=mask)))
    facts = {fact.id: fact.text for fact in memory.facts["capture"]}
    assert facts["anchors"] == "84 anchors per image: 64 of P3, 16 of P4, 4 of P5"
    assert facts["boxes"] == "4 boxes in 2 images, padded to 2 per image"
    assert facts["ignored-as-padding"].startswith("1 box (image 0 gt 0): ")
    assert facts["masked-out"] == "1 box (image 1 gt 1): mask_gt is false for it, so it selects nothing"
    assert [box.cause for box in memory.boxes] == ["ignored-as-padding", "", "", "masked-out"]


def test_padding_is_no_box(tmp_path):
    padded = {name: torch.nn.functional.pad(call()[name], (0, 0, 0, 3)) for name in AXES if name[:2] in ("gt", "ma")}
    padded["gt_bboxes"][0, 1], padded["mask_gt"][0, 1] = 0, 0
    captured = capture_inputs(saved(tmp_path, **padded))
    assert (captured.boxes, captured.longest) == ((1, 2), 5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_computes_in_the_dtype_that_is_asked_for(tmp_path, dtype):
    memory = Memory()
    results = trace(capture_inputs(saved(tmp_path)), tracers=[memory], dtype=dtype)
    assert results["target_scores"].dtype == dtype
    assert memory.run.dtype == str(dtype).removeprefix("torch.")


def test_a_stage_can_be_swapped_if_it_runs_and_finds_what_it_asks_for(tmp_path):
    captured = capture_inputs(saved(tmp_path))

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
    captured = capture_inputs(saved(tmp_path))
    with pytest.raises(InputError, match=r"expected \[anchor 84, xy 2\]"):
        trace(replace(captured, anc_points=captured.anc_points[1:]))


def test_arrays_of_a_capture_survive_its_trace(tmp_path):
    captured = capture_inputs(saved(tmp_path))
    before = {name: getattr(captured, name).copy() for name in AXES}
    traced(tmp_path, captured)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(captured, name), array)

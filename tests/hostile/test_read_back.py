"""What is read back is held against the declarations: the tensor, its index and what was expected are told."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.commands import ROOT, environment

FILES = ROOT / "tests" / "hostile" / "files"


@pytest.fixture
def whole(yolo_assign, folder):
    """A log and a saved trace of the sample: 4 images, up to 3 boxes, 3 classes, 84 anchors."""
    outcome = yolo_assign("trace", "--labels", "labels.txt", "--save", "t.safetensors", "--log", "t.log", "--quiet")
    assert outcome.code == 0
    return folder


def put(index, value):
    """A change of one element."""

    def change(array):
        array = array.copy()
        array[index] = value
        return array

    return change


CHANGED_TENSORS = [
    # stage.name, what is done to it (None: it is left out), what the message says
    ("resolve.target_gt_idx", None, "the trace has no output 'target_gt_idx'"),
    ("resolve.target_gt_idx", put((0, 5), 99), "target_gt_idx[0,5] is 99, expected 0..2"),
    ("resolve.target_gt_idx", put((3, 83), -1), "target_gt_idx[3,83] is -1, expected 0..2"),
    ("resolve.claims", put((1, 2), 4), "claims[1,2] is 4, expected 0..3"),
    ("topk.rank", put(7, 0), "rank[7] is 0, expected at least 1"),
    ("ground_truth.gt_labels", put((2, 1, 0), 3), "gt_labels[2,1,0] is 3, expected 0..2"),
    ("targets.target_labels", put((2, 1), 4), "target_labels[2,1] is 4, expected 0..3"),
    ("screen.pairs", put((4, 0), 4), "pairs[4,0] is 4, expected image 0..3"),
    ("screen.pairs", put((4, 2), -9), "pairs[4,2] is -9, expected anchor 0..83"),
    ("screen.pairs", lambda pairs: pairs[::-1], "expected one behind [3, 0, 73]: they are sorted"),
    ("align.overlaps", lambda overlaps: overlaps[:-1], "overlaps: expected [pair 86], found [85]"),
    ("resolve.fg_mask", lambda mask: mask.T, "fg_mask: expected [image 4, anchor 84], found [84, 4]"),
    ("scale.pd_scores", lambda scores: scores[0], "has shape [84, 3], but axes ['image', 'anchor', 'class']"),
    ("resolve.fg_mask", lambda mask: mask.astype(np.uint8), "fg_mask is uint8, expected bool"),
    ("align.align_metric", lambda metric: metric.astype(np.int64), "int64, expected float32 or float64"),
    ("ground_truth.gt_labels", lambda labels: labels.astype(np.float32), "gt_labels is float32, expected int64"),
    ("resolve.fg_mask", lambda mask: (mask * np.uint8(2)).view(bool), "is byte 2, expected 0 or 1"),
]


def edited(folder, *, tensors=None, metadata=None):
    """A copy of the saved trace with these tensors (None: left out) and metadata."""
    with safe_open(folder / "t.safetensors", framework="numpy") as file:
        arrays = {key: file.get_tensor(key) for key in file.keys()} | (tensors or {})  # noqa: SIM118
        texts = file.metadata() | (metadata or {})
    kept = {key: np.ascontiguousarray(array) for key, array in arrays.items() if array is not None}
    told = [entry for entry in json.loads(texts["outputs"]) if entry["key"] in kept]
    save_file(kept, folder / "edited.safetensors", texts | {"outputs": json.dumps(told)})


@pytest.mark.parametrize(("key", "change", "says"), CHANGED_TENSORS, ids=[row[2] for row in CHANGED_TENSORS])
def test_a_saved_trace_with_another_tensor(yolo_assign, whole, key, change, says):
    with safe_open(whole / "t.safetensors", framework="numpy") as file:
        array = file.get_tensor(key)
    edited(whole, tensors={key: change and change(array)})
    outcome = yolo_assign("explain", "edited.safetensors")
    assert outcome.code == 2, outcome.err
    assert says in outcome.err


CHANGED_SETTINGS = [
    # name, value, what the message says
    ("alpha", "x", "alpha is 'x', expected a number from 0"),
    ("beta", -1, "beta is -1, expected a number from 0"),
    ("topk", 0, "topk is 0, expected a whole number from 1"),
    ("topk", True, "topk is True, expected a whole number from 1"),
    ("topk2", 1.5, "topk2 is 1.5, expected a whole number"),
    ("overlap", "niou", "overlap is 'niou', expected one of iou, giou, diou, ciou"),
    ("generation", "9", "generation is '9', expected one of 8.0.0, "),
    ("mode", "test", "mode is 'test', expected one of val, train"),
    ("release", "new", "release is 'new', expected a release"),
    ("enlarged_below", 2, "enlarged_below is 2, expected a whole number from 0 to 1"),
    ("swapped", ["topk"], "swapped is ['topk'], expected functions"),
    ("images", [{"name": 1, "letterbox": None}], "expected names of images"),
    ("batch", 5, "batch is 5 in the settings, expected 4"),
    ("nc", 4, "nc is 4 in the settings, expected 3"),
    ("reg_max", 8, "4·reg_max is 32 in the settings, expected 64"),
    ("boxes", [2, 1, 3], "the number of boxes is 3 in the settings, expected 4"),
    ("boxes", [2, 1, 4, 1], "boxes[2] is 4 in the settings, expected 0..3"),
]


@pytest.mark.parametrize("kind", ["log", "saved trace"])
@pytest.mark.parametrize(("name", "value", "says"), CHANGED_SETTINGS, ids=[row[2] for row in CHANGED_SETTINGS])
def test_another_setting(yolo_assign, whole, kind, name, value, says):
    lines = (whole / "t.log").read_text().split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("# settings"))
    settings = json.dumps(json.loads(lines[at].removeprefix("# settings")) | {name: value})
    lines[at] = f"# settings  {settings}"
    (whole / "edited.log").write_text("\n".join(lines))
    edited(whole, metadata={"settings": settings})
    outcome = yolo_assign("explain", "edited.log" if kind == "log" else "edited.safetensors")
    assert outcome.code == 2, outcome.err
    assert says in outcome.err
    assert f"edited.log:{at + 1}: " in outcome.err or kind != "log"


def test_an_index_in_a_log_is_told_with_the_line_of_its_tensor(yolo_assign, whole):
    lines = (whole / "t.log").read_text().split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("gt_labels[1,0]  "))
    lines[at] = "gt_labels[1,0]  7"
    (whole / "edited.log").write_text("\n".join(lines))
    declared = next(i for i, line in enumerate(lines) if line.startswith("gt_labels  "))
    outcome = yolo_assign("explain", "edited.log")
    assert f"error: edited.log:{declared + 1}: gt_labels[1,0,0] is 7, expected 0..2 [wrong-log]" in outcome.err


def test_the_alpha_of_a_log_of_format_1(yolo_assign, whole):
    text = (whole / "t.log").read_text().replace("format 2\n", "format 1\n").replace("alpha 0.5,", "alpha x,", 1)
    (whole / "edited.log").write_text("\n".join(line for line in text.split("\n") if "# settings" not in line))
    outcome = yolo_assign("explain", "edited.log")
    assert (outcome.code, "alpha is 'x', expected a number from 0" in outcome.err) == (2, True), outcome.err


# --- memory of a log -------------------------------------------------------------------------------------------------

LIMITED = "from yolo_assign_trace.cli.main import main; main()"


def explained_within(mebibytes, path):
    """Exit code and messages of ``explain`` in a process that may take so much memory and ten seconds."""

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))

    command = [sys.executable, "-c", LIMITED, "explain", str(path)]
    env = environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10, env=env, preexec_fn=limit)
    return done.returncode, done.stderr


GRID = "640x640 px: P3 8x8 stride 80, P4 4x4 stride 160, P5 2x2 stride 320 = 84 anchors"
ANNOUNCED = [
    # what stands in a log, what becomes of it, what the message says
    (GRID, "640000x640000 px: P3 8000x8000 stride 80 = 64000000 anchors", "announces 64000000 lines of anchors"),
    ("pred_distri  float32 [image 4,", "pred_distri  float32 [image 999999999,", "pred_distri would take"),
    ("gt_labels  int64 [image 4, gt 3,", "gt_labels  int64 [image 4, gt 2000000,", "8000000 lines of gt_labels"),
    ("pairs  int64 [pair 86 of", "pairs  int64 [pair 99999999999 of", "would take 2,399,999,999,976 bytes"),
]


@pytest.mark.parametrize(("before", "after", "says"), ANNOUNCED, ids=[row[2] for row in ANNOUNCED])
def test_a_log_takes_no_memory_for_what_it_only_announces(whole, before, after, says):
    text = (whole / "t.log").read_text()
    assert before in text
    (whole / "edited.log").write_text(text.replace(before, after, 1))
    code, err = explained_within(700, whole / "edited.log")
    assert (code, says in err) == (2, True), err


def test_a_log_of_170_bytes(whole):
    code, err = explained_within(700, FILES / "tiny.log")
    assert (code, "announces 64 lines of anchors, and 4 follow" in err) == (2, True), err

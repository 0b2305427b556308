"""`yolo-assign trace`: what every option about the input does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from yolo_assign_trace.assignment.generations import find_assigner
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS
from yolo_assign_trace.traces.run_log import read_run_log

STAGES = [result.stage for result in STAGE_RESULTS]
JSON = ("--json", "--no-log")


def shapes_of(document):
    """Shape by output name."""
    return {output["name"]: output["shape"] for stage in document["stages"] for output in stage["outputs"]}


def assert_full_trace(document):
    """Every declared output of every stage of the release, in order, with the sizes that its axes say."""
    assert [stage["name"] for stage in document["stages"]] == STAGES
    release = find_assigner(document["release"].partition(",")[0])
    for stage, result in zip(document["stages"], (stage.result for stage in release.stages), strict=True):
        assert [output["name"] for output in stage["outputs"]] == [output.name for output in result.outputs()]
        for output in stage["outputs"]:
            sizes = document["sizes"]
            for axis, size in zip(output["axes"], output["shape"], strict=True):
                assert axis not in sizes or size == sizes[axis], output


# --- shapes: which grid --------------------------------------------------------------------------------------------

STUDY = "640x640 px: P3 8x8 stride 80, P4 4x4 stride 160, P5 2x2 stride 320 = 84 anchors"
GRIDS = [
    # arguments, shapes file, the grid line
    ((), "", STUDY),  # study is the default
    (("--shapes", "study"), "", STUDY),
    (("--shapes", "study", "--imgsz", "640"), "", STUDY),  # superfluous but true
    (
        ("--shapes", "yolov8"),  # 640 px unless told
        "",
        "640x640 px: P3 80x80 stride 8, P4 40x40 stride 16, P5 20x20 stride 32 = 8400 anchors",
    ),
    (
        ("--shapes", "yolov8", "--imgsz", "64,96"),  # height, width
        "",
        "64x96 px: P3 8x12 stride 8, P4 4x6 stride 16, P5 2x3 stride 32 = 126 anchors",
    ),
    (
        ("--shapes", "yolov8", "--imgsz", "100"),  # sizes are rounded up to the largest stride, as training does
        "",
        "128x128 px: P3 16x16 stride 8, P4 8x8 stride 16, P5 4x4 stride 32 = 336 anchors",
    ),
    (
        ("--shapes", "yolov8-p2", "--imgsz", "32"),
        "",
        "32x32 px: P2 8x8 stride 4, P3 4x4 stride 8, P4 2x2 stride 16, P5 1x1 stride 32 = 85 anchors",
    ),
    (
        ("--shapes", "yolov8-p6", "--imgsz", "64"),
        "",
        "64x64 px: P3 8x8 stride 8, P4 4x4 stride 16, P5 2x2 stride 32, P6 1x1 stride 64 = 85 anchors",
    ),
    (
        ("--shapes", "my.yaml"),  # a single level over a non-square input
        "imgsz: [32, 64]\nmaps: [[4, 8]]\n",
        "32x64 px: P3 4x8 stride 8 = 32 anchors",
    ),
    (
        ("--shapes", "my.yml"),  # strides given: the map overhangs the input
        "imgsz: 50\nmaps: [[7, 7], [4, 4]]\nstrides: [8, 16]\n",
        "50x50 px: P3 7x7 stride 8, P4 4x4 stride 16 = 65 anchors",
    ),
]


@pytest.mark.parametrize(("arguments", "file", "grid"), GRIDS, ids=lambda value: " ".join(value) if value else None)
def test_shapes_and_imgsz_choose_the_grid_and_every_grid_gives_a_full_trace(yolo_assign, folder, arguments, file, grid):
    if file:
        (folder / arguments[1]).write_text(file)
    outcome = yolo_assign("trace", "--labels", "labels.txt", *arguments, *JSON)
    assert outcome.code == 0
    assert outcome.document["grid"] == grid
    assert_full_trace(outcome.document)


# --- labels, classes, bins, heads ----------------------------------------------------------------------------------

LABELS = [
    # label file, images, gts, boxes without positives
    ("0 .5 .5 .5 .5\n", 1, 1, 0),  # five columns: one image
    ("0 .5 .5 .5 .5\n\n2 .4 .4 .5 .5\n", 1, 2, 0),  # a blank line is no row
    ("\ufeff0 .5 .5 .5 .5\r\n", 1, 1, 0),  # byte order mark and CRLF, as Windows editors save
    ("1 0 .5 .5 .5 .5\n", 2, 1, 0),  # six columns: image 0 has no box
    ("2 0 .5 .5 .5 .5\n0 1 .5 .5 .5 .5\n2 0 .4 .4 .5 .5\n", 3, 2, 0),  # rows in any order
    ("0 .5 .5 0 0\n", 1, 1, 1),  # a box without size holds no anchor
    ("", 1, 0, 0),  # no box at all
]


@pytest.mark.parametrize(("text", "images", "gts", "without"), LABELS)
def test_labels_of_five_or_six_columns_images_without_boxes_and_none_at_all(
    yolo_assign, folder, text, images, gts, without
):
    (folder / "my.txt").write_text(text, encoding="utf-8", newline="")
    outcome = yolo_assign("trace", "--labels", "my.txt", "--release", "8.4.190", *JSON)
    assert outcome.code == 0
    document = outcome.document
    assert_full_trace(document)
    assert (document["sizes"]["image"], document["sizes"]["gt"]) == (images, gts)
    assert len(document["boxes"]) == len(text.split()) // (6 if images > 1 else 5)
    assert sum(bool(box["cause"]) for box in document["boxes"]) == without


def test_a_batch_without_any_box_is_all_background_and_is_said(yolo_assign, folder):
    (folder / "empty.txt").touch()
    outcome = yolo_assign("trace", "--labels", "empty.txt", "--nc", "5", "--quiet")
    assert outcome.code == 0
    assert "note: empty.txt is empty" in outcome.err
    log = read_run_log(Path("run.log"))
    assert not log.array("fg_mask").any()
    assert not log.array("target_scores").any()
    assert not log.array("target_bboxes").any()
    assert (log.array("target_labels") == 5).all()  # the number of classes stands for background


NUMBERS = [
    # arguments, classes, channels of the box distributions
    ((), 3, 64),  # the largest class + 1, and 16 bins for each of four sides
    (("--nc", "80"), 80, 64),
    (("--reg-max", "1"), 3, 4),
    (("--nc", "4", "--reg-max", "8"), 4, 32),
    (("--shapes", "my.yaml"), 6, 20),  # the file says nc and reg_max
    (("--shapes", "my.yaml", "--nc", "7", "--reg-max", "2"), 7, 8),  # flags win over the file
]


@pytest.mark.parametrize(("arguments", "classes", "channels"), NUMBERS)
def test_nc_and_reg_max(yolo_assign, folder, arguments, classes, channels):
    (folder / "my.yaml").write_text("imgsz: 640\nmaps: [[8, 8], [4, 4]]\nnc: 6\nreg_max: 5\nbatch: 9\n")
    document = yolo_assign("trace", "--labels", "labels.txt", *arguments, *JSON).document
    assert_full_trace(document)
    images = 9 if "--shapes" in arguments else 4
    anchors = document["sizes"]["anchor"]
    assert shapes_of(document)["pred_scores"] == [images, anchors, classes]
    assert shapes_of(document)["pred_distri"] == [images, anchors, channels]


def test_with_one_bin_the_channel_is_the_distance(yolo_assign):
    assert yolo_assign("trace", "--labels", "labels.txt", "--reg-max", "1", "--digits", "9", "--quiet").code == 0
    log = read_run_log(Path("run.log"))
    assert (log.array("distances") == log.array("pred_distri")).all()


def test_heads_are_read_row_by_row_fine_level_first_whatever_their_order_in_the_file(yolo_assign, folder):
    random = np.random.RandomState(1)
    fine, coarse = (random.randn(2, 4 * 3 + 2, *size).astype(np.float32) for size in ((4, 8), (2, 4)))
    np.savez(folder / "my.npz", last=coarse, first=fine)
    (folder / "my.yaml").write_text("imgsz: [64, 128]\nmaps: [[4, 8], [2, 4]]\n")
    (folder / "my.txt").write_text("1 1 .5 .5 .5 .5\n")
    arguments = ("--heads", "my.npz", "--shapes", "my.yaml", "--reg-max", "3", "--digits", "9")
    outcome = yolo_assign("trace", "--labels", "my.txt", *arguments)
    assert outcome.code == 0
    log = read_run_log(Path("run.log"))
    assert (log.array("pred_distri")[1, 3 * 8 + 5] == fine[1, :12, 3, 5]).all()
    assert (log.array("pred_scores")[0, 32 + 1 * 4 + 2] == coarse[0, 12:, 1, 2]).all()
    assert "synthetic" not in log.header["heads"] + outcome.out
    assert log.header["heads"].startswith("my.npz: 2 maps of 2 images, 14 channels, sha256 ")


def test_every_output_says_that_synthetic_heads_are_no_trained_model(yolo_assign, folder):
    said = "synthetic, seed 3: not a trained model"
    arguments = ("trace", "--labels", "labels.txt", "--seed", "3", "--save", "t.safetensors")
    assert said in yolo_assign(*arguments).out
    assert said in Path("run.log").read_text(encoding="utf-8")
    assert said.encode() in Path("t.safetensors").read_bytes()
    assert yolo_assign(*arguments, "--json").document["heads"] == said


def test_synthetic_heads_depend_on_the_seed_and_on_nothing_else(yolo_assign):
    logs = []
    for seed in ("0", "0", "1"):
        assert yolo_assign("trace", "--labels", "labels.txt", "--quiet", "--seed", seed).code == 0
        logs.append(Path("run.log").read_bytes())
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]
    first = read_run_log(Path("run.log")).array("pred_distri")[0, 0, 0]
    assert first == np.float32(f"{np.random.RandomState(1).standard_normal():.5g}")  # numpy froze this stream

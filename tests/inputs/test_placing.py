"""Where boxes of a dataset come to lie: in rectangular batches, in training, and by the one release of a trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yolo_assign_trace.traces.run_log import read_run_log

SMALL = ("--shapes", "yolov8", "--imgsz", "64")  # 84 anchors


# --- rectangular batches ---------------------------------------------------------------------------------------------

RECTANGLES = [
    # options, input (height, width), the box of the middle half of an 80x40 px image in it
    ((), (64, 96), [32, 24, 64, 40]),  # half a stride more: 1.5 and 2.5 strides; 16 px on all sides
    (("--mode", "train"), (32, 64), [16, 8, 48, 24]),  # no stride more
    (("--mode", "train", "--release", "8.4.52"), (64, 64), [16, 24, 48, 40]),  # square until 8.4.84
    (("--mode", "train", "--release", "8.4.51"), (32, 64), [16, 8, 48, 24]),
]


@pytest.mark.parametrize(("options", "imgsz", "box"), RECTANGLES)
def test_with_rect_the_input_is_that_of_the_batch(yolo_assign, dataset, options, imgsz, box):
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--digits", "9", "--quiet", "--rect")
    assert yolo_assign(*arguments, *options).code == 0
    log = read_run_log(Path("run.log"))
    assert (log.grid.height, log.grid.width) == imgsz
    assert log.array("gt_bboxes")[0, 0].tolist() == box


def with_rect(yolo_assign, *options):
    """The input (height, width) and the images of every log."""
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--rect", "--batch", "2", "--quiet", *options)
    assert outcome.code == 0, outcome.err
    logs = {path.stem: read_run_log(path) for path in sorted(Path("run").iterdir())}
    return outcome, {
        stem: (
            (log.grid.height, log.grid.width),
            [text.partition(",")[0] for key, text in log.header.items() if key.startswith("image[")],
        )
        for stem, log in logs.items()
    }


def test_with_rect_batches_are_cut_from_the_images_sorted_by_their_shape(yolo_assign, dataset):
    Image.new("RGB", (40, 80)).save("set/images/1.png")  # high: the last
    Image.new("RGB", (80, 20)).save("set/images/4.png")  # the widest: the first
    assert with_rect(yolo_assign)[1] == {
        "00000-00001": ((64, 96), ["4.png", "0.png"]),
        "00002-00003": ((64, 96), ["2.png", "3.png"]),
        "00004": ((96, 64), ["1.png"]),
    }
    Image.new("RGB", (40, 80)).save("set/images/3.png")
    assert with_rect(yolo_assign)[1]["00002-00003"] == ((96, 96), ["2.png", "1.png"])  # of both kinds: a square


def test_with_rect_images_are_selected_after_sorting_and_share_the_input_of_their_batch(yolo_assign, dataset):
    Image.new("RGB", (80, 20)).save("set/images/4.png")  # 32 px high without its companion
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--rect", "--batch", "2", "--images", "0")
    assert outcome.code == 0
    log = read_run_log(Path("run.log"))
    assert (log.header["image[0]"].partition(",")[0], log.grid.height, log.grid.width) == ("4.png", 64, 96)


def test_with_rect_images_are_dropped_before_they_are_sorted_and_that_is_said(yolo_assign, dataset):
    (dataset / "set/labels/0.txt").write_text("0 .5 .5 .5\n")
    (dataset / "set/images/2.png").write_bytes(b"no image")
    outcome, logs = with_rect(yolo_assign, "--on-bad", "drop-image")
    assert [images for _, images in logs.values()] == [["1.png", "3.png"], ["4.png"]]
    assert "dropped the image of set/labels/0.txt: line 1: expected 5 numbers" in outcome.err
    assert "dropped the image set/images/2.png: its header is no image's [image-not-readable]" in outcome.err
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--rect", "--images", "4")  # bad ones count too
    assert outcome.code == 2
    assert "[wrong-column-count]" in outcome.err
    assert "[image-not-readable]" in outcome.err


# --- in training -----------------------------------------------------------------------------------------------------


def test_training_clips_and_drops_boxes_and_says_so(yolo_assign, dataset):
    """80x40 px in 64x64: scaled to 64x32, 16 px above."""
    (dataset / "set/labels/0.txt").write_text("0 .95 .5 .5 .5\n1 .5 .5 .02 .5\n2 .5 0 .5 .5\n")
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--digits", "9", "--quiet")
    outcome = yolo_assign(*arguments, "--mode", "train")
    assert outcome.code == 0
    assert (
        "set/labels/0.txt:2: of the box 1.28x16.00 px lie in the input, a side is not over 2 px; "
        "training drops the box, without augmentation too [dropped-in-training]"
    ) in outcome.err
    assert "1 [clipped-in-training]: training clips the box to the input" in outcome.err
    log = read_run_log(Path("run.log"))
    np.testing.assert_allclose(log.array("gt_bboxes")[0], [[44.8, 24, 64, 40], [16, 8, 48, 24]], atol=1e-5)
    assert log.array("gt_labels")[0, :, 0].tolist() == [0, 2]
    assert log.header["release"] == "8.4.190, the newest measured; boxes placed as in training"
    outcome = yolo_assign(*arguments)
    assert "in-training]" not in outcome.err
    log = read_run_log(Path("run.log"))
    np.testing.assert_allclose(log.array("gt_bboxes")[0, 0], [44.8, 24, 76.8, 40], atol=1e-5)
    assert log.array("gt_labels")[0, :, 0].tolist() == [0, 1, 2]
    assert log.header["release"] == "8.4.190, the newest measured; boxes placed as in validation"


POLYGON = "0 .5 .2 .8 .5 .5 .8 .2 .5\n"


def test_training_makes_boxes_of_polygons_anew_and_says_so(yolo_assign, dataset):
    """Before 8.3.44 the points along a contour miss its vertices, so the box is a little smaller than the file's."""
    for number in range(5):
        (dataset / f"set/labels/{number}.txt").write_text(POLYGON)
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--digits", "9", "--quiet")
    boxes = {}
    for options in ((), ("--mode", "train"), ("--mode", "train", "--release", "8.3.43")):
        outcome = yolo_assign(*arguments, *options)
        assert outcome.code == 0
        assert ("1 [remade-in-training]: training makes the box anew" in outcome.err) == bool(options)
        boxes[options] = read_run_log(Path("run.log")).array("gt_bboxes")[0, 0]
    in_validation, in_training, before = boxes.values()
    np.testing.assert_allclose(in_validation, [12.8, 22.4, 51.2, 41.6], atol=1e-5)
    np.testing.assert_allclose(in_training, in_validation, atol=1e-4)
    assert ((before - in_validation)[[0, 1]] >= -1e-5).all()
    assert ((in_validation - before)[[2, 3]] >= -1e-5).all()
    assert np.abs(before - in_validation).max() > 1e-3


def test_training_forgets_polygons_if_there_is_a_file_of_boxes_and_says_so(yolo_assign, dataset):
    (dataset / "set/labels/1.txt").write_text(POLYGON)
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--images", "1", "--quiet", "--mode", "train")
    assert outcome.code == 0
    assert "set/labels/0.txt is a file of boxes, so training forgets the polygons of the others" in outcome.err
    assert "remade-in-training" not in outcome.err


# --- one release for everything --------------------------------------------------------------------------------------


def test_the_release_reads_places_and_assigns_and_overrides_are_shown(yolo_assign, dataset):
    """A class of 1.5 is cut before 8.4.164; the image becomes 64x31 px, and half of 33 rows is shifted until 8.3.36."""
    (dataset / "set/labels/0.txt").write_text("1.5 .5 .5 .5 .5\n")
    Image.new("RGB", (80, 38)).save("set/images/0.png")
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--digits", "9", "--quiet")
    assert "[class-not-an-integer]" in yolo_assign(*arguments).err
    assert yolo_assign(*arguments, "--release", "8.3.36").code == 0
    log = read_run_log(Path("run.log"))
    assert log.array("gt_labels")[0, 0, 0] == 1
    assert log.array("gt_bboxes")[0, 0].tolist() == [16, 24.25, 48, 39.75]
    assert log.header["release"] == "8.3.36, as asked; boxes placed as in validation"
    assert "yolov8" in log.header["assigner"]
    assert yolo_assign(*arguments, "--labels-as", "8.3.36").code == 0  # placed and assigned by the newest
    log = read_run_log(Path("run.log"))
    assert log.array("gt_bboxes")[0, 0].tolist() == [16, 23.75, 48, 39.25]
    assert log.header["release"].endswith("boxes placed as in validation; but labels read as 8.3.36")
    assert "generation 8.4.144" in log.header["assigner"]
    assert yolo_assign(*arguments, "--release", "8.3.36", "--assigner", "8.4.60").code == 0
    log = read_run_log(Path("run.log"))
    assert log.array("gt_bboxes")[0, 0].tolist() == [16, 24.25, 48, 39.75]
    assert log.header["release"].startswith("8.3.36, as asked; boxes placed as in validation; but assigned as 8.4.0")
    outcome = yolo_assign(*arguments, "--release", "8.3.36", "--labels-as", "8.4.164")  # what --labels-as names wins
    assert (outcome.code, "[class-not-an-integer]" in outcome.err) == (2, True)

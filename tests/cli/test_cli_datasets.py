"""What a trace of a dataset promises beyond the trace of one file: limits, odd boxes, dropped images, file names."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

SMALL = ("--shapes", "yolov8", "--imgsz", "64", "--quiet")  # 84 anchors


@pytest.fixture
def images(folder):
    """Five images of 80x40 px with a box each, in a folder of their own."""
    for name in ("images", "labels"):
        (folder / "set" / name).mkdir(parents=True)
    for number in range(5):
        Image.new("RGB", (80, 40)).save(folder / f"set/images/{number}.png")
        (folder / f"set/labels/{number}.txt").write_text("0 .5 .5 .5 .5\n")
    return folder / "set"


def logs(folder="run"):
    return sorted(path.name for path in Path(folder).iterdir())


# --- the limit of the log holds for all batches together ------------------------------------------------------------


def test_the_logs_of_all_batches_are_held_to_one_limit(yolo_assign, images):
    arguments = ("trace", "--labels", "set/images", *SMALL, "--batch", "1")
    assert yolo_assign(*arguments, "--max-log", "0.01").code == 0
    size = sum(path.stat().st_size for path in Path("run").iterdir()) / 2**30
    for path in Path("run").iterdir():
        path.unlink()
    # more than one batch would take, less than all of them
    outcome = yolo_assign(*arguments, "--max-log", str(size / 3))
    assert outcome.code == 2
    assert "[log-too-large]" in outcome.err
    assert "the logs of all batches would take" in outcome.err
    assert logs() == []  # told before the first one


# --- what is odd is pointed out by a trace too -----------------------------------------------------------------------

ODD = [
    # row of a label, what a trace says
    ("0 .5 .5 0 .5", "[zero-size]"),
    ("0 .5 .5 .01 .5", "1 [under-2-px]"),  # 0.64 px wide
    ("0 .1 .5 .5 .5", "1 [leaves-the-image]"),
    ("0 .5 .5 .5 .5\n0 .5 .5 .5 .5", "[duplicate-box]"),
    ("0 .5 .5 .5 .5\n1 .5 .5 .5 .5", "[same-box-other-class]"),
]


@pytest.mark.parametrize(("rows", "says"), ODD)
def test_odd_boxes_are_pointed_out(yolo_assign, images, rows, says):
    (images / "labels/2.txt").write_text(rows)
    for source in ("set/images", "set/labels/2.txt"):
        outcome = yolo_assign("trace", "--labels", source, *SMALL, "--no-log", "--nc", "2")
        assert outcome.code == 0
        assert says in outcome.err


def test_findings_about_the_dataset_are_told(yolo_assign, images, folder):
    (images / "labels/9.txt").write_text("0 .5 .5 .5 .5\n")
    assert (
        "set/labels/9.txt: there is no image of this name" in yolo_assign("trace", "--labels", "set/images", *SMALL).err
    )
    (folder / "list.txt").write_text("set/images/0.png\nset/images/8.png\n")
    outcome = yolo_assign("trace", "--labels", "list.txt", "--image-size", "80x40", *SMALL)
    assert outcome.code == 0
    assert "set/images/8.png: there is no such image; training never sees it [image-not-found]" in outcome.err


# --- images that are dropped -----------------------------------------------------------------------------------------


def test_batches_keep_their_names_when_images_are_dropped(yolo_assign, images):
    (images / "labels/1.txt").write_text("person .5 .5 .5 .5\n")
    arguments = ("trace", "--labels", "set/images", *SMALL, "--batch", "2", "--on-bad", "drop-image")
    assert yolo_assign(*arguments).code == 0
    assert logs() == ["00000-00001.log", "00002-00003.log", "00004.log"]
    assert "# image[0]  0.png" in Path("run/00000-00001.log").read_text()
    assert "image[1]" not in Path("run/00000-00001.log").read_text()


UNREADABLE = [
    # --on-bad, exit code, what is said
    ("stop", 2, "[image-not-readable]"),
    ("drop-row", 2, "[image-not-readable]"),  # there is no row to drop
    ("drop-image", 0, "dropped the image set/images/3.png"),  # as training does
]


@pytest.mark.parametrize(("policy", "code", "says"), UNREADABLE)
def test_an_image_that_cannot_be_read(yolo_assign, images, policy, code, says):
    (images / "images/3.png").write_bytes(b"no image")
    outcome = yolo_assign("trace", "--labels", "set/images", *SMALL, "--no-log", "--on-bad", policy, "--json")
    assert outcome.code == code
    assert says in outcome.err
    if code == 0:
        assert outcome.document["sizes"]["image"] == 4


def test_a_class_that_an_old_release_lets_through_has_no_trace(yolo_assign, images):
    (images / "labels/2.txt").write_text("1 .5 .5 .5 .5\n")
    outcome = yolo_assign("trace", "--labels", "set/images", *SMALL, "--nc", "1", "--labels-as", "8.3.50")
    assert outcome.code == 2
    assert "8.3.50 accepts it, but its loss indexes past the last class" in outcome.err
    assert "[class-equals-count]" in outcome.err


# --- files of earlier runs -------------------------------------------------------------------------------------------


def test_files_of_earlier_runs_in_the_folder_are_named(yolo_assign, images):
    arguments = ("trace", "--labels", "set/images", *SMALL)
    assert "earlier runs" not in yolo_assign(*arguments, "--batch", "1").err
    outcome = yolo_assign(*arguments, "--batch", "3")
    assert "run/ also holds 5 files of earlier runs, such as 00000.log" in outcome.err
    assert "earlier runs" not in yolo_assign(*arguments, "--batch", "3", "--images", "0:2", "--log", "other.log").err

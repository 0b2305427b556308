"""What a trace of a dataset promises beyond the trace of one file: limits, odd boxes, rows that fail, file names."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from yolo_assign_trace.traces.run_log import read_run_log

GOOD, BAD = "0 0.5 0.5 0.5 0.5\n", "0 0.5 0.5 0.5\n"
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
    else:
        assert "give --image-size WxH if the image itself is not needed" in outcome.err
        assert yolo_assign("trace", "--labels", "set/images", *SMALL, "--no-log", "--image-size", "80x40").code == 0


def test_an_image_that_training_drops_ends_a_trace_or_is_dropped(yolo_assign, images):
    Image.new("RGB", (80, 9)).save(images / "images/3.png")
    arguments = ("trace", "--labels", "set/images", *SMALL, "--no-log")
    outcome = yolo_assign(*arguments)
    assert outcome.code == 2
    assert "set/images/3.png: it is 80x9 px, a side is under 10 px [image-too-small]" in outcome.err
    outcome = yolo_assign(*arguments, "--on-bad", "drop-image")
    assert outcome.code == 0
    assert "dropped the image set/images/3.png: it is 80x9 px" in outcome.err


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


# --- rows that fail --------------------------------------------------------------------------------------------------


def traced_boxes() -> list[int]:
    """Boxes of every image in run.log, from the mask of padding."""
    return read_run_log(Path("run.log")).array("mask_gt")[..., 0].sum(axis=1).tolist()


def test_by_default_a_trace_stops_with_all_that_is_wrong(yolo_assign, dataset):
    (dataset / "set/labels/0.txt").write_text(GOOD + BAD + "9 .5 .5 .5 .5\n")
    (dataset / "set/labels/4.txt").write_text("0 7 .5 .5 .5\n")
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL)
    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "error: set/labels/0.txt:2: expected 5 numbers (class cx cy w h), found 4 [wrong-column-count]",
        "set/labels/0.txt:3: class is 9, but there are 3 classes, 0 to 2 [class-too-large]",
        "set/labels/4.txt:1: cx is 7, expected a number from 0 to 1 (up to 1.01 and down to -0.01 pass) [out-of-range]",
        "  hint: coordinates are fractions of the image's width and height",
    ]
    assert not Path("run.log").exists()


POLICIES = [
    # --on-bad, names of the images that are traced, their boxes, what is said
    (
        "drop-image",
        ["1.png", "2.png", "3.png", "4.png"],
        [1, 0, 0, 3],
        "dropped the image of set/labels/0.txt: line 2: ",
    ),
    (
        "drop-row",
        [f"{i}.png" for i in range(5)],
        [2, 1, 0, 0, 3],
        "dropped 1 row of set/labels/0.txt, kept 2: line 2: ",
    ),
]


@pytest.mark.parametrize(("policy", "names", "boxes", "part"), POLICIES)
def test_on_bad_drops_and_says_what(yolo_assign, dataset, policy, names, boxes, part):
    (dataset / "set/labels/0.txt").write_text(GOOD + BAD + "1 .25 .5 .25 .5\n")
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--quiet", "--on-bad", policy)
    assert outcome.code == 0
    assert f"note: {part}expected 5 numbers (class cx cy w h), found 4 [wrong-column-count]" in outcome.err
    header = read_run_log(Path("run.log")).header
    found = [text.partition(",")[0] for key, text in header.items() if key.startswith("image[")]
    assert (found, traced_boxes()) == (names, boxes)


def test_images_keep_their_numbers_and_heads_when_one_is_dropped(yolo_assign, dataset):
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--batch", "1", "--quiet")
    assert yolo_assign(*arguments, "--log", "before.log").code == 0
    (dataset / "set/labels/1.txt").write_text(BAD)
    assert yolo_assign(*arguments, "--log", "after.log", "--on-bad", "drop-image").code == 0
    after = {path.name: path.read_bytes() for path in Path("after").iterdir()}
    assert sorted(after) == ["00000.log", "00002.log", "00003.log", "00004.log"]
    assert all((Path("before") / name).read_bytes() == data for name, data in after.items())


def test_a_single_file_is_dropped_by_the_same_rules(yolo_assign, folder):
    (folder / "my.txt").write_text(GOOD + BAD)
    for policy, boxes in (("drop-row", [1]), ("drop-image", [0])):
        outcome = yolo_assign("trace", "--labels", "my.txt", "--on-bad", policy, "--quiet")
        assert outcome.code == 0
        assert "dropped" in outcome.err
        assert traced_boxes() == boxes or not boxes[0]
    (folder / "my.txt").write_text("0 0 .5 .5 .5 .5\n1 0 .5 .5\n")
    outcome = yolo_assign("trace", "--labels", "my.txt", "--on-bad", "drop-image")
    assert (outcome.code, "[rows-of-a-batch]" in outcome.err) == (2, True)


def test_when_every_image_is_dropped_there_is_nothing_to_trace(yolo_assign, dataset):
    (dataset / "set/labels/0.txt").write_text(BAD)
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--on-bad", "drop-image")
    assert (outcome.code, "[no-image-left]" in outcome.err) == (2, True)


def test_a_flood_of_remarks_is_cut_with_a_count(yolo_assign, dataset):
    rows = "".join(f"0 {i / 100} .5 .5 .5\n" * 2 for i in range(30, 60))
    (dataset / "set/labels/0.txt").write_text(rows)
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--quiet", "--no-log")
    assert outcome.err.count("[duplicate-box]") == 4
    assert "note: 27 more of [duplicate-box]; yolo-assign labels lists them" in outcome.err


def test_labels_as_an_earlier_release(yolo_assign, dataset):
    (dataset / "set/labels/0.txt").write_text("1.5 .5 .5 .5 .5\n")
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--quiet")
    assert yolo_assign(*arguments).code == 2
    outcome = yolo_assign(*arguments, "--labels-as", "ultralytics==8.3.200")
    assert outcome.code == 0
    assert "class is 1.5, read as 1; this release cuts the class to a whole number [class-truncated]" in outcome.err
    assert read_run_log(Path("run.log")).array("gt_labels")[0, 0, 0] == 1


def test_drop_row_keeps_the_lines_around_one_that_is_no_text(yolo_assign, dataset):
    (dataset / "set/labels/0.txt").write_bytes(b"0 .5 .5 .5 .5\n0 .5 .5 \xe9 .5\n1 .25 .5 .25 .5\n")
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--on-bad", "drop-row", "--quiet")
    assert outcome.code == 0
    assert "dropped 1 row of set/labels/0.txt, kept 2: line 2: this line is not UTF-8 text: byte 0xe9" in outcome.err
    assert traced_boxes()[0] == 2

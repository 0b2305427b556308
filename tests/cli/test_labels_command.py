"""Datasets on the command line: `labels` reports, `plan` estimates, `trace` goes through them batch by batch."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command

from tests.commands import ROOT
from yolo_assign_trace.cli.main import app
from yolo_assign_trace.inputs.labels.findings import KINDS
from yolo_assign_trace.traces.run_log import read_run_log

SMALL = ("--shapes", "yolov8", "--imgsz", "64")  # 84 anchors
GOOD, BAD = "0 0.5 0.5 0.5 0.5\n", "0 0.5 0.5 0.5\n"
NAMES = ("person", "a\nb [0]", "人")


@pytest.fixture
def dataset(folder):
    """Five images of 80x40 px in folders, three classes, and a data.yaml; the labels of image 3 are missing."""
    rows = (
        "0 .5 .5 .5 .5\n1 .25 .5 .25 .5\n",
        "2 .5 .5 .9 .9\n",
        "",
        None,
        "1 .5 .5 .4 .4\n0 .5 .5 .3 .8\n2 .4 .4 .2 .2\n",
    )
    for name in ("images", "labels"):
        (folder / "set" / name).mkdir(parents=True)
    for number, text in enumerate(rows):
        Image.new("RGB", (80, 40)).save(folder / f"set/images/{number}.png")
        if text is not None:
            (folder / f"set/labels/{number}.txt").write_text(text)
    content = {"path": "set", "train": "images", "names": NAMES}
    (folder / "data.yaml").write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return folder


# --- labels: exit codes and report -----------------------------------------------------------------------------------

OUTCOMES = [
    # rows of a label file, options, exit code
    (GOOD, (), 0),
    ("", (), 0),  # an empty file is background, which is only told
    (BAD, (), 1),  # an error
    (GOOD + GOOD, (), 1),  # a warning
    ("0 .5 .9 .5 .5\n", (), 0),  # a note
    (BAD, ("--exit-zero",), 0),
    ("0 0 .5 .5 .5 .5\n", (), 0),  # six fields in a file given by name: a batch
    ("1.5 .5 .5 .5 .5\n", ("--labels-as", "8.3.200"), 1),
    ("0 .5 .5 -.005 .5\n", (), 1),
    ("0 .5 .5 -.005 .5\n", ("--labels-as", "8.3.200"), 1),  # a size of nothing
    ("3 .5 .5 .5 .5\n", ("--nc", "3"), 1),
    ("3 .5 .5 .5 .5\n", ("--nc", "4"), 0),
]


@pytest.mark.parametrize(("rows", "options", "code"), OUTCOMES)
def test_exit_code_1_on_errors_and_warnings(yolo_assign, folder, rows, options, code):
    (folder / "my.txt").write_text(rows)
    assert yolo_assign("labels", "my.txt", *options).code == code


WRONG = [
    # arguments of labels, id of the error
    (("missing.yaml",), "no-such-file"),
    (("my.txt", "--split", "val"), "no-split"),
    (("my.txt", "--labels-as", "latest"), "unknown-release"),
    (("my.txt", "--image-size", "640"), "wrong-image-size"),
    (("my.txt", "--imgsz", "x"), "wrong-imgsz"),
    (("data.yaml", "--nc", "4"), "classes-disagree"),
    (("my.txt", "--nc", "0"), "usage"),
    ((), "usage"),
]


@pytest.mark.parametrize(("arguments", "id"), WRONG)
def test_exit_code_2_on_what_cannot_be_used(yolo_assign, dataset, arguments, id):
    (dataset / "my.txt").write_text(GOOD)
    outcome = yolo_assign("labels", *arguments)
    assert outcome.code == 2
    assert f"[{id}]" in outcome.err
    assert outcome.out == ""


def test_the_report(yolo_assign, dataset):
    (dataset / "set/labels/1.txt").write_text(BAD * 5 + "0,.5,.5,.5,.5\n")
    (dataset / "set/labels/4.txt").write_text(GOOD + GOOD)
    outcome = yolo_assign("labels", "data.yaml")
    assert outcome.code == 1
    assert outcome.err == ""
    assert outcome.out.splitlines() == [
        "train: set/images, 5 images",
        "5 images, label files: 3 found, 1 missing, 1 empty",
        "3 boxes of 2 of 3 classes, read as 8.4.190",
        "image headers read: 0 of 5, only where a box is small",
        "training drops 1 image",
        "",
        "error  wrong-column-count  6 in 1 file: training drops the whole image",
        *(f"  set/labels/1.txt:{i}: expected 5 numbers (class cx cy w h), found 4" for i in (1, 2, 3)),
        "  ... and 3 more",
        "  hint: numbers stand apart by spaces, without commas",
        "",
        "warning  duplicate-box  1: training keeps one and sorts the rows of the file by class, x, y, w, h",
        "  set/labels/4.txt:2: the same class and box as in line 1",
        "",
        "note  label-missing  1: training takes the image for background",
        "  set/labels/3.txt: there is no such label file",
        "",
        "note  label-empty  1: training takes the image for background",
        "  set/labels/2.txt: the label file is empty",
        "",
        "6 errors, 1 warning, 2 notes",
    ]
    everything = yolo_assign("labels", "data.yaml", "--all").out
    assert "set/labels/1.txt:6: expected 5 numbers (class cx cy w h), found 1" in everything
    assert "more" not in everything


def test_the_report_as_json(yolo_assign, dataset):
    (dataset / "set/labels/1.txt").write_text(BAD)
    outcome = yolo_assign("labels", "data.yaml", "--json")
    document = outcome.document
    assert outcome.code == 1
    findings = document.pop("findings")
    assert document == {
        "source": "data.yaml",
        "kind": "data.yaml",
        "read_as": "8.4.190",
        "images": 5,
        "labels": {"empty": 1, "found": 3, "missing": 1},
        "polygon_files": 0,
        "dropped_images": 1,
        "image_files": 5,
        "image_headers_read": 0,
        "boxes": 5,
        "classes": 3,
        "class_names": list(NAMES),
        "boxes_by_class": {"0": 2, "1": 2, "2": 1},
        "remarks": ["train: set/images, 5 images"],
    }
    assert findings[0] == {
        "id": "wrong-column-count",
        "grade": "error",
        "consequence": "training drops the whole image",
        "count": 1,
        "files": 1,
        "first": [
            {
                "id": "wrong-column-count",
                "message": "expected 5 numbers (class cx cy w h), found 4",
                "path": "set/labels/1.txt",
                "line": 1,
                "hint": "",
            }
        ],
    }
    assert [finding["id"] for finding in findings] == ["wrong-column-count", "label-missing", "label-empty"]


def test_states_that_no_file_has_are_0_in_json(yolo_assign, folder):
    (folder / "my.txt").write_text(GOOD)
    assert yolo_assign("labels", "my.txt", "--json").document["labels"] == {"found": 1, "missing": 0, "empty": 0}


def test_the_report_says_how_many_image_headers_were_read(yolo_assign, dataset):
    assert "image headers read: 0 of 5\n" in yolo_assign("labels", "data.yaml", "--image-size", "80x40").out
    for number in range(5):
        (dataset / f"set/labels/{number}.txt").write_text("0 .5 .5 .01 .5\n")
    assert "image headers" not in yolo_assign("labels", "data.yaml").out  # all of them
    for path in Path("set/images").iterdir():
        path.unlink()
    assert "image headers" not in yolo_assign("labels", "set/labels").out  # there is none


def test_names_of_files_cannot_break_lines_or_steer_the_terminal(yolo_assign, folder):
    (folder / "odd").mkdir()
    (folder / "odd/a\n\x1b[2Jb.txt").write_text(BAD)
    (folder / "list\x1b.txt").write_text("a.jpg\nx\n")
    assert "\n  odd/a\\n\\x1b[2Jb.txt:1: expected" in yolo_assign("labels", "odd").out
    first = yolo_assign("labels", "odd", "--json").document["findings"][0]["first"][0]
    assert first["path"] == "odd/a\n\x1b[2Jb.txt"  # raw for scripts
    outcome = yolo_assign("labels", "list\x1b.txt")
    assert "list\\x1b.txt:2: 'x' is neither" in outcome.err
    assert "\x1b" not in outcome.err
    (folder / "twice\x1b.txt").write_text(GOOD + GOOD)
    outcome = yolo_assign("trace", "--labels", "twice\x1b.txt", "--quiet", "--no-log")
    assert "twice\\x1b.txt:2: the same class and box" in outcome.err  # remarks too


def test_drop_row_keeps_the_lines_around_one_that_is_no_text(yolo_assign, dataset):
    (dataset / "set/labels/0.txt").write_bytes(b"0 .5 .5 .5 .5\n0 .5 .5 \xe9 .5\n1 .25 .5 .25 .5\n")
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--on-bad", "drop-row", "--quiet")
    assert outcome.code == 0
    assert "dropped 1 row of set/labels/0.txt, kept 2: line 2: this line is not UTF-8 text: byte 0xe9" in outcome.err
    assert traced_boxes()[0] == 2


def test_the_report_is_the_same_in_several_processes(yolo_assign, dataset):
    reports = {yolo_assign("labels", "data.yaml", "--json", "--processes", n).out for n in ("1", "2", "3")}
    assert len(reports) == 1


def test_names_of_files_that_are_not_utf_8(process, folder):
    path = os.fsencode(folder) + b"/odd/a\xe9.txt"
    (folder / "odd").mkdir()
    Path(os.fsdecode(path)).write_text(BAD)
    for arguments in (("odd",), ("odd", "--json")):
        running = process("labels", *arguments)
        out, err = running.communicate(timeout=60)
        assert (running.returncode, err) == (1, "")
        assert "odd/a\\udce9.txt" in out


def test_the_image_size_decides_what_is_tiny(yolo_assign, folder):
    (folder / "my.txt").write_text("0 .5 .5 .5 .03\n")
    assert "at most 320.00x19.20 px" not in yolo_assign("labels", "my.txt").out
    assert "the box is 320.00x1.92 px" in yolo_assign("labels", "my.txt", "--image-size", "1000x100").out


@pytest.mark.parametrize("command", ["labels", "plan", "trace"])
def test_help_has_a_sentence_for_every_option(yolo_assign, command):
    shown = " ".join(re.sub(r"[│╭╰─╮╯]", " ", yolo_assign(command, "--help").out).split())
    for option in get_command(app).commands[command].params:
        if option.name != "help":
            assert option.help
            assert re.search(r"[.0-9]$", option.help)
            assert option.opts[0] in shown or option.metavar in shown
            assert option.help.split()[0] in shown


# --- labels and errors need no torch ---------------------------------------------------------------------------------


def test_labels_and_errors_do_not_wait_for_torch(dataset):
    (dataset / "my.txt").write_text(BAD)
    script = """
import sys
from yolo_assign_trace.cli.main import run
codes = [run(arguments.split()) for arguments in (
    "labels data.yaml --json", "labels my.txt", "trace --labels my.txt", "plan --data missing.yaml",
    "trace --data data.yaml --images 9", "trace --data data.yaml --rect --letterboxed",
)]
assert codes == [0, 1, 2, 2, 2, 2], codes
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=60)


# --- trace over a dataset --------------------------------------------------------------------------------------------


def test_several_batches_write_a_log_each_and_print_a_line_per_image(yolo_assign, dataset):
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--batch", "2", "--save", "out/all.safetensors")
    assert outcome.code == 0
    assert [re.sub(r"\d+ positives.*", "N positives", line) for line in outcome.out.splitlines()] == [
        "image 0  0.png  2 boxes  N positives",
        "image 1  1.png  1 box  N positives",
        "image 2  2.png  0 boxes  N positives",
        "image 3  3.png  0 boxes  N positives",
        "image 4  4.png  3 boxes  N positives",
    ]
    assert outcome.out.splitlines()[4].endswith("  without positives: 1 lost-conflicts")
    assert "without" not in outcome.out.splitlines()[2]
    logs = sorted(path.name for path in Path("run").iterdir())
    assert logs == ["00000-00001.log", "00002-00003.log", "00004.log"]
    assert sorted(path.stem for path in Path("out/all").iterdir()) == [Path(name).stem for name in logs]
    assert "wrote 6 files to out/all/ and run/" in outcome.err or "wrote 6 files to run/ and out/all/" in outcome.err
    assert "label files: 1 empty, 3 found, 1 missing; images without boxes are background" in outcome.err
    batches = [read_run_log(Path("run") / name).array("fg_mask").shape for name in logs]
    assert batches == [(2, 84), (2, 84), (1, 84)]
    assert not Path("run.log").exists()


def test_one_batch_is_traced_like_a_file(yolo_assign, dataset):
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--quiet")
    assert outcome.code == 0
    header = read_run_log(Path("run.log")).header
    assert header["labels"].startswith("data.yaml images 0 to 4: 6 boxes in 5 images, 3 classes, sha256 ")
    assert header["heads"] == "synthetic, seed 0: not a trained model"
    assert header["image[1]"] == "1.png, 80x40 px, scale 0.8, left 0, top 16"


def test_names_of_classes_are_data(yolo_assign, dataset):
    document = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--json").document
    assert tuple(document["class_names"]) == NAMES
    text = Path("run.log").read_text(encoding="utf-8")
    assert json.loads(read_run_log(Path("run.log")).header["names"]) == list(NAMES)
    assert all(line.startswith("#") for line in text.splitlines() if "person" in line)


def test_a_log_depends_on_nothing_but_the_images_in_it(yolo_assign, dataset):
    """Image by image gives what a batch gives: the same synthetic heads, the same boxes, the same results."""
    options = (*SMALL, "--digits", "9", "--quiet")
    assert yolo_assign("trace", "--data", "data.yaml", *options, "--log", "whole.log").code == 0
    assert yolo_assign("trace", "--data", "data.yaml", *options, "--batch", "1", "--log", "single.log").code == 0
    assert yolo_assign("trace", "--data", "data.yaml", *options, "--images", "4", "--log", "last.log").code == 0
    whole = read_run_log(Path("whole.log"))
    for number in range(5):
        single = read_run_log(Path(f"single/{number:05d}.log"))
        for name in ("pred_scores", "pd_bboxes", "fg_mask", "target_scores"):
            np.testing.assert_array_equal(single.array(name)[0], whole.array(name)[number])
        foreground = single.array("fg_mask")[0]
        same = single.array("target_gt_idx")[0] == whole.array("target_gt_idx")[number]
        assert same[foreground].all()
    assert Path("last.log").read_bytes() == Path("single/00004.log").read_bytes()


def test_boxes_are_placed_where_the_image_lies(yolo_assign, dataset):
    """80x40 px in 64x64: scale 0.8, 16 px above. The first box is the middle half."""
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--digits", "9", "--quiet")
    assert yolo_assign(*arguments).code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 24, 48, 40]
    assert yolo_assign(*arguments, "--letterboxed").code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 16, 48, 48]
    assert yolo_assign(*arguments, "--image-size", "40x80").code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [24, 16, 40, 48]
    assert yolo_assign(*arguments, "--rect").code == 0
    log = read_run_log(Path("run.log"))
    assert (log.grid.height, log.grid.width) == (32, 64)
    assert log.array("gt_bboxes")[0, 0].tolist() == [16, 8, 48, 24]


def test_with_rect_a_batch_ends_where_the_input_changes(yolo_assign, dataset):
    Image.new("RGB", (40, 80)).save("set/images/2.png")
    assert yolo_assign("trace", "--data", "data.yaml", *SMALL, "--rect", "--quiet").code == 0
    grids = {path.stem: read_run_log(path).grid for path in sorted(Path("run").iterdir())}
    assert {stem: (grid.height, grid.width) for stem, grid in grids.items()} == {
        "00000-00001": (32, 64),
        "00002": (64, 32),
        "00003-00004": (32, 64),
    }


def test_a_label_folder_without_images_needs_a_size(yolo_assign, dataset):
    for path in Path("set/images").iterdir():
        path.unlink()
    arguments = ("trace", "--labels", "set/labels", *SMALL, "--quiet", "--no-log")
    outcome = yolo_assign(*arguments)
    assert outcome.code == 2
    assert "set/labels/0.txt: there is no image of this name, so its size is not known" in outcome.err
    for option in (("--image-size", "80x40"), ("--letterboxed",)):
        assert yolo_assign(*arguments, *option).code == 0


COCO_FILE = {
    "images": [{"id": 5, "file_name": "a.jpg", "width": 80, "height": 40}],
    "categories": [{"id": 3, "name": "x"}],
    "annotations": [{"image_id": 5, "category_id": 3, "bbox": [20, 10, 40, 20]}],
}


def test_every_kind_of_source_gives_the_same_boxes(yolo_assign, dataset):
    """The middle half of an 80x40 px image."""
    (dataset / "my.json").write_text(json.dumps(COCO_FILE))
    (dataset / "list.txt").write_text("./set/images/0.png\n")
    (dataset / "labels_list.txt").write_text("set/labels/0.txt\n")
    for source in ("set/images", "set/labels", "list.txt", "labels_list.txt", "my.json"):
        arguments = ("--labels", source, *SMALL, "--images", "0", "--digits", "9", "--quiet")
        assert yolo_assign("trace", *arguments).code == 0, source
        assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 24, 48, 40], source
    assert yolo_assign("trace", "--labels", "set/labels/0.txt", "--image-size", "80x40", *SMALL, "--quiet").code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 24, 48, 40]


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


# --- what does not go together ---------------------------------------------------------------------------------------

EXCLUDED = [
    # options of trace, id, part of the message
    (
        ("--data", "data.yaml", "--rect", "--letterboxed"),
        "options-exclude",
        "--letterboxed cannot be combined with --rect",
    ),
    (("--data", "data.yaml", "--image-size", "9x9", "--letterboxed"), "options-exclude", "with --image-size"),
    (("--capture", "c.npz", "--labels", "one.txt"), "options-exclude", "--capture cannot be combined"),
    (("--labels", "one.txt", "--images", "0"), "not-a-dataset", "one.txt is a single label file"),
    (("--labels", "one.txt", "--split", "val"), "not-a-dataset", "single label file"),
    (("--labels", "one.txt", "--rect"), "not-a-dataset", "single label file"),
    (("--labels", "set/images", "--split", "val"), "no-split", "a folder has no splits"),
    (("--data", "data.yaml", "--rect", "--shapes", "study"), "rect-needs-a-head", "only a named head"),
    (("--data", "data.yaml", "--images", "5"), "no-such-image", "there are 5, counted from 0"),
    (("--data", "data.yaml", "--images", "x"), "wrong-images", "selects no images"),
    (("--data", "data.yaml", "--split", "test"), "no-such-split", "no split 'test'"),
    (
        ("--data", "data.yaml", "--nc", "9"),
        "classes-disagree",
        "9 according to --nc, 3 according to data.yaml; the labels",
    ),
    (("--data", "data.yaml", "--on-bad", "drop"), "unknown-policy", "no way to go on"),
    (("--data", "data.yaml", "--labels", "missing"), "not-a-folder", "no such folder of labels"),
    ((), "no-labels", "neither --labels nor --data"),
]


@pytest.mark.parametrize(("options", "id", "part"), EXCLUDED)
@pytest.mark.parametrize("command", ["trace", "plan"])
def test_options_that_do_not_go_together(yolo_assign, dataset, command, options, id, part):
    outcome = yolo_assign(command, *options)
    assert outcome.code == 2
    assert f"[{id}]" in outcome.err
    assert part in outcome.err


EMPTY = [
    # files, source, id
    ({"empty/a.md": ""}, "empty", "empty-folder"),
    ({"list.txt": "x.jpg\n"}, "list.txt", "no-such-file"),  # an image that does not exist has no size
    ({"my.json": json.dumps(COCO_FILE | {"images": [], "annotations": []})}, "my.json", "no-such-image"),
    ({"images/a.jpg": "no image"}, "images", "image-not-readable"),
]


@pytest.mark.parametrize(("files", "source", "id"), EMPTY)
def test_datasets_without_anything_to_trace(yolo_assign, folder, files, source, id):
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    outcome = yolo_assign("trace", "--labels", source, *SMALL)
    assert (outcome.code, f"[{id}]" in outcome.err) == (2, True)


def test_images_without_any_box_are_traced_and_that_is_said(yolo_assign, dataset):
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--images", "2:4", "--quiet")
    assert outcome.code == 0
    assert "there is no box in data.yaml: traced as 2 images without boxes" in outcome.err
    assert not read_run_log(Path("run.log")).array("fg_mask").any()


# --- heads of a dataset ----------------------------------------------------------------------------------------------


def test_heads_are_those_of_the_selected_images_in_order(yolo_assign, dataset, save_heads):
    heads = save_heads(channels=67, batch=3)
    arguments = (
        "trace",
        "--data",
        "data.yaml",
        *SMALL,
        "--heads",
        heads,
        "--images",
        "1:4",
        "--quiet",
        "--digits",
        "9",
    )
    assert yolo_assign(*arguments, "--log", "whole.log").code == 0
    assert yolo_assign(*arguments, "--batch", "2", "--log", "parts.log").code == 0
    whole = read_run_log(Path("whole.log")).array("pred_scores")
    parts = [read_run_log(path).array("pred_scores") for path in sorted(Path("parts").iterdir())]
    assert [len(part) for part in parts] == [2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    with np.load(heads) as arrays:
        assert (whole[2, 0] == arrays["p3"][2, 64:, 0, 0]).all()


HEADS = [
    # images of the heads, channels, options, id, parts of the message
    (2, 67, (), "wrong-batch", ("heads of 5 images, as many as are traced, found 2", "--images 0:2")),
    (5, 66, (), "wrong-channels", ("for 3 classes (data.yaml)", "found 66: 2 classes", "the labels need at least 3")),
    (5, 67, ("--rect",), "heads-do-not-fit", ("with --rect 0.png has 32x64 px",)),
]


@pytest.mark.parametrize(("batch", "channels", "options", "id", "parts"), HEADS)
def test_heads_that_do_not_fit_the_dataset(yolo_assign, dataset, save_heads, batch, channels, options, id, parts):
    heads = save_heads(channels=channels, batch=batch)
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--heads", heads, *options)
    assert outcome.code == 2
    assert f"[{id}]" in outcome.err
    assert all(part in outcome.err for part in parts), outcome.err


# --- plan ------------------------------------------------------------------------------------------------------------

PLANS = [
    # options, digits
    (("--data", "data.yaml", *SMALL), 5),
    (("--data", "data.yaml", *SMALL, "--batch", "2"), 9),
    (("--data", "data.yaml", "--shapes", "yolov8", "--imgsz", "160", "--nc", "3"), 5),
    (("--labels", "labels.txt"), 5),
    (("--labels", "labels.txt", "--reg-max", "1", "--nc", "80"), 3),
    (("--labels", "labels.txt", "--assigner", "8.4.190", "--topk2", "1"), 5),
]


@pytest.mark.parametrize(("options", "digits"), PLANS)
def test_a_plan_against_the_trace_that_follows(yolo_assign, dataset, options, digits):
    options = (*options, "--digits", str(digits))
    outcome = yolo_assign("plan", *options, "--json")
    assert outcome.code == 0
    plan = outcome.document["total"]
    trace = yolo_assign("trace", *options, "--save", "t.safetensors", "--json").document
    batches = trace.get("traces", [trace])
    assert plan["batches"] == len(outcome.document["batches"]) == len(batches)
    assert plan["images"] == sum(batch["sizes"]["image"] for batch in batches)
    assert plan["anchors_per_image"] == batches[0]["sizes"]["anchor"]
    shapes = [{o["name"]: o["shape"] for stage in b["stages"] for o in stage["outputs"]} for b in batches]
    assert plan["candidate_pairs"] == sum(shape["pairs"][0] for shape in shapes)  # exact
    assert plan["boxes"] == sum(len(batch["boxes"]) for batch in batches)
    logs = [Path("run.log")] if len(batches) == 1 else list(Path("run").iterdir())
    saved = [Path("t.safetensors")] if len(batches) == 1 else list(Path("t").iterdir())
    log, file = (sum(path.stat().st_size for path in paths) for paths in (logs, saved))
    assert log / 2 < plan["run.log"] < 2 * log
    assert file - 4000 * len(batches) < plan["saved_file"] <= file  # all but the names


def test_a_plan_for_people(yolo_assign, dataset):
    outcome = yolo_assign("plan", "--data", "data.yaml", *SMALL)
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in outcome.out.splitlines())
    assert lines["grid"] == "64x64 px: P3 8x8 stride 8, P4 4x4 stride 16, P5 2x2 stride 32 = 84 anchors"
    assert lines["images"] == "5"
    assert lines["run.log"].startswith("about ")
    assert not Path("run.log").exists()
    assert all(line == line.rstrip() for line in outcome.out.splitlines())


# --- documentation ---------------------------------------------------------------------------------------------------


def test_the_documented_table_of_findings_is_complete():
    text = (ROOT / "docs" / "labels.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [(name, kind.grade, kind.consequence) for name, kind in KINDS.items()]

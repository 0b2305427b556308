"""`yolo-assign labels`: exit codes, report, JSON, and what it says about its rules."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.commands import ROOT, python
from yolo_assign_trace.inputs.labels.findings import KINDS

GOOD, BAD = "0 0.5 0.5 0.5 0.5\n", "0 0.5 0.5 0.5\n"


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
    ("1.5 .5 .5 .5 .5\n", ("--labels-as", "8.3.200"), 1),  # cut to 1, which is a warning
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
    (("my.txt", "--release", "latest"), "unknown-release"),
    (("my.txt", "--mode", "test"), "unknown-mode"),
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
        "5 image files looked at, by header and end; --decode-images looks at their pixels",
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


def test_the_input_is_rounded_up_as_trace_rounds_it(yolo_assign, folder):
    (folder / "thin.txt").write_text("0 .5 .5 .001 .5\n")
    outcome = yolo_assign("labels", "thin.txt", "--imgsz", "650")
    assert "note: imgsz 650 is rounded up to 672, whole largest strides" in outcome.err
    assert "at imgsz 672" in outcome.out


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
        "placed_as": "8.4.190",
        "mode": "val",
        "images": 5,
        "labels": {"empty": 1, "found": 3, "missing": 1},
        "polygon_files": 0,
        "dropped_images": 1,
        "image_files": 5,
        "images_decoded": 0,
        "boxes": 5,
        "classes": 3,
        "class_names": ["person", "a\nb [0]", "人"],
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


def test_the_report_says_how_many_images_were_looked_at_and_how(yolo_assign, dataset):
    path = Path("set/images/4.png")
    data = bytearray(path.read_bytes())
    data[-16] ^= 1  # in the check sum of the pixels
    path.write_bytes(data)
    outcome = yolo_assign("labels", "data.yaml")
    assert outcome.code == 0
    assert "5 image files looked at, by header and end; --decode-images looks at their pixels" in outcome.out
    outcome = yolo_assign("labels", "data.yaml", "--decode-images")
    assert outcome.code == 1
    assert "5 image files looked at, decoded" in outcome.out
    assert "error  image-not-readable  1: training drops the image\n  set/images/4.png: " in outcome.out
    assert yolo_assign("labels", "data.yaml", "--decode-images", "--json").document["images_decoded"] == 5
    for path in Path("set/images").iterdir():
        path.unlink()
    assert "looked at" not in yolo_assign("labels", "set/labels").out  # there is none


READ_AS = [
    # options, what the report says, (read_as, placed_as, mode) of --json
    ((), "read as 8.4.190", ("8.4.190", "8.4.190", "val")),
    (("--release", "8.3.100"), "read as 8.3.100", ("8.3.100", "8.3.100", "val")),  # one release for all
    (
        ("--labels-as", "8.3.100"),
        "read as 8.3.100, placed as 8.4.190 does in validation",
        ("8.3.100", "8.4.190", "val"),
    ),
    (
        ("--release", "8.4.0", "--labels-as", "8.3.100"),
        "read as 8.3.100, placed as 8.4.0 does in validation",
        ("8.3.100", "8.4.0", "val"),
    ),
    (("--release", "8.4.0", "--labels-as", "8.4.0"), "read as 8.4.0", ("8.4.0", "8.4.0", "val")),
    (("--mode", "train"), "read as 8.4.190, placed as 8.4.190 does in training", ("8.4.190", "8.4.190", "train")),
]


@pytest.mark.parametrize(("options", "says", "told"), READ_AS)
def test_one_release_reads_and_places_and_what_disagrees_is_shown(yolo_assign, dataset, options, says, told):
    assert f"6 boxes of 3 of 3 classes, {says}\n" in yolo_assign("labels", "data.yaml", *options).out
    document = yolo_assign("labels", "data.yaml", *options, "--json").document
    assert (document["read_as"], document["placed_as"], document["mode"]) == told


def test_the_release_decides_what_is_wrong(yolo_assign, folder):
    """8.3.162 takes no coordinate over 1, 8.3.163 does; what --labels-as names wins."""
    (folder / "my.txt").write_text("0 1.005 .5 .25 .25\n")
    assert yolo_assign("labels", "my.txt", "--release", "8.3.163").code == 0
    outcome = yolo_assign("labels", "my.txt", "--release", "8.3.162")
    assert (outcome.code, "out-of-range" in outcome.out) == (1, True)
    assert yolo_assign("labels", "my.txt", "--release", "8.3.162", "--labels-as", "8.3.163").code == 0
    assert yolo_assign("labels", "my.txt", "--release", "8.3.163", "--labels-as", "8.3.162").code == 1


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


def test_the_report_is_the_same_in_several_processes(yolo_assign, dataset):
    reports = {yolo_assign("labels", "data.yaml", "--json", "--processes", n).out for n in ("1", "2", "3")}
    assert len(reports) == 1


def test_names_of_files_that_are_not_utf_8(forked, folder):
    path = os.fsencode(folder) + b"/odd/a\xe9.txt"
    (folder / "odd").mkdir()
    Path(os.fsdecode(path)).write_text(BAD)
    for arguments in (("odd",), ("odd", "--json")):
        running = forked("labels", *arguments)
        out, err = running.communicate(timeout=60)
        assert (running.returncode, err) == (1, "")
        assert "odd/a\\udce9.txt" in out


def test_the_image_size_decides_what_is_tiny(yolo_assign, folder):
    (folder / "my.txt").write_text("0 .5 .5 .5 .03\n")
    assert "at most 320.00x19.20 px" not in yolo_assign("labels", "my.txt").out
    assert "the box is 320.00x1.92 px" in yolo_assign("labels", "my.txt", "--image-size", "1000x100").out


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
    python("-c", script)


# --- documentation ---------------------------------------------------------------------------------------------------


def test_the_documented_table_of_findings_is_complete():
    text = (ROOT / "docs" / "labels.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [(name, kind.grade, kind.consequence) for name, kind in KINDS.items()]

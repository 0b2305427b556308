"""One release reads labels, places boxes and assigns; every output names it once, and what disagrees with it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.page.pages import Parsed
from yolo_assign_trace import InputError, Request, load_inputs, trace
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.traces.open_trace import open_trace

SMALL = ("--shapes", "yolov8", "--imgsz", "64")
PLACED = "boxes placed as in validation"

CHOSEN = [
    # options, the line that every output has
    ((), f"8.3.253, the tutorial's; {PLACED}"),  # the study grid is the tutorial's
    (SMALL, f"8.4.190, the newest measured; {PLACED}"),  # any other grid is a current user's
    ((*SMALL, "--release", "8.3.200"), f"8.3.200, as asked; {PLACED}"),
    (("--release", "v8.4.190"), f"8.4.190, as asked; {PLACED}"),  # it wins over the tutorial's
    ((*SMALL, "--mode", "train"), "8.4.190, the newest measured; boxes placed as in training"),
    # what disagrees is named
    ((*SMALL, "--assigner", "8.0.10"), f"8.4.190, the newest measured; {PLACED}; but assigned as 8.0.0 - 8.0.51"),
    ((*SMALL, "--labels-as", "8.3.9"), f"8.4.190, the newest measured; {PLACED}; but labels read as 8.3.9"),
    (
        (*SMALL, "--release", "8.3.9", "--labels-as", "8.4.190", "--assigner", "yolo26-one2one"),
        f"8.3.9, as asked; {PLACED}; but labels read as 8.4.190; but assigned as 8.4.144 - 8.4.190 and later",
    ),
    # what does not disagree is not
    ((*SMALL, "--release", "8.3.9", "--labels-as", "8.3.9", "--assigner", "tood"), f"8.3.9, as asked; {PLACED}"),
]


def once(text: str, line: str) -> bool:
    """Does ``text`` have the header line exactly once?"""
    return " ".join(text.split()).count(f"release {line}") == 1


@pytest.mark.parametrize(("options", "line"), CHOSEN, ids=str)
def test_console_log_saved_trace_page_and_json_name_it_once(yolo_assign, folder, options, line):
    inputs = ("--labels", "labels.txt", *options)
    assert once(yolo_assign("trace", *inputs, "--save", "t.safetensors").out, line)
    assert once(Path("run.log").read_text(encoding="utf-8").replace("# ", ""), line)
    for file in ("run.log", "t.safetensors"):
        assert open_trace(Path(file)).header["release"] == line
        assert once(yolo_assign("explain", file).out, line)
        assert yolo_assign("explain", file, "--json").document["header"]["release"] == line
    assert yolo_assign("trace", *inputs, "--json").document["release"] == line
    assert yolo_assign("page", "t.safetensors", "-o", "t.html").code == 0
    assert Parsed(Path("t.html").read_text(encoding="utf-8")).document["header"]["release"] == line


@pytest.mark.parametrize(("options", "line"), CHOSEN, ids=str)
def test_explain_sweep_plan_and_page_take_it_like_trace(yolo_assign, folder, options, line):
    inputs = ("--labels", "labels.txt", *options)
    for command in ("explain", "sweep", "plan"):
        assert once(yolo_assign(command, *inputs).out, line), command
    assert yolo_assign("explain", *inputs, "--json").document["header"]["release"] == line
    assert yolo_assign("sweep", *inputs, "--json").document["release"] == line
    assert yolo_assign("plan", *inputs, "--json").document["total"]["release"] == line
    (row,) = csv.DictReader(io.StringIO(yolo_assign("sweep", *inputs, "--csv").out))
    assert row["release"] == line.partition(",")[0]
    assert yolo_assign("page", *inputs, "-o", "p.html").code == 0
    assert line in Path("p.html").read_text(encoding="utf-8")


def test_a_sweep_over_assigners_says_which_in_its_rows_only(yolo_assign):
    document = yolo_assign("sweep", "--labels", "labels.txt", "--assigner", "8.0.0,8.4.190", "--json").document
    assert document["release"] == f"8.3.253, the tutorial's; {PLACED}"
    assert [row["assigner"] for row in document["rows"]] == ["ultralytics==8.0.0", "ultralytics==8.4.190"]


def test_labels_are_read_by_it(yolo_assign, folder):
    (folder / "my.txt").write_text("1.5 .5 .5 .5 .5\n")  # from 8.4.164 on a fraction of a class is an error
    for release, code in (("8.4.163", 0), ("8.4.164", 2)):
        assert yolo_assign("trace", "--labels", "my.txt", "--release", release).code == code
    # --labels-as wins
    assert yolo_assign("trace", "--labels", "my.txt", "--release", "8.4.164", "--labels-as", "8.4.163").code == 0
    found = {
        name: yolo_assign("labels", "my.txt", *options, "--json").document
        for name, options in {"old": ("--release", "8.4.163"), "new": ("--release", "8.4.164")}.items()
    }
    assert (found["old"]["dropped_images"], found["new"]["dropped_images"]) == (0, 1)
    assert (found["old"]["read_as"], found["new"]["read_as"]) == ("8.4.163", "8.4.164")


# --- from Python -----------------------------------------------------------------------------------------------------


def test_python_asks_for_it_by_name():
    labels = Path("sample_inputs/labels.txt").resolve()
    of_tutorial, _ = load_inputs(Request(labels=labels))
    of_today, _ = load_inputs(Request(labels=labels, release="8.4.190"))
    for inputs, positives in ((of_tutorial, 38), (of_today, 44)):
        memory = Memory()
        assert int(trace(inputs, tracers=[memory])["fg_mask"].sum()) == positives
        assert "but" not in memory.run.header()["release"]
    with pytest.raises(InputError, match="'newest' is no release") as caught:
        load_inputs(Request(labels=labels, release="newest"))
    assert (caught.value.id, caught.value.where) == ("unknown-release", "release")
    with pytest.raises(InputError, match="'TRAIN' is no mode") as caught:
        load_inputs(Request(labels=labels, mode="TRAIN"))
    assert (caught.value.id, caught.value.where) == ("unknown-mode", "mode")


# --- what goes with it -----------------------------------------------------------------------------------------------

ROUNDED = [
    # asked for, grid, note
    ("650", "672x672 px", "imgsz 650 is rounded up to 672, whole largest strides, as training does"),
    ("64,70", "64x96 px", "imgsz 64x70 is rounded up to 64x96, whole largest strides, as training does"),
    ("640", "640x640 px", ""),
]


@pytest.mark.parametrize(("asked", "grid", "note"), ROUNDED)
def test_input_sizes_are_rounded_up_to_the_largest_stride(yolo_assign, asked, grid, note):
    outcome = yolo_assign("trace", "--labels", "one.txt", "--shapes", "yolov8", "--imgsz", asked, "--no-log", "--json")
    assert outcome.document["grid"].startswith(f"{grid}: ")
    assert (f"note: {note}" in outcome.err) if note else ("rounded" not in outcome.err)


def test_heads_that_name_their_images_are_held_against_the_dataset(yolo_assign, dataset):
    maps = {f"p{i}": np.zeros((2, 67, n, n), np.float32) for i, n in enumerate((8, 4, 2))}
    arguments = ("trace", "--data", "data.yaml", "--images", "0:2", "--imgsz", "64", "--heads", "heads.npz", "--quiet")
    np.savez(dataset / "heads.npz", **maps, images=["elsewhere/0.png", "1.png"])  # folders may differ
    assert yolo_assign(*arguments).code == 0
    np.savez(dataset / "heads.npz", **maps, images=["0.png", "4.png"])
    outcome = yolo_assign(*arguments)
    assert outcome.code == 2
    assert "image 1 of the heads is 4.png, but 1.png is traced there [heads-of-other-images]" in outcome.err
    assert "without augmentation" in outcome.err
    np.savez(dataset / "heads.npz", **maps, images=["0.png"])  # shorter
    outcome = yolo_assign(*arguments)
    assert "heads.npz[images]: 1 image named, but there are heads of 2 images [heads-of-other-images]" in outcome.err


def test_heads_that_name_their_image_are_held_against_a_single_label_file(yolo_assign, folder):
    maps = {f"p{i}": np.zeros((1, 67, n, n), np.float32) for i, n in enumerate((8, 4, 2))}
    arguments = (
        "trace",
        "--labels",
        "one.txt",
        "--shapes",
        "yolov8",
        "--imgsz",
        "64",
        "--heads",
        "heads.npz",
        "--quiet",
    )
    np.savez(folder / "heads.npz", **maps, images=["elsewhere/one.jpg"])
    assert yolo_assign(*arguments).code == 0
    np.savez(folder / "heads.npz", **maps, images=["two.jpg"])
    outcome = yolo_assign(*arguments)
    assert outcome.code == 2
    assert "the heads are of the image two.jpg, but the labels are one.txt [heads-of-other-images]" in outcome.err


def test_an_older_release_here_is_pointed_at(yolo_assign, monkeypatch):
    """If ultralytics is installed beside us and does something otherwise, a note says so; nothing of it is imported."""
    monkeypatch.setattr("yolo_assign_trace.inputs.installed.version", lambda name: "8.3.100")
    note = "ultralytics 8.3.100 is installed here, which reads labels, assigns otherwise: --release 8.3.100"
    arguments = ("trace", "--labels", "one.txt", *SMALL, "--quiet", "--no-log")
    assert note in yolo_assign(*arguments).err
    assert "installed" not in yolo_assign(*arguments, "--release", "8.4.190").err  # it was asked for


def test_settings_of_a_trace_hold_it_as_data(yolo_assign, folder):
    options = ("--release", "8.3.9", "--labels-as", "8.4.1", "--mode", "train")
    assert yolo_assign("trace", "--labels", "one.txt", *SMALL, *options, "--quiet").code == 0
    line = next(line for line in Path("run.log").read_text().splitlines() if line.startswith("# settings"))
    told = json.loads(line.removeprefix("# settings  "))
    assert {name: told[name] for name in ("release", "release_from", "labels_as", "mode", "synthetic")} == {
        "release": "8.3.9",
        "release_from": "as asked",
        "labels_as": "8.4.1",
        "mode": "train",
        "synthetic": True,
    }

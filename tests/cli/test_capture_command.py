"""Captured calls on the command line: whose release made them, do their outputs agree, and whose are refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.assignment import golden_cases
from yolo_assign_trace.draw.photos import find_photo, in_folder
from yolo_assign_trace.traces.open_trace import open_trace

SIX = {"pd_scores": "pred_scores", "pd_bboxes": "pred_bboxes"}
OLD, NEW = "8.0.52", "8.4.144"
OUTPUTS = ("target_labels", "target_bboxes", "target_scores", "fg_mask", "target_gt_idx")


def capture(path: Path, answers: str = "", **more: Any) -> str:
    """Saves a golden call of small boxes as it would be recorded, with what a generation answered, and more."""
    case = golden_cases.load("small_square_sides", OLD)
    named = {"gt_labels": "gt_labels", "gt_bboxes": "gt_bboxes", "mask_gt": "mask_gt"} | SIX
    arrays = {name: case.arrays[key].astype(np.float32) for name, key in named.items()}
    arrays |= {name: case.arrays[name] for name in ("imgsz", "strides")}
    arrays |= {f"output.{name}": case.arrays[f"{answers}/{name}"] for name in OUTPUTS if answers}
    arrays["gt_labels"] = arrays["gt_labels"].clip(min=0)
    np.savez(path, **arrays, **more)
    return path.name


def test_a_capture_that_names_its_pictures_is_shown_with_them(yolo_assign, folder):
    """The picture of 64 x 32 px lies in the middle of the square input, as training letterboxes it."""
    (folder / "photos").mkdir()
    for name in ("0.png", "1.png"):
        Image.new("RGB", (64, 32), "red").save(folder / "photos" / name)
    batch = len(golden_cases.load("small_square_sides", OLD).arrays["gt_bboxes"])
    names = [f"/elsewhere/{number}.png" for number in range(batch)]
    file = capture(folder / "call.npz", images=names, release="8.3.200")
    outcome = yolo_assign("page", "--capture", file, "--pictures", "photos", "-o", "call.html")
    assert outcome.code == 0
    trace = yolo_assign("trace", "--capture", file, "--quiet", "--no-log", "--save", "call.safetensors")
    assert trace.code == 0
    stored = open_trace(folder / "call.safetensors")
    width, height = stored.grid.width, stored.grid.height
    assert width == height
    places = re.findall(r'"place":(\[.*?\])', (folder / "call.html").read_text(encoding="utf-8"))
    assert [json.loads(place) for place in places] == [[0, height / 4, width, height / 2]] * min(batch, 2)
    for number in range(min(batch, 2)):
        photo = find_photo(in_folder(folder / "photos", stored), stored, number).photo
        assert photo is not None
        assert photo.extent == (0, width, height * 3 / 4, height / 4)


def test_names_of_pictures_that_are_not_as_many_as_images_are_not_used_and_told(yolo_assign, folder):
    file = capture(folder / "call.npz", images=["0.png"] * 99)
    assert "99 images named for 1 image" in yolo_assign("trace", "--capture", file, "--quiet", "--no-log").err


LOUD = "the capture does not say which release made it: traced as 8.4.190, the newest measured"
TOLD = [
    # answers recorded, release recorded, options; what is said, what is not
    ("", None, (), [LOUD], ["recorded outputs"]),
    ("", None, ("--release", "8.3.200"), [], ["does not say"]),  # it was asked for
    ("", "8.3.200", (), [], ["does not say"]),  # it was recorded
    (NEW, None, (), [LOUD, "fg_mask, target_gt_idx) are reproduced by", "8.4.144 - 8.4.190"], ["but not by"]),
    (OLD, None, (), ["traced as 8.0.52, whose answers the capture holds", "8.0.52 - 8.3.253"], ["but not by"]),
    (OLD, None, ("--release", "8.4.190"), ["8.0.52 - 8.3.253", "but not by 8.4.190: say --release 8.0.52"], []),
    (OLD, "8.3.200", (), ["8.0.52 - 8.3.253"], ["does not say", "but not by"]),
]


@pytest.mark.parametrize(("answers", "release", "options", "said", "unsaid"), TOLD)
def test_the_release_of_a_capture_is_never_guessed_in_silence(
    yolo_assign, folder, answers, release, options, said, unsaid
):
    file = capture(folder / "call.npz", answers, **({"release": release} if release else {}))
    outcome = yolo_assign("trace", "--capture", file, "--quiet", "--no-log", *options)
    assert outcome.code == 0
    notes = " ".join(outcome.err.split())
    assert [text for text in said if text not in notes] == []
    assert [text for text in unsaid if text in notes] == []


def test_a_recorded_release_is_that_of_the_trace(yolo_assign, folder):
    file = capture(folder / "call.npz", release="8.3.200")
    document = yolo_assign("trace", "--capture", file, "--no-log", "--json").document
    assert document["release"] == "8.3.200, recorded with the call"  # its boxes are as the training had placed them
    assert document["assigner"].startswith("yolov8: ")
    document = yolo_assign("trace", "--capture", file, "--no-log", "--json", "--release", "8.4.190").document
    assert document["release"] == "8.4.190, as asked"  # the option wins


@pytest.mark.parametrize(
    "options", [("--mode", "val"), ("--rect",), ("--labels-as", "8.3.9"), ("--letterboxed",), ("--image-size", "64x64")]
)
def test_what_reads_labels_and_places_boxes_has_no_part_in_a_capture(yolo_assign, folder, options):
    outcome = yolo_assign("trace", "--capture", capture(folder / "call.npz"), *options)
    assert outcome.code == 2
    assert "--capture cannot be combined with --mode, --rect, --labels-as and what else" in outcome.err
    assert "[options-exclude]" in outcome.err


def test_the_release_whose_answers_it_holds_is_that_of_the_trace(yolo_assign, folder):
    document = yolo_assign("trace", "--capture", capture(folder / "call.npz", OLD), "--no-log", "--json").document
    assert document["release"] == "8.0.52, whose answers the capture holds"
    assert document["assigner"].startswith("yolov8: ")


def test_outputs_that_nobody_gives_are_told_with_the_number_of_anchors(yolo_assign, folder):
    case = golden_cases.load("small_square_sides", NEW)
    changed = case.answer("fg_mask").copy()
    changed[0, :3] = ~changed[0, :3].astype(bool)
    file = capture(folder / "call.npz", **{"output.fg_mask": changed})
    err = yolo_assign("trace", "--capture", file, "--quiet", "--no-log").err
    told = (
        "(fg_mask) are reproduced by no generation; nearest is 8.4.144 - 8.4.190 and later, where differ 3 anchors of"
    )
    assert told in " ".join(err.split())


OTHERS = [
    # an entry that only another assigner takes, what is said
    ({"pd_kpts": np.zeros((1, 4, 2))}, "[pd_kpts]: this is a call of the pose assigner, which also takes pd_kpts"),
    ({"gt_kpts": np.zeros(1), "sigmas": np.zeros(1)}, "pose assigner, which also takes gt_kpts, sigmas"),
    ({"pd_coef": np.zeros(1), "proto": np.zeros(1)}, "segmentation assigner, which also takes pd_coef, proto"),
    ({"mask_scale": np.zeros(1)}, "segmentation assigner, which also takes mask_scale"),
]


@pytest.mark.parametrize(("more", "says"), OTHERS, ids=[" ".join(more) for more, _ in OTHERS])
def test_calls_of_other_assigners_are_refused_by_the_name_of_their_inputs(yolo_assign, folder, more, says):
    outcome = yolo_assign("trace", "--capture", capture(folder / "call.npz", **more))
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
    assert "[other-assigner]" in outcome.err


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_boxes_that_are_not_finite_do_not_stop_any_command(yolo_assign, folder):
    nan, inf = np.nan, np.inf
    capture(folder / "call.npz")
    with np.load(folder / "call.npz") as file:
        arrays = dict(file)
    arrays["gt_bboxes"][0, :3] = [(nan, nan, nan, nan), (-inf, -inf, inf, inf), (8, 8, inf, 8)]
    np.savez(folder / "call.npz", **arrays)
    outcome = yolo_assign("trace", "--capture", "call.npz", "--save", "t.safetensors")
    assert (outcome.code, "nan or infinity appears here first: gt_bboxes[0,0,0] is nan" in outcome.err) == (0, True)
    told = yolo_assign("explain", "t.safetensors").out
    assert "nan or infinity, first in capture: gt_bboxes[0,0,0] is nan; 9 of" in told
    commands = [
        ("explain", "t.safetensors"),
        *(("explain", "run.log", "--image", "0", "--gt", str(gt)) for gt in range(3)),
        ("page", "t.safetensors", "-o", "t.html"),
        ("draw", "t.safetensors", "-o", "drawn"),
        *(("draw", "t.safetensors", "-o", "drawn", "--image", "0", "--gt", str(gt)) for gt in range(3)),
        ("diff", "t.safetensors", "run.log"),
        ("sweep", "--capture", "call.npz", "--topk", "5,10"),
    ]
    assert [command for command in commands if yolo_assign(*command).code != 0] == []


def test_rotated_boxes_are_refused(yolo_assign, folder):
    capture(folder / "call.npz")
    with np.load(folder / "call.npz") as file:
        arrays = dict(file)
    arrays["gt_bboxes"] = np.pad(arrays["gt_bboxes"], ((0, 0), (0, 0), (0, 1)))  # five numbers: x y w h angle
    np.savez(folder / "call.npz", **arrays)
    outcome = yolo_assign("trace", "--capture", "call.npz")
    assert (outcome.code, "[gt_bboxes]: this is a call of the assigner of rotated boxes" in outcome.err) == (2, True)

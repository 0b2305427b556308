"""`explain` on inputs traced on the fly tells what it tells of a saved trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import swapped_stages  # noqa: F401 - named in --swap

from tests.assignment import golden_cases
from tests.commands import Outcome

STUDY = ("--labels", "labels.txt")


@pytest.fixture
def explain(
    yolo_assign: Callable[..., Outcome], save_heads: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    save_heads(channels=67, batch=4)
    (folder / "call.npz").write_bytes((golden_cases.COPIED / "one_to_one.npz").read_bytes())
    (folder / "set").mkdir()
    for number in range(3):
        (folder / "set" / f"{number}.txt").write_text("0 .5 .5 .3 .3\n1 .5 .5 .31 .3\n" * (number > 0))
    return lambda *arguments: yolo_assign("explain", *arguments)


TRACED = [
    # what is traced, a question
    (STUDY, ()),
    (STUDY, ("--image", "0", "--gt", "1")),
    (STUDY, ("--image", "0", "--gt", "0", "--anchor", "12")),
    # parameters and generation
    ((*STUDY, "--assigner", "8.4.190", "--topk", "5", "--topk2", "2", "--overlap", "iou"), ("--image", "2")),
    # real heads
    ((*STUDY, "--heads", "heads.npz"), ("--image", "3", "--at", "300,300")),
    # another type of numbers
    ((*STUDY, "--dtype", "float64"), ("--image", "0", "--gt", "0")),
    # somebody's own stage
    ((*STUDY, "--swap", "align=swapped_stages:minimal.align"), ("--image", "0", "--gt", "0")),
    # a captured call, with the parameters that it was made with
    (("--capture", "call.npz", "--assigner", "8.4.0"), ()),
    (("--capture", "call.npz", "--assigner", "8.4.0"), ("--image", "1", "--gt", "0")),
    # images of a dataset that are one batch
    (("--labels", "set", "--image-size", "64x64", "--imgsz", "64"), ("--image", "1", "--gt", "0")),
]


@pytest.mark.parametrize(("traced", "question"), TRACED, ids=str)
def test_the_story_is_that_of_the_saved_trace(explain, yolo_assign, traced, question):
    assert yolo_assign("trace", *traced, "--no-log", "--save", "t.safetensors", "--quiet").code == 0
    saved, found = explain("t.safetensors", *question), explain(*traced, *question)
    assert (saved.code, found.code) == (0, 0), found.err
    without_places = re.sub(r" +[\w/]+\.txt:\d+\n|(?<= )[\w/]+\.txt:\d+; ", "", found.out)
    assert without_places == saved.out.replace("yolo-assign explain t.safetensors", "the same command with")
    found, saved = (explain(*source, *question, "--json").document for source in (traced, ("t.safetensors",)))
    for told in (found, saved):
        for box in (*told["boxes"], *([told["box"]] if "box" in told else told.get("summary", {}).get("problems", ()))):
            known = told is found and "--capture" not in traced
            assert [isinstance(box.pop("file"), str), isinstance(box.pop("line"), int)] == [known, known]
    assert found == saved


PLACES = [
    # what is traced, file and line of every box
    (("--labels", "batch.txt"), {(0, 0): ("batch.txt", 2), (1, 0): ("batch.txt", 1), (1, 1): ("batch.txt", 4)}),
    (("--labels", "twice.txt"), {(0, 0): ("twice.txt", 3), (0, 1): ("twice.txt", 1)}),  # sorted, as training does
    (
        ("--labels", "set", "--image-size", "64x64", "--imgsz", "64", "--batch", "2"),
        {(i, gt): (f"set/{i}.txt", gt + 1) for i in (1, 2) for gt in (0, 1)},
    ),
    (
        ("--labels", "coco.json", "--image-size", "64x64", "--imgsz", "64"),
        {(0, 0): ("coco.json[annotations[1]]", None), (1, 0): ("coco.json[annotations[0]]", None)},
    ),
]


@pytest.mark.parametrize(("traced", "places"), PLACES, ids=lambda row: row[1] if isinstance(row, tuple) else "")
def test_file_and_line_of_every_box_are_told_where_the_labels_are_read(explain, folder, traced, places):
    (folder / "batch.txt").write_text("1 0 .5 .5 .3 .3\n0 1 .5 .5 .31 .3\n\n1 0 .2 .2 .004 .004\n")
    (folder / "twice.txt").write_text("1 .5 .5 .3 .3\n1 .5 .5 .3 .3\n0 .2 .2 .3 .3\n")
    annotations = [
        {"image_id": image, "category_id": 1, "bbox": [9, 9, 30, 30], "id": image, "iscrowd": 0} for image in (2, 1)
    ]
    images = [{"id": image, "file_name": f"{image}.jpg", "width": 64, "height": 64} for image in (1, 2)]
    coco = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cat"}]}
    (folder / "coco.json").write_text(json.dumps(coco))
    document = explain(*traced, "--json").document
    told = {(box["image"], box["gt"]): (box["file"], box["line"]) for box in document["boxes"]}
    assert told == places
    assert all(told[box["image"], box["gt"]] == (box["file"], box["line"]) for box in document["summary"]["problems"])


def test_problems_say_where_their_box_stands(explain, folder):
    (folder / "tiny.txt").write_text("0 .5 .5 .3 .3\n0 .2 .2 .004 .004\n")
    tiny = ("--labels", "tiny.txt", "--shapes", "yolov8", "--release", "8.3.253")
    assert "    tiny.txt:2; candidates none; selected 0\n" in explain(*tiny).out
    assert "    tiny.txt:2\n" in explain(*tiny, "--gt", "1").out


def test_nothing_is_written(explain, folder):
    before = sorted(folder.rglob("*"))
    assert explain(*STUDY).code == 0
    assert sorted(folder.rglob("*")) == before


def test_exit_code_1_for_a_cause_that_was_named(explain):
    assert explain(*STUDY, "--fail-on", "metric-zero").code == 1
    assert explain(*STUDY, "--fail-on", "no-anchor-inside").code == 0


def test_synthetic_heads_are_told(explain):
    assert "synthetic, seed 0: not a trained model" in explain(*STUDY).out
    assert "not a trained model" not in explain(*STUDY, "--heads", "heads.npz").out


SET = ("--labels", "set", "--image-size", "64x64", "--imgsz", "64")


@pytest.mark.parametrize("batch", ["1", "2"])
def test_a_dataset_is_summed_up_batch_by_batch(explain, dataset, batch):
    selected = ("--data", "data.yaml", "--shapes", "yolov8", "--imgsz", "64", "--all", "--json")
    whole = explain(*selected, "--batch", "8").document["summary"]
    parts = explain(*selected, "--batch", batch).document["summary"]
    for summary in (whole, parts):
        for count in (*summary["sizes"], *summary["classes"]):
            count["mean_target"] = count["mean_target"] and pytest.approx(count["mean_target"], rel=1e-5)
    assert whole["images"] == 5
    assert whole["problems"]
    assert {name: value for name, value in whole.items() if name != "rivals"} == {
        name: value for name, value in parts.items() if name != "rivals"
    }
    assert sorted(map(str, whole["rivals"])) == sorted(map(str, parts["rivals"]))


def test_the_next_command_selects_an_image_of_the_dataset(explain, dataset, save_heads):
    heads = save_heads(channels=67, batch=5)
    outcome = explain("--data", "data.yaml", "--heads", heads, "--batch", "2")
    next_one = outcome.out.splitlines()[-1]
    assert next_one.startswith("next: the same command with --images ")
    options = next_one.removeprefix("next: the same command with ").split()
    assert explain("--data", "data.yaml", "--shapes", "yolov8", "--imgsz", "64", *options).code == 0


REFUSED = [
    # arguments, id, part of the message or hint
    ((), "no-trace", "--labels"),
    (("--image", "0"), "no-trace", "run.log"),
    (("t.safetensors", *STUDY), "options-exclude", "leave one of them out"),
    (("t.safetensors", "--capture", "call.npz"), "options-exclude", "leave one of them out"),
    (("t.safetensors", "--images", "0:2"), "options-exclude", "leave one of them out"),
    ((*SET, "--batch", "2", "--image", "0"), "several-batches", "--images"),  # a question is about one of them
    (("--labels", "missing.txt"), "no-such-file", "missing.txt"),
    (("--labels", "missing.txt", "--assigner", "yolov9"), "unknown-assigner", "did you mean"),  # before reading
    ((*STUDY, "--heads", "heads.npz", "--capture", "call.npz"), "options-exclude", "--capture"),
    ((*STUDY, "--topk", "85"), "fewer-anchors-than-k", "84 anchors"),
    ((*STUDY, "--swap", "align=swapped_stages:nothing"), "unknown-function", "nothing"),
    ((*STUDY, "--image", "4"), "no-such-image", "0..3"),
]


@pytest.mark.parametrize(("arguments", "id", "says"), REFUSED, ids=str)
def test_what_cannot_be_looked_at(explain, arguments, id, says):
    outcome = explain(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"[{id}]" in outcome.err
    assert says in outcome.err

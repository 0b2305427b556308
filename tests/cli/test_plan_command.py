"""`yolo-assign plan` against the trace that follows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yolo_assign_trace.run.costs import SECONDS_TO_START, estimate_seconds

SMALL = ("--shapes", "yolov8", "--imgsz", "64")  # 84 anchors

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
    assert file - 6000 * len(batches) < plan["saved_file"] <= file  # all but the names


LARGER = [
    # what makes a trace take longer
    ("--batch", "1"),
    ("--reg-max", "32"),
    ("--imgsz", "128"),
]


@pytest.mark.parametrize("more", LARGER, ids=" ".join)
def test_seconds_are_those_of_the_start_and_of_every_batch_and_more_for_more_to_do(yolo_assign, dataset, more):
    plans = [yolo_assign("plan", "data.yaml", *SMALL, *options, "--json").document for options in ((), more)]
    less, longer = (sum(batch["seconds"] for batch in plan["batches"]) for plan in plans)
    assert longer > less
    for plan, of_batches in zip(plans, (less, longer), strict=True):
        assert plan["total"]["seconds"] == pytest.approx(SECONDS_TO_START + of_batches, abs=0.01)


def test_a_pair_takes_longer_than_a_number():
    sizes = {"image": 1, "anchor": 84, "channel": 64, "class": 3, "pair": 100}
    start, number, pair = (estimate_seconds(sizes | more) for more in ({}, {"class": 4}, {"pair": 184}))
    assert start < number < pair  # 84 numbers, 84 pairs


def test_a_plan_for_people(yolo_assign, dataset):
    outcome = yolo_assign("plan", "--data", "data.yaml", *SMALL)
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in outcome.out.splitlines())
    assert lines["grid"] == "64x64 px: P3 8x8 stride 8, P4 4x4 stride 16, P5 2x2 stride 32 = 84 anchors"
    assert lines["images"] == "5"
    assert lines["run.log"].startswith("about ")
    assert lines["seconds"] == "about 1.5"
    assert not Path("run.log").exists()
    assert all(line == line.rstrip() for line in outcome.out.splitlines())

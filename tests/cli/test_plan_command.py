"""`yolo-assign plan` against the trace that follows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


def test_a_plan_for_people(yolo_assign, dataset):
    outcome = yolo_assign("plan", "--data", "data.yaml", *SMALL)
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in outcome.out.splitlines())
    assert lines["grid"] == "64x64 px: P3 8x8 stride 8, P4 4x4 stride 16, P5 2x2 stride 32 = 84 anchors"
    assert lines["images"] == "5"
    assert lines["run.log"].startswith("about ")
    assert not Path("run.log").exists()
    assert all(line == line.rstrip() for line in outcome.out.splitlines())

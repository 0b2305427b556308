"""`yolo-assign explain --loss` as people use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assignment.golden_cases import COPIED
from yolo_assign_trace.explain.sentences import number
from yolo_assign_trace.traces.tensors import read_trace_file


def test_boxes_by_what_they_cost_and_the_line_that_training_prints(yolo_assign):
    yolo_assign("trace", "--labels", "labels.txt", "--stage", "loss", "--save", "t.safetensors", "--no-log")
    items = read_trace_file(Path("t.safetensors")).array("loss_items").tolist()
    outcome = yolo_assign("explain", "t.safetensors", "--loss")
    assert outcome.code == 0, outcome.err
    box, cls, dfl = map(number, items)
    assert f"box {box}  cls {cls}  dfl {dfl}" in outcome.out
    assert "these losses carry no meaning" in outcome.out  # of synthetic heads
    assert "no positives at all" in outcome.out
    document = yolo_assign("explain", "--labels", "labels.txt", "--loss", "--json").document
    assert [document["loss"]["items"][name] for name in ("box", "cls", "dfl")] == pytest.approx(items, rel=1e-6)
    totals = [one["total"] for one in document["loss"]["boxes"]]
    assert totals == sorted(totals, reverse=True)


def test_one_box_in_sentences(yolo_assign):
    outcome = yolo_assign("explain", "--labels", "labels.txt", "--image", "2", "--gt", "1", "--loss")
    assert "that the batch costs" in outcome.out
    assert "1 - CIoU" in outcome.out
    document = yolo_assign(
        "explain", "--labels", "labels.txt", "--image", "2", "--gt", "1", "--gains", "0,1,0", "--json"
    ).document
    assert document["box_loss"]["box"] == document["box_loss"]["dfl"] == 0
    assert len(document["box_loss"]["positives"]) == document["box"]["funnel"]["steps"][-1]["total"]


def test_a_trace_without_one_and_a_call_have_none(yolo_assign):
    yolo_assign("trace", "--labels", "labels.txt", "--quiet")
    outcome = yolo_assign("explain", "run.log", "--loss")
    assert outcome.code == 2
    assert "the trace has no loss" in outcome.err


def test_a_captured_call_has_none(yolo_assign):
    outcome = yolo_assign("trace", "--capture", str(COPIED / "square_8.npz"), "--stage", "loss")
    assert outcome.code == 2
    assert "a captured call holds scores and boxes" in outcome.err
    assert "--heads or --model" in outcome.err


@pytest.mark.parametrize("command", ["explain", "page"])
def test_other_commands_take_it_too(yolo_assign, command):
    outcome = yolo_assign(command, "--labels", "labels.txt", "--loss")
    assert outcome.code == 0, outcome.err

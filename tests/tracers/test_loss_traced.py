"""Console, log, JSON and saved file show the stage ``loss``, and the files are read back to the same."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console as RichConsole

from tests.assignment.loss.losses import drawn
from yolo_assign_trace import find_assigner, trace
from yolo_assign_trace.assignment.assigner import Gains
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.run.release_choice import ReleaseChoice
from yolo_assign_trace.tracers.console import Console
from yolo_assign_trace.tracers.json_summary import JsonSummary
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.rebuild import rebuild_assigner

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)], [8, 16, 32])
GAINS = Gains(box=2.0, cls=1.0, dfl=0.5)


@pytest.fixture
def made(tmp_path: Path) -> Memory:
    memory = Memory()
    inputs = drawn(GRID, 3, images=2, boxes=8, nc=3, reg_max=4)
    inputs.release = ReleaseChoice((8, 3, 98))
    watching = [memory, TensorFile(tmp_path / "t.safetensors"), RunLog(tmp_path / "run.log", digits=9)]
    trace(inputs, find_assigner("8.3.98"), watching, loss=GAINS)
    return memory


@pytest.mark.parametrize("name", ["t.safetensors", "run.log"])
def test_files_hold_it_and_say_how_it_was_made(made, tmp_path, name):
    stored = open_trace(tmp_path / name)
    assert list(stored.outputs) == list(made.records)
    for key, record in made.records.items():
        np.testing.assert_array_equal(stored.outputs[key].array, record.array, err_msg=key)
    assert (stored.settings.gains, stored.settings.loss_since) == (GAINS, "8.0.11")
    assert stored.header["loss"] == "as from 8.0.11 on, gains box 2, cls 1, dfl 0.5"
    assert rebuild_assigner(stored).assigner == made.run.assigner


def test_the_log_has_a_line_for_the_items_and_one_for_every_box(made, tmp_path):
    lines = (tmp_path / "run.log").read_text().splitlines()
    items = [
        float(word)
        for word in next(line for line in lines if line.startswith("loss_items  ") and "float32" not in line).split()[
            1:
        ]
    ]
    np.testing.assert_allclose(items, made["loss_items"])
    assert sum(line.startswith("gt_loss[") for line in lines) == made["gt_loss"].shape[0] * made["gt_loss"].shape[1]
    assert any(line.startswith("level_loss[0] P3  ") for line in lines)


def test_facts_say_what_training_prints_and_minimises_and_what_is_clamped(made):
    facts = {fact.id: fact for fact in made.facts["loss"]}
    box, cls, dfl = made["loss_items"].tolist()
    printed = f"training prints box {box:.5g}, cls {cls:.5g}, dfl {dfl:.5g}"
    assert facts["loss-items"].text.startswith(printed)
    whole = 2 * (box + cls + dfl)
    assert facts["loss-returned"].text == f"training minimises {whole:.5g}: their sum times 2 images"
    beyond = (made["target_distances"] > 3) | (made["target_distances"] < 0)
    assert facts["clamped"].notable
    sides, positives = beyond.sum(), beyond.any(-1).sum()
    assert facts["clamped"].text.startswith(f"{sides} sides of {positives} positives beyond the bins 0..3")


def test_console_and_json_show_the_stage():
    inputs = drawn(GRID, 3, images=2, boxes=8, nc=3, reg_max=4)
    inputs.synthetic = True
    out, summary = io.StringIO(), JsonSummary(["loss"])
    console = Console(RichConsole(file=out, width=100, force_terminal=False, markup=False), ["loss"])
    trace(inputs, find_assigner("8.4.190"), [console, summary], loss=True)
    text = out.getvalue()
    assert "12 loss  what the assignment costs" in text
    assert "synthetic heads: these losses carry no meaning" in text
    (stage,) = summary.document["stages"]
    assert [fact["id"] for fact in stage["facts"]][:3] == ["synthetic-loss", "loss-items", "loss-returned"]
    assert "box_loss" in {output["name"] for output in stage["outputs"]}

"""How fast numbers become the text of run.log, against the two usual ways to print a tensor in full."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from yolo_assign_trace import Inputs, Record, Run, Tracer, trace
from yolo_assign_trace.inputs.heads.shapes import layout_grid
from yolo_assign_trace.inputs.heads.synthetic import synthetic_maps
from yolo_assign_trace.tracers.run_log import RunLog

from .measure import Line, faster, in_turns

ROUNDS = 5
IMAGES, CLASSES, REG_MAX, SIZE = 4, 80, 16, 1280
PART = 8
"""Of the scores torch prints every 8th row and its time is taken times 8: all rows would take minutes. That favours
torch, if anything: on the boxes, a part is printed a little faster than its share of the whole."""


def lines() -> list[Line]:
    scores, corners = OneOutput("pred_scores", images=1), OneOutput("pd_bboxes", images=IMAGES)
    grid = layout_grid("yolov8", (SIZE, SIZE))
    maps: list[Any] = list(synthetic_maps(grid, IMAGES, 4 * REG_MAX + CLASSES, seed=0))
    trace(
        Inputs(grid, maps, np.array([[0, 0, 0.5, 0.5, 0.5, 0.5]]), IMAGES, CLASSES, REG_MAX), tracers=[scores, corners]
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, torch, savetxt = in_turns(
            ROUNDS,
            lambda: scores.write_log(folder / "run.log"),
            lambda: print_rows(folder / "torch.txt", scores.rows[::PART]),
            lambda: np.savetxt(folder / "savetxt.txt", scores.rows, fmt="%.5g"),
        )
        log_boxes, torch_boxes = in_turns(
            ROUNDS,
            lambda: corners.write_log(folder / "run.log"),
            lambda: print_rows(folder / "torch.txt", corners.rows),
        )
    return [
        faster("scores (33600, 80): run.log : torch's full print", log, [PART * time for time in torch], at_least=100),
        faster("scores (33600, 80): run.log : numpy.savetxt %.5g", log, savetxt, at_least=3),
        faster("boxes (134400, 4): run.log : torch's full print", log_boxes, torch_boxes, at_least=50),
    ]


class OneOutput(Tracer):
    """Keeps one output of a run, of its first images, and can write a log of that output alone."""

    def __init__(self, name: str, images: int) -> None:
        self.name = name
        self.images = images
        self.run: Run
        self.record: Record

    @property
    def rows(self) -> Any:
        """The values as (row, column)."""
        return self.record.array.reshape(-1, self.record.array.shape[-1])

    def run_start(self, run: Run) -> None:
        self.run = run

    def output(self, record: Record) -> None:
        if record.name == self.name:
            self.record = replace(record, array=record.array[: self.images])

    def write_log(self, path: Path) -> None:
        """By the tracer itself: header, statistics, values."""
        log = RunLog(path, digits=5)
        log.run_start(self.run)
        log.output(replace(self.record))  # a copy, because a record may remember its statistics
        log.run_end(())


def print_rows(path: Path, rows: Any) -> None:
    """torch's own text of all rows, untruncated."""
    import torch

    torch.set_printoptions(profile="full")
    path.write_text(str(torch.tensor(rows)))

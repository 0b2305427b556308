"""Traces for the tests of explain, and the same trace as plain dense arrays for their judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.assignment.scene import Scene
from tests.run.hand_made import CLASSES, GRID, Box, head_maps
from yolo_assign_trace.assignment.assigner import Assigner
from yolo_assign_trace.assignment.generations import GENERATIONS, YOLOV8
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.explain.answer import Answer, explain_trace
from yolo_assign_trace.explain.question import Question
from yolo_assign_trace.run.given import Inputs
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.traces.in_memory import stored_trace
from yolo_assign_trace.traces.stored import StoredTrace

ORDINARY = (8.0, 8.0, 24.0, 24.0)
"""x1, y1, x2, y2 px; on the small grid it holds four cells of P3 and one of P5."""


def stored(
    boxes: Sequence[Sequence[Box]],
    predictions: Sequence[np.ndarray],
    assigner: Assigner = YOLOV8,
    labels: Sequence[Sequence[int]] | None = None,
    **parameters: Any,
) -> StoredTrace:
    """Trace ``boxes`` [image][gt] in px on the small grid under ``predictions`` [image], as hand_made makes them."""
    rows = _rows(boxes, labels or [[0] * len(of_image) for of_image in boxes], GRID)
    table = np.stack(predictions)
    scores = np.repeat(table[..., 4:], CLASSES, axis=-1)
    return run(GRID, head_maps(GRID, table[..., :4], scores), rows, assigner.with_parameters(**parameters))


def stored_scene(scene: Scene, generation: str, topk2: int | None = None) -> StoredTrace:
    """Trace a random scene with the stages of a generation and the scene's own parameters."""
    p = scene.assigner.parameters
    assigner = GENERATIONS[generation]
    topk2 = topk2 if assigner.has_topk2 else None
    assigner = assigner.with_parameters(topk=p.topk, topk2=topk2, alpha=p.alpha, beta=p.beta)
    boxes = [[box for box in image if any(box)] for image in scene.gt_bboxes.double().tolist()]
    labels = [
        [label for box, (label,) in zip(image, of_image, strict=True) if any(box)]
        for image, of_image in zip(scene.gt_bboxes.tolist(), scene.gt_labels.tolist(), strict=True)
    ]
    maps = head_maps(scene.grid, scene.pd_bboxes.double().numpy(), scene.pd_scores.double().numpy())
    return run(scene.grid, maps, _rows(boxes, labels, scene.grid), assigner)


def run(grid: Grid, maps: list[np.ndarray], rows: np.ndarray, assigner: Assigner) -> StoredTrace:
    memory = Memory()
    trace(Inputs(grid, maps, rows, len(maps[0]), maps[0].shape[1] - 4, reg_max=1), assigner, [memory])
    return stored_trace(memory)


def _rows(boxes: Sequence[Sequence[Box]], labels: Sequence[Sequence[int]], grid: Grid) -> np.ndarray:
    rows = [
        (
            i,
            label,
            (x1 + x2) / 2 / grid.width,
            (y1 + y2) / 2 / grid.height,
            (x2 - x1) / grid.width,
            (y2 - y1) / grid.height,
        )
        for i, (of_image, its_labels) in enumerate(zip(boxes, labels, strict=True))
        for (x1, y1, x2, y2), label in zip(of_image, its_labels, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 6)


def ask(trace: StoredTrace, *question: Any, **named: Any) -> Answer:
    """``ask(trace, image, gt, anchor, at)``; all may be left out."""
    return explain_trace(trace, Question(*question, **named))


class Dense:
    """A trace as plain (image, gt, anchor) tables, made one pair at a time."""

    def __init__(self, trace: StoredTrace) -> None:
        self.trace = trace
        self.names = {stored.output.name for stored in trace.outputs.values()}
        self.boxes = trace.array("gt_bboxes").astype(np.float64)
        self.seen = trace.array("screen_bboxes").astype(np.float64) if "screen_bboxes" in self.names else self.boxes
        self.labels, self.valid = trace.array("gt_labels")[..., 0], trace.array("mask_gt")[..., 0]
        self.points = trace.array("anc_points").astype(np.float64)
        self.b, self.m, self.a = *self.valid.shape, len(self.points)
        self.owner = np.where(trace.array("fg_mask"), trace.array("target_gt_idx"), -1)
        shape = (self.b, self.m, self.a)
        self.inside, self.selected = np.zeros(shape, bool), np.zeros(shape, bool)
        self.overlap, self.metric, self.score = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        resolved = trace.array("mask_resolved" if "mask_resolved" in self.names else "mask_pos")
        self.then = np.full((self.b, self.a), -1)
        columns = ("mask_topk", "overlaps", "align_metric", "class_scores")
        for n, (i, j, k) in enumerate(trace.array("pairs").tolist()):
            self.inside[i, j, k] = True
            chosen, overlap, metric, score = (trace.array(name)[n] for name in columns)
            self.selected[i, j, k], self.overlap[i, j, k] = chosen, overlap
            self.metric[i, j, k], self.score[i, j, k] = metric, score
            if resolved[n]:
                self.then[i, k] = j
        self.claims = self.selected.sum(axis=1)
        # a claimed anchor that went to a box around which it does not lie has no pair that says so
        stray = (self.claims > 0) & (self.then < 0)
        self.then[stray] = 0 if "mask_resolved" in self.names else self.owner[stray]

"""Traces of inputs made by hand: which box every anchor predicts, with which score, and which boxes there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.assignment.golden_cases import GoldenCase
from tests.assignment.scene import yolov8
from yolo_assign_trace import Inputs
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)])  # strides 8, 16, 32: 84 anchors
NOWHERE = (1000.0, 1000.0, 1010.0, 1010.0)  # overlaps nothing
CLASSES = 2

Box = Sequence[float]


def predict(
    everywhere: Box = NOWHERE, score: float = 0.5, *, at: dict[int, tuple[Box, float]] | None = None
) -> np.ndarray:
    """(anchor, 5) one image's predictions: x1, y1, x2, y2 px and the score of both classes."""
    table = np.array([[*everywhere, score]] * GRID.anchors)
    for anchor, (box, its_score) in (at or {}).items():
        table[anchor] = [*box, its_score]
    return table


def trace_boxes(boxes: Sequence[Sequence[Box]], predictions: Sequence[np.ndarray], *, topk: int = 10) -> Memory:
    """Trace images with ``boxes`` [image][gt] in px, all of class 0, under ``predictions`` [image]."""
    rows = [
        (i, 0, (x1 + x2) / 2 / GRID.width, (y1 + y2) / 2 / GRID.height, (x2 - x1) / GRID.width, (y2 - y1) / GRID.height)
        for i, of_image in enumerate(boxes)
        for x1, y1, x2, y2 in of_image
    ]
    table = np.stack(predictions)
    scores = np.repeat(table[..., 4:], CLASSES, axis=-1)
    return trace_maps(head_maps(GRID, table[..., :4], scores), np.array(rows).reshape(-1, 6), grid=GRID, topk=topk)


def trace_golden(case: GoldenCase) -> Memory:
    """Trace a golden case of one image through heads that predict its boxes and scores."""
    scene = case.scene
    x1, y1, x2, y2 = scene.gt_bboxes[0].double().numpy().T
    size = np.array([scene.grid.width, scene.grid.height] * 2)
    boxes = np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=-1) / size
    rows = np.concatenate([np.zeros((len(boxes), 1)), scene.gt_labels[0].numpy(), boxes], axis=-1)
    maps = head_maps(scene.grid, scene.pd_bboxes.numpy(), scene.pd_scores.numpy())
    return trace_maps(maps, rows, grid=scene.grid, topk=scene.assigner.parameters.topk)


def trace_maps(maps: list[np.ndarray], rows: np.ndarray, *, grid: Grid, topk: int = 10) -> Memory:
    """Trace heads with one bin per side, so that channels are distances."""
    memory = Memory()
    batch, channels = maps[0].shape[:2]
    trace(Inputs(grid, maps, rows, batch, channels - 4, reg_max=1), yolov8(topk), [memory])
    return memory


def head_maps(grid: Grid, boxes: np.ndarray, scores: np.ndarray) -> list[np.ndarray]:
    """Heads (b, 4 + c, h, w) float32 with one bin per side, for boxes (b, a, 4) px and scores (b, a, c)."""
    maps = []
    for level in grid.levels:
        here = slice(level.first, level.first + level.anchors)
        centres = np.array([grid.address(anchor).centre for anchor in range(here.start, here.stop)])  # (cell, 2)
        distances = np.concatenate([centres - boxes[:, here, :2], boxes[:, here, 2:] - centres], axis=-1)
        with np.errstate(divide="ignore"):  # scores 0 and 1 become logits that are large, but finite
            logits = np.clip(np.log(scores[:, here]) - np.log1p(-scores[:, here]), -1000, 1000)
        channels = np.concatenate([distances / level.stride, logits], axis=-1)  # (b, cell, 4 + c)
        maps.append(channels.transpose(0, 2, 1).reshape(len(boxes), -1, level.height, level.width).astype(np.float32))
    return maps

"""Boxes, questions and datasets for the tests of audits, and what a trace counts of the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.audit.count import count_chunk
from yolo_assign_trace.audit.geometry.placed import Chunk, place_parts
from yolo_assign_trace.audit.question import Question, ask
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.survey import read_part
from yolo_assign_trace.inputs.load import open_inputs
from yolo_assign_trace.inputs.request import Request

RELEASES = ("8.0.20", "8.2.0", "8.3.36", "8.3.253", "8.4.60", "8.4.130", "8.4.190")
"""Of every generation at least one, and of each way to letterbox."""

SIZE = (640, 640)


def question(release: str = "8.3.253", sizes: Sequence[tuple[int, int]] = (SIZE,), **options: Any) -> Question:
    """A question about one release, at 640 px and with the levels of yolov8 if nothing else is said."""
    shapes = options.pop("shapes", ("yolov8",))
    return ask([release], sizes, shapes, **options)[0]


def chunk_of(source: Path, asked: Question) -> Chunk:
    """All boxes of a dataset, as the first release reads them."""
    entries, settings = open_dataset(source).entries, asked.readings[0]
    return place_parts([(0, read_part(entries, settings))], entries, 0, settings)[0]


def counted_by_audit(source: Path, asked: Question) -> dict[tuple[str, int, int], int]:
    """Candidates of every box, by name of the label file, line and class; without those that training drops."""
    chunk = chunk_of(source, asked)
    _, levels = count_chunk(chunk, asked.combinations[0], asked)
    total = levels.sum(axis=0)
    boxes = zip(chunk.boxes.entry.tolist(), chunk.boxes.line.tolist(), chunk.boxes.label.tolist(), total, strict=True)
    return {
        (Path(chunk.entries[entry].label).name, line, label): int(number)
        for entry, line, label, number in boxes
        if number >= 0
    }


def counted_by_trace(request: Request) -> dict[tuple[str, int, int], int]:
    """The same by the stages of a trace, up to screen."""
    opened = open_inputs(request)
    assigner = opened.begin(opened.release.assigner)
    return {key: number for part in opened.parts for key, number in _of_part(part, assigner)}


def _of_part(part: Any, assigner: Any) -> Iterator[tuple[tuple[str, int, int], int]]:
    inputs = part.inputs(maps=False)
    boxes, mask, points = inputs.screen_inputs()
    screened = assigner.stage("screen").call(boxes, mask, points, inputs.grid)
    image, gt, _ = screened.pairs.numpy().T
    rows = np.asarray(inputs.label_rows)
    for number, places in enumerate(part.places):
        labels = rows[rows[:, 0] == number, 1].astype(int).tolist()
        for i, line in enumerate(places.lines):
            yield (Path(places.path).name, line, labels[i]), int(((image == number) & (gt == i)).sum())


def generation_of(release: str) -> str:
    """Which generation a release belongs to."""
    return Request(release=release).release_for().assigner.generation


assert {generation_of(release) for release in RELEASES} == set(GENERATIONS)

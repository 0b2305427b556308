"""Small traces of every kind, for the tests of files that hold a trace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.commands import ROOT
from yolo_assign_trace.assignment.assigner import Assigner
from yolo_assign_trace.assignment.generations import YOLOV8
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.run.record import Tracer
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory

STUDY_LABELS = (ROOT / "sample_inputs" / "labels.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Kind:
    """What to trace: the text of the label file and options; ``odd`` puts nan and infinities into the heads."""

    name: str
    labels: str
    shapes: str = "study"
    imgsz: tuple[int, int] | None = None
    nc: int | None = None
    reg_max: int | None = None
    odd: bool = False

    def __str__(self) -> str:
        return self.name


SMALL = Kind("one image, one level", "1 .5 .5 .9 .9\n0 .4 .4 .6 .6\n", "imgsz: 32\nmaps: [[4, 4]]\n", reg_max=2)

KINDS = [
    Kind("study", STUDY_LABELS),
    SMALL,
    Kind("not square", "1 0 .5 .5 .9 .9\n", "yolov8", (64, 96)),
    Kind("four levels, images without boxes", "3 1 .5 .5 .9 .9\n1 0 .4 .4 .2 .2\n", "yolov8-p6", (64, 64)),
    Kind("no box at all", "", nc=2),
    Kind("one bin, many classes", STUDY_LABELS, nc=80, reg_max=1),
    Kind("nan and infinity", STUDY_LABELS, odd=True),
    Kind("anchors outside every box", "0 .5 .5 .001 .001\n"),
]


def traced(folder: Path, kind: Kind, *tracers: Tracer, assigner: Assigner = YOLOV8) -> Memory:
    """Trace ``kind`` under ``tracers`` and in memory; its inputs are written to ``folder``."""
    labels, shapes = folder / "labels.txt", kind.shapes
    labels.write_text(kind.labels)
    if "\n" in shapes:
        (folder / "shapes.yaml").write_text(shapes)
        shapes = str(folder / "shapes.yaml")
    inputs, _ = load_inputs(Request(labels, shapes, kind.imgsz, nc=kind.nc, reg_max=kind.reg_max))
    if kind.odd:
        fine = inputs.maps[0]
        for place, value in [((0, 1, 2, 2), np.nan), ((0, 70 - 4, 1, 3), np.inf), ((1, 65, 2, 3), -np.inf)]:
            fine[place] = value
        fine[2, 5], fine[3, 64:, 4] = np.nan, np.finfo(np.float32).min
        fine[3, 0, 0] = [-0.0, 0.0, 1e-45, -1e-30, np.finfo(np.float32).max, 16777217, 0.1, 1 / 3]
    memory = Memory()
    trace(inputs, assigner, [memory, *tracers])
    return memory


def assert_same_bits(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal in type, shape and every bit, but for the sign and payload of nan, which text does not hold."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert np.array_equal(found, expected, equal_nan=expected.dtype.kind == "f")
    numbers = ~np.isnan(expected) if expected.dtype.kind == "f" else np.ones(expected.shape, bool)
    assert np.array_equal(np.signbit(found[numbers]), np.signbit(expected[numbers])) or expected.dtype.kind != "f"

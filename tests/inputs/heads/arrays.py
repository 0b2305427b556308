"""Arrays as head files hold them, and what may be known about them beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.inputs.heads.channels import Expectations
from yolo_assign_trace.inputs.heads.files import ArrayFile
from yolo_assign_trace.inputs.heads.layout import Heads, detect_layout
from yolo_assign_trace.inputs.heads.shapes import Shapes, read_shapes

Arrays = Mapping[str, np.ndarray]
V8_64 = [(8, 8), (4, 4), (2, 2)]
V8_640 = [(80, 80), (40, 40), (20, 20)]
P6_64 = [(8, 8), (4, 4), (2, 2), (1, 1)]


def zeros(**shapes: Sequence[int]) -> dict[str, np.ndarray]:
    """Arrays by name; a dotted name is written with two underscores."""
    return {name.replace("__", "."): np.zeros(shape, np.float32) for name, shape in shapes.items()}


def maps(channels: int, sizes: Sequence[tuple[int, int]], batch: int = 1) -> dict[str, np.ndarray]:
    return {f"p{3 + i}": np.zeros((batch, channels, *size), np.float32) for i, size in enumerate(sizes)}


def detect(arrays: Arrays, expected: Expectations, note: str = "") -> Heads:
    return detect_layout(ArrayFile("my.pt", "my.pt", "0" * 12, arrays, note), expected)


KNOWN = {
    "nothing": Expectations(),
    "yolov8 640": Expectations(read_shapes("yolov8", (640, 640))),
    "study": Expectations(read_shapes("study")),
    "imgsz 64": Expectations(imgsz=(64, 64)),
    "imgsz 640": Expectations(imgsz=(640, 640)),
    "imgsz 384,640": Expectations(imgsz=(384, 640)),
    "imgsz 1280": Expectations(imgsz=(1280, 1280)),
    "nc 3": Expectations(nc=3),
    "nc 20": Expectations(nc=20),
    "nc 80": Expectations(nc=80),
    "nc 20 of data.yaml": Expectations(nc=20, nc_source="data.yaml"),
    "reg_max 1": Expectations(reg_max=1),
    "labels of 50 classes": Expectations(labels_classes=50),
    "labels of 90 classes": Expectations(labels_classes=90),
    "one map, a file of 4 classes": Expectations(Shapes("my.yaml", Grid.of((32, 32), [(4, 4)]), nc=4, reg_max=2)),
}

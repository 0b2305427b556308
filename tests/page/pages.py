"""What the tests of the page share: traces to show and the document inside a page."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import torch

from tests.commands import ROOT
from tests.draw.drawn import random_labels, stored, with_header, with_images
from tests.inputs.heads.captures import golden_capture
from tests.traces.traces import STUDY_LABELS
from yolo_assign_trace.assignment.generations import YOLOV8
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.page.html import page_html
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.traces.in_memory import stored_trace
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.stored import StoredTrace

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&amp;\"'"
"""A name that would be markup if it were put into a page as it is."""

STAGES = [stage.name for stage in YOLOV8.stages]


def study() -> StoredTrace:
    return stored(STUDY_LABELS)


def crowd(assigner: str = "yolov8") -> StoredTrace:
    """60 boxes of all sizes in one image: conflicts, ties, no candidates, and enlarged boxes in newer releases."""
    return stored(random_labels(60), "yolov8", assigner, 320)


def hostile() -> StoredTrace:
    """Every name in it is :data:`HOSTILE`: of the classes, of the label file and of the first picture."""
    names = json.dumps([HOSTILE] * 3)
    return with_images(with_header(study(), {"names": names, "labels": HOSTILE}), HOSTILE)


@cache
def captured() -> StoredTrace:
    """A trace that begins at the assigner's call."""
    memory = Memory()
    trace(golden_capture("over_the_border"), tracers=[memory])
    return stored_trace(memory)


@cache
def in_double() -> StoredTrace:
    """The study sample in float64."""
    inputs, _ = load_inputs(Request(ROOT / "sample_inputs" / "labels.txt"))
    memory = Memory()
    trace(inputs, tracers=[memory], dtype=torch.float64)
    return stored_trace(memory)


@cache
def with_loss() -> StoredTrace:
    """The study sample with what its assignment costs."""
    inputs, _ = load_inputs(Request(ROOT / "sample_inputs" / "labels.txt"))
    memory = Memory()
    trace(inputs, tracers=[memory], loss=True)
    return stored_trace(memory)


TRACES = {
    "study": study,
    "crowd": crowd,
    "crowd, topk2": lambda: crowd("yolo26-one2one"),
    "every box competes": lambda: crowd("8.0.0"),
    "no box at all": lambda: stored(""),
    "an image without boxes": lambda: stored("1 0 .5 .5 .4 .4\n"),
    "capture": captured,
    "float64": in_double,
    "loss": with_loss,
    "log": lambda: open_trace(ROOT / "run.log"),
}
ANY_TRACE = pytest.mark.parametrize("name", TRACES)


def values_of(column: dict[str, Any]) -> np.ndarray:
    """The flat array in a column of the document; of texts where it holds texts."""
    if column["type"] == "text":
        words = np.array(column["data"].split())
        return words[values_of(column["at"])] if "at" in column else words
    return np.frombuffer(base64.b64decode(column["data"]), np.dtype(f"<{column['type']}"))


@dataclass
class Parsed(HTMLParser):
    """The elements of a page and what stands in them."""

    html: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    inside: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag in ("script", "style") and self.cdata_elem:  # not what stands behind their end
            self.inside[self.lasttag][-1] += data

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.inside["script"][0])
        return found


def parsed(trace: StoredTrace, **options: Any) -> Parsed:
    return Parsed(page_html(trace, **options).decode())

"""Drawn pictures as the tests look at them: the elements of an SVG by id, and traces to draw."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from yolo_assign_trace.assignment.generations import find_assigner
from yolo_assign_trace.draw.box_sheet import box_sheet
from yolo_assign_trace.draw.image_sheet import image_sheet
from yolo_assign_trace.draw.photos import Pictures
from yolo_assign_trace.draw.scene import ImageScene
from yolo_assign_trace.draw.theme import THEMES, settings
from yolo_assign_trace.draw.work import DrawOptions, draw
from yolo_assign_trace.draw.write import rendered
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.run.given import Image
from yolo_assign_trace.run.letterbox import Letterbox
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.traces.in_memory import stored_trace
from yolo_assign_trace.traces.stored import StoredTrace
from yolo_assign_trace.traces.view import TraceView

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True)
class Drawing:
    """One SVG."""

    root: ET.Element

    @property
    def by_id(self) -> dict[str, ET.Element]:
        return {element.get("id", ""): element for element in self.root.iter() if element.get("id")}

    def ids(self, start: str, end: str = "") -> set[str]:
        """What is between ``start`` and ``end`` in the ids that have both."""
        names = [name for name in self.by_id if name.startswith(start) and name.endswith(end)]
        return {name[len(start) : len(name) - len(end)] for name in names}

    def count(self, group: str) -> int:
        """Marks in a group."""
        return sum(1 for _ in self.by_id[group].iter(f"{SVG}use")) if group in self.by_id else 0

    def text(self, name: str) -> str:
        """The text of the element called ``name``."""
        return "".join(self.by_id[name].itertext()).strip()

    @property
    def texts(self) -> list[str]:
        return ["".join(element.itertext()) for element in self.root.iter(f"{SVG}text")]


def read_svg(path: Path) -> Drawing:
    return Drawing(ET.fromstring(path.read_bytes()))


@cache
def stored(labels: str, shapes: str = "study", assigner: str = "yolov8", px: int = 320) -> StoredTrace:
    """The trace of a label file with the text ``labels``, named shapes see ``px`` x ``px`` px."""
    size = None if shapes == "study" else (px, px)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labels.txt"
        path.write_text(labels)
        inputs, _ = load_inputs(Request(path, shapes, size, nc=None if labels else 2))
    memory = Memory()
    trace(inputs, find_assigner(assigner), tracers=[memory])
    return stored_trace(memory)


def with_header(trace: StoredTrace, lines: Mapping[str, str]) -> StoredTrace:
    return replace(trace, header={**trace.header, **lines})


def with_images(trace: StoredTrace, *names: str, size: tuple[int, int] | None = None) -> StoredTrace:
    """The same trace with its first images named, and letterboxed if their (width, height) px are given."""
    box = Letterbox.of(size, (trace.grid.height, trace.grid.width)) if size else None
    return replace(trace, settings=replace(trace.settings, images=tuple(Image(name, box) for name in names)))


def drawn(trace: StoredTrace, folder: Path, pictures: Pictures | None = None, **wanted: object) -> dict[str, Drawing]:
    """Every sheet of ``trace``, by the name of its file."""
    options = {"format": "svg"} | wanted
    paths = draw(trace, folder / "out", DrawOptions(**options), print, pictures)  # type: ignore[arg-type]
    return {path.stem: read_svg(path) for path in paths}


def image_of(trace: StoredTrace, image: int = 0, stage: str = "", theme: str = "light") -> Drawing:
    """The picture of one image alone."""
    scene, named = ImageScene(TraceView(trace), image), trace.image(image)
    with settings(THEMES[theme]):
        name = named.name if named else ""
        sheet = image_sheet(scene, trace.header, name, THEMES[theme], None, stage)
        return Drawing(ET.fromstring(rendered(sheet, "svg")))


def box_of(trace: StoredTrace, image: int, gt: int) -> Drawing:
    """The picture of one box alone."""
    scene = ImageScene(TraceView(trace), image)
    with settings(THEMES["dark"]):
        sheet = box_sheet(scene, gt, trace.header, "", THEMES["dark"], trace.settings.topk)
        return Drawing(ET.fromstring(rendered(sheet, "svg")))


def random_labels(count: int, seed: int = 3) -> str:
    """``count`` boxes of one image, of all sizes, of eight classes."""
    random = np.random.RandomState(seed)
    rows = []
    for _ in range(count):
        w, h = np.exp(random.uniform(np.log(0.008), np.log(0.3), 2))
        x, y = random.uniform(w / 2, 1 - w / 2), random.uniform(h / 2, 1 - h / 2)
        rows.append(f"{random.randint(0, 8)} {x:.5f} {y:.5f} {w:.5f} {h:.5f}\n")
    return "".join(rows)

"""What a run tells its observers: stages, outputs, facts. Needs no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import numpy as np

from ..assignment.assigner import Assigner, Stage
from ..assignment.grid import Grid
from ..assignment.outputs import PARTS, Output
from ..assignment.releases import dotted
from ..basics.arrays import Array
from ..basics.printable import printable, printable_json
from .given import Call, Image, Inputs
from .release_choice import ReleaseChoice
from .statistics import Statistics
from .trace_settings import TraceSettings


@dataclass(frozen=True)
class Run:
    """A run as it begins.

    Attributes:
        assigner: the stages and parameters.
        grid: levels and anchors.
        sizes: length of every axis but ``pair``, which only the screen stage finds out.
        boxes: label rows of every image, before padding.
        settings: the assigner's parameters and reg_max, nc, batch, by name.
        dtype: of every float tensor.
        device: what computed it: cpu or cuda.
        about: where the inputs come from, one line each, by ``labels`` and ``heads``.
        versions: versions that decide the numbers, by package.
        images: the images by name; empty if they have none.
        class_names: by class; empty if the classes have none.
        release: of the package, that labels were read and boxes placed by; None if none had a part in it.
        synthetic: are the heads no model's?
        head: which of the two heads of an end-to-end model; empty if there is one.
    """

    assigner: Assigner
    grid: Grid
    sizes: Mapping[str, int]
    boxes: tuple[int, ...]
    settings: Mapping[str, Any]
    dtype: str
    device: str
    about: Mapping[str, str]
    versions: Mapping[str, str]
    images: tuple[Image, ...] = ()
    class_names: tuple[str, ...] = ()
    release: ReleaseChoice | None = None
    synthetic: bool = False
    head: str = ""

    @classmethod
    def of(cls, inputs: Inputs | Call, assigner: Assigner, dtype: str, device: str) -> Run:
        """The run of ``assigner`` on ``inputs``."""
        return cls(
            assigner=assigner,
            grid=inputs.grid,
            sizes=MappingProxyType(inputs.sizes),
            boxes=inputs.boxes,
            settings=MappingProxyType(assigner.settings | inputs.settings),
            dtype=dtype,
            device=device,
            about=MappingProxyType(dict(inputs.about)),
            images=inputs.images,
            class_names=inputs.class_names,
            release=inputs.release,
            synthetic=inputs.synthetic,
            head=inputs.head if isinstance(inputs, Inputs) else "",
            versions=versions(),
        )

    def header(self) -> dict[str, str]:
        """The lines that every output of a run begins with; ``image[0]`` and ``names`` only where they are known."""
        return {
            "labels": self.about.get("labels", f"{sum(self.boxes)} boxes in {self.sizes['image']} images"),
            "grid": str(self.grid),
            "heads": self.about.get("heads", "tensors given by the caller"),
            **({"release": self.release.line(self.assigner)} if self.release else {}),
            "assigner": assigner_line(self.assigner, self.dtype, self.device),
            **({"loss": loss_line(self.assigner)} if self.assigner.gains else {}),
            "versions": versions_line(self.versions),
            **{f"image[{i}]": printable(str(image)) for i, image in enumerate(self.images)},
            **({"names": printable_json(json.dumps(self.class_names, ensure_ascii=False))} if self.class_names else {}),
        }

    def trace_settings(self) -> TraceSettings:
        """What readers of a finished trace are told, as data."""
        sizes: dict[str, Any] = {name: self.settings.get(name) for name in ("reg_max", "nc", "batch")}
        sizes |= {"synthetic": self.synthetic, "head": self.head}
        if self.release:
            labels_as = self.release.labels_as or self.release.release
            sizes |= {"release": self.release.name, "release_from": self.release.reason}
            sizes |= {"labels_as": dotted(labels_as), "mode": self.release.mode}
        inputs = TraceSettings(dtype=self.dtype, device=self.device, boxes=self.boxes, images=self.images, **sizes)
        return inputs.made_by(self.assigner)


@cache  # it takes 2 ms, and a dataset is many runs
def versions() -> Mapping[str, str]:
    """Versions that decide the numbers, by package."""
    # without the build suffix: the same release made for another device gives the same numbers
    numbers = {name: version(name).partition("+")[0] for name in ("yolo-assign-trace", "torch", "numpy")}
    return MappingProxyType(numbers)


def versions_line(versions: Mapping[str, str]) -> str:
    """What a header says about versions."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def assigner_line(assigner: Assigner, dtype: str, device: str) -> str:
    """What a header says about an assigner: name, generation, parameters, dtype, device, swapped stages."""
    note = f" ({assigner.note})" if assigner.note.startswith("generation") else ""
    where = "" if device == "cpu" else f" on {device}"
    swaps = ", ".join(f"{stage}={function}" for stage, function in assigner.swaps.items())
    swapped = f"; SWAPPED {swaps}" if swaps else ""
    return f"{assigner.name}{note}: {assigner.parameters}, {dtype}{where}{swapped}"


def loss_line(assigner: Assigner) -> str:
    """What a header says about the loss of an assigner that has that stage."""
    return f"as from {assigner.loss_since} on, gains {assigner.gains}"


@dataclass(frozen=True)
class StageStart:
    """A stage about to run: its number from 1, declaration, and title and formula with the run's settings."""

    number: int
    stage: Stage
    title: str
    formula: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.stage.name


@dataclass(frozen=True)
class Fact:
    """Something a reader should know about a stage's result: a kebab-case id for scripts and a sentence."""

    id: str
    text: str
    notable: bool = False


@dataclass(frozen=True)
class BoxLine:
    """What became of one ground-truth box.

    ``candidates`` counts per level, fine first; ``best_overlap`` is over all candidates, None without any;
    ``cause`` is an id of :data:`yolo_assign_trace.run.boxes_summary.CAUSES`, or empty if the box has positives.
    """

    image: int
    gt: int
    label: int
    width: float
    height: float
    candidates: tuple[int, ...]
    selected: int
    positives: int
    best_overlap: float | None
    cause: str = ""

    @property
    def name(self) -> str:
        return f"image {self.image} gt {self.gt}"

    @property
    def verdict(self) -> str:
        """``no positives, metric-zero`` or, for an ignored box that won anchors all the same, just the cause."""
        return self.cause if self.positives else f"no positives, {self.cause}"

    @property
    def size(self) -> str:
        return f"{self.width:.1f}x{self.height:.1f}"


@dataclass(frozen=True)
class Record:
    """One output of one stage.

    Attributes:
        stage: name of the stage.
        output: its declaration.
        array: the values; read-only, and never overwritten by later stages.
        pairs: (pair, 3) image, gt, anchor of every row, for tensors over candidate pairs; otherwise None.
        grid: the levels, for addresses.
        sizes: length of every axis.
    """

    stage: str
    output: Output
    array: Array
    pairs: Array | None
    grid: Grid
    sizes: Mapping[str, int]

    @property
    def name(self) -> str:
        return self.output.name

    @property
    def key(self) -> str:
        """``stage.name``, unique in a trace."""
        return f"{self.stage}.{self.output.name}"

    @cached_property
    def statistics(self) -> Statistics:
        """Computed on first use, once for all tracers."""
        dense = math.prod(self.sizes[axis] for axis in PARTS["triple"]) if self.output.on_pairs else None
        return Statistics.of(self.array, dense)

    def index_text(self, flat: int) -> str:
        """``[image,gt,anchor]``-like index of element ``flat`` of the array, counted row by row."""
        index = [int(i) for i in np.unravel_index(flat, self.array.shape)]
        if self.pairs is not None:
            index = [int(i) for i in self.pairs[index[0]]] + index[1:]
        return "[" + ",".join(map(str, index)) + "]"

    def anchor_of(self, flat: int) -> int | None:
        """The anchor that element ``flat`` belongs to, if it belongs to one."""
        index = np.unravel_index(flat, self.array.shape)
        if self.pairs is not None:
            return int(self.pairs[index[0], 2])
        return int(index[self.output.axes.index("anchor")]) if "anchor" in self.output.axes else None


class Tracer:
    """An observer of a run. Override what you need; every method does nothing by default.

    The calls come in this order: ``run_start``; for every stage ``stage_start``, ``output`` once per output,
    ``stage_end``; then ``run_end``, or ``run_failed`` if the run broke off. An observer cannot change results:
    arrays are read-only.
    """

    def run_start(self, run: Run) -> None:
        """The run begins."""

    def stage_start(self, stage: StageStart) -> None:
        """A stage is about to compute."""

    def output(self, record: Record) -> None:
        """One output, in declared order."""

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        """All outputs of the stage have been handed out; ``facts`` are what is worth knowing about them."""

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        """The run is complete; ``boxes`` says what became of every ground-truth box."""

    def run_failed(self) -> None:
        """The run broke off; clean up."""

"""Labels, shapes and heads put together to the inputs of a run, and held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.releases import NEWEST_MEASURED, dotted
from ..basics.errors import InputError, Parameter
from ..basics.plural import count
from ..run.given import Call, Inputs
from ..run.release_choice import ReleaseChoice
from .batch import CallPart, HeadSource, Part
from .dataset_batches import DatasetLabels, labels_of_dataset
from .datasets.dataset import Source, open_source
from .datasets.entries import LABELS
from .file_batch import FileLabels, labels_of_file
from .heads.capture import read_capture
from .heads.channels import Expectations
from .heads.layout import read_heads
from .heads.shapes import DEFAULT_REG_MAX, LAYOUTS, STUDY, STUDY_GRID, Shapes, about_rounding, read_shapes
from .installed import about_installed, require_ultralytics
from .labels.findings import KINDS
from .labels.row import above_count
from .labels.rules import LabelRules, rules_of
from .labels.text import LabelTable
from .reading.files import display_name
from .recorded_outputs import about_outputs, compare_outputs, reproducing
from .request import STUDY_RELEASE, Request

DATASET_SHAPES = "yolov8"
"""The head of a dataset if nothing is said; a single label file is traced on the study grid."""


@dataclass(frozen=True)
class Opened:
    """A request with everything read but the heads made: batch by batch, so that few are in memory.

    Attributes:
        parts: the batches.
        levels_from: what to change when the levels do not do: a parameter, or the file that tells them.
        synthetic: are the heads no trained model's?
        parameters: of an assigner, as far as they come with the inputs.
        release: of the package: what reads labels, places and assigns.
        remarks: what a user should see although nothing is wrong.
    """

    parts: Sequence[Part | CallPart]
    levels_from: str
    release: ReleaseChoice
    synthetic: bool = False
    parameters: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def begin(self, assigner: Assigner) -> Assigner:
        """The stages of ``assigner`` that run, which for a captured call are not all."""
        return self.parts[0].inputs(maps=False).begin(assigner)

    def require_anchors(self, topk: int) -> None:
        """Has every batch as many anchors as a box selects?

        Raises:
            InputError: one has fewer.
        """
        for part in self.parts:
            part.grid.require_anchors(topk, self.levels_from)

    def require_memory(self) -> None:
        """Can the synthetic heads of every batch be made?

        Raises:
            InputError: they would take more memory than anyone means to use.
        """
        for part in self.parts:
            part.require_memory()


def open_inputs(request: Request) -> Opened:
    """Read labels, shapes and heads, and hold them against each other; or a captured call.

    Raises:
        InputError: a file that cannot be used, or files that contradict each other.
    """
    request.check()
    if request.capture is None:
        return _open_labelled(request)
    call = read_capture(request.capture)
    name = display_name(request.capture)
    compared = compare_outputs(call) if call.outputs else []
    release = request.release_for(recorded=call.recorded_by, answers=reproducing(compared))
    call = replace(call, release=release)
    remarks = list(call.remarks)
    if call.recorded_by is None and request.release is None:
        remarks.append(
            f"the capture does not say which release made it: traced as {release.name}, {release.reason}; "
            "if it was another one, say `release`"
        )
        remarks += filter(None, [about_installed(release, labels=False)])
    if call.outputs:
        remarks.append(about_outputs(call, compared))
    return Opened([CallPart(call)], name, release, parameters=call.parameters, remarks=tuple(remarks))


def _open_labelled(request: Request) -> Opened:
    source = open_source(request.source)
    is_file = request.data is None and source.kind == LABELS
    if request.model:
        if is_file:
            message = "a model is run on pictures, and this is a single label file"
            hint = "give `data`, or the folder or a list of the images"
            raise InputError("model-needs-pictures", message, where=str(request.source), hint=hint)
        return _open_read(request, source, None, None, request.release_for(installed=require_ultralytics()))
    round_up = request.heads is None  # what real heads say is so
    asked = read_shapes(request.shapes, request.imgsz, round_up=round_up) if request.shapes else None
    default = None
    if not asked and not request.heads:
        default = read_shapes(STUDY if is_file else DATASET_SHAPES, request.imgsz, round_up=round_up)
    known = asked or default
    release = request.release_for(study=bool(known and known.is_study))
    try:
        opened = _open_read(request, source, asked, default, release)
    except InputError as error:
        if release.release == STUDY_RELEASE and request.release is None and error.id in KINDS:
            newer = f"read as {release.name}, {release.reason}; newer releases: `release={dotted(NEWEST_MEASURED)}`"
            error.hint = "; ".join(filter(None, [error.hint, newer]))
        raise
    if known is None and opened.parts[0].grid == STUDY_GRID:  # the heads told it
        return _open_read(request, source, asked, default, request.release_for(study=True))
    return opened


def _open_read(
    request: Request, source: Source, asked: Shapes | None, default: Shapes | None, release: ReleaseChoice
) -> Opened:
    """``asked`` are the shapes that were named, ``default`` those to take if neither they nor heads are there."""
    is_file = request.data is None and source.kind == LABELS
    rules = request.rules or rules_of(release.release)
    labels = labels_of_file(request, source.data, release) if is_file else labels_of_dataset(request, source, release)
    classes = max((table.classes for table in labels.tables), default=0)
    nc, nc_source = _known_classes(request, labels, classes, asked)
    real = model = None
    if request.model:
        from .models.model import open_model  # few runs have a model

        model = open_model(request.model, require_ultralytics(), branch=request.branch, nc=nc, seed=request.seed)
        asked = model.shapes(request.imgsz)
        nc, nc_source = _known_classes(request, labels, classes, asked)
    if request.heads:
        imgsz = None if asked else request.imgsz
        real = read_heads(request.heads, Expectations(asked, imgsz, request.reg_max, nc, nc_source, classes))
        nc, nc_source = real.nc, real.name
    shapes = asked or default or (Shapes(real.shapes_name, real.grid) if real else None)
    assert shapes is not None
    if nc:
        _check_classes(labels.tables, nc, nc_source, rules)
    reg_max = real.reg_max if real else model.reg_max if model else request.reg_max or shapes.reg_max or DEFAULT_REG_MAX
    heads = HeadSource(nc or max(classes, 1), reg_max, request.seed, real, model)
    parts, about_boxes = labels.parts(request, shapes, heads)
    remarks = [*labels.remarks, *about_boxes, *([real.reading] if real else [])]
    if request.release is None:
        remarks += filter(None, [about_installed(release, labels=True)])
    if request.imgsz and not real and request.imgsz != (size := (shapes.grid.height, shapes.grid.width)):
        remarks.append(about_rounding(request.imgsz, size))
    if not any(part.boxes for part in parts):
        images = count(sum(part.batch for part in parts), "image")
        what = f"{request.source} is empty" if is_file else f"there is no box in {request.source}"
        if any(len(table.rows) for table in labels.tables):
            what = f"no box of {request.source} is left"
        remarks.append(f"{what}: traced as {images} without boxes")
    named = shapes.name in (STUDY, *LAYOUTS)
    levels_from = Parameter(f"shapes={shapes.name}") if named else shapes.name
    parameters = model.parameters if model else {}
    return Opened(parts, levels_from, release, heads.untaught, parameters, tuple(remarks))


def load_inputs(request: Request) -> tuple[Inputs | Call, list[str]]:
    """Read everything the request names, as one batch.

    Returns:
        The inputs, and remarks that a user should see although nothing is wrong.

    Raises:
        InputError: as :func:`open_inputs`, or more images than ``request.at_once``.
    """
    opened = open_inputs(request)
    if len(opened.parts) > 1:
        message = f"the request makes {len(opened.parts)} batches, expected one"
        hint = "select fewer images, raise at_once, or go through open_inputs(request).parts"
        raise InputError("several-batches", message, hint=hint)
    opened.require_memory()
    return opened.parts[0].inputs(), list(opened.remarks)


def _known_classes(
    request: Request, labels: FileLabels | DatasetLabels, classes: int, shapes: Shapes | None
) -> tuple[int | None, str]:
    """The number of classes that somebody says, and who says it; the labels need at least ``classes``."""
    by_shapes = (shapes.nc, shapes.name) if shapes else (None, "")
    by_option = (request.nc, "`nc`") if request.nc else by_shapes
    known = [(number, source) for number, source in (by_option, (labels.nc, labels.name)) if number]
    if len({number for number, _ in known}) > 1:
        counted = ", ".join(f"{number} according to {source}" for number, source in known)
        message = f"the number of classes is {counted}; the labels need at least {classes}"
        raise InputError("classes-disagree", message, hint="mend or leave out all but one of them")
    return known[0] if known else (None, "`nc`")


def _check_classes(tables: Sequence[LabelTable], nc: int, source: str, rules: LabelRules) -> None:
    for table in tables:
        for row in np.flatnonzero(table.rows[:, 1] >= nc).tolist():
            label = float(table.rows[row, 1])
            message = f"{above_count(label, nc)}, according to {source}"
            if label == nc and rules.class_may_equal_count:
                why = f"{rules.name} accepts it, but its loss indexes past the last class, so there is no trace of it"
                hint = "mend the label or the count"
                raise InputError("class-equals-count", f"{message}; {why}", where=table.place(row), hint=hint)
            raise InputError("class-too-large", message, where=table.place(row))

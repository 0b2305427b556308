"""Labels, shapes and heads put together to the inputs of a run, and held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..assignment.assigner import Assigner
from ..basics.errors import InputError
from ..basics.plural import count
from ..run.given import Call, Inputs
from .batch import CallPart, HeadSource, Part
from .dataset_batches import DatasetLabels
from .datasets.dataset import LABELS, kind_of
from .file_batch import FileLabels
from .heads.capture import read_capture
from .heads.channels import Wanted
from .heads.layout import Heads
from .heads.read import read_heads
from .heads.shapes import DEFAULT_REG_MAX, LAYOUTS, STUDY, Shapes, read_shapes
from .labels.row import above_count
from .labels.rules import LabelRules
from .reading.files import display_name
from .request import Request

DATASET_SHAPES = "yolov8"
"""The head of a dataset if nothing is said; a single label file is traced on the study grid."""


@dataclass(frozen=True)
class Opened:
    """A request with everything read but the heads made: batch by batch, so that few are in memory.

    Attributes:
        parts: the batches.
        levels_from: what to change when the levels do not do: an option, or the file that tells them.
        synthetic: are the heads no trained model's?
        parameters: of an assigner, as far as they come with the inputs.
        remarks: what a user should see although nothing is wrong.
    """

    parts: Sequence[Part | CallPart]
    levels_from: str
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
    return Opened([CallPart(call)], name, parameters=call.parameters, remarks=call.remarks)


def _open_labelled(request: Request) -> Opened:
    is_file = request.data is None and kind_of(request.source) == LABELS
    labels = FileLabels(request, request.source) if is_file else DatasetLabels(request)
    given = read_shapes(request.shapes, request.imgsz) if request.shapes else None
    nc, nc_source = _said_classes(request, labels, given)
    heads = None
    if request.heads:
        imgsz = None if given else request.imgsz
        wanted = Wanted(given, imgsz, request.reg_max, nc, nc_source, labels.classes)
        heads = read_heads(request.heads, wanted)
        nc, nc_source = heads.nc, heads.name
    default = STUDY if is_file else DATASET_SHAPES
    shapes = given or (Shapes(heads.shapes_name, heads.grid) if heads else read_shapes(default, request.imgsz))
    reg_max = heads.reg_max if heads else request.reg_max or shapes.reg_max or DEFAULT_REG_MAX
    parts = labels.parts(shapes, HeadSource(nc or max(labels.classes, 1), reg_max, request.seed, heads))
    for part in parts if nc else []:
        _check_classes(part, nc or 0, nc_source, request.rules)
    if is_file:
        parts = [_in_batch(part, shapes, heads) for part in parts]
    elif heads:
        _check_images(labels.images, parts, heads)
    remarks = [*labels.remarks, *([heads.reading] if heads else [])]
    if not any(part.boxes for part in parts):
        images = count(sum(part.batch for part in parts), "image")
        what = f"{request.source} is empty" if is_file else f"there is no box in {request.source}"
        remarks.append(f"{what}: traced as {images} without boxes")
    named = shapes.name in (STUDY, *LAYOUTS)
    levels_from = f"--shapes {shapes.name}" if named else shapes.name
    return Opened(parts, levels_from, synthetic=heads is None, remarks=tuple(remarks))


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


def _said_classes(
    request: Request, labels: FileLabels | DatasetLabels, shapes: Shapes | None
) -> tuple[int | None, str]:
    """The number of classes that somebody says, and who says it."""
    option = (request.nc, "--nc") if request.nc else (shapes.nc if shapes else None, shapes.name if shapes else "")
    said = [(number, source) for number, source in (option, (labels.nc, labels.name)) if number]
    if len({number for number, _ in said}) > 1:
        counted = ", ".join(f"{number} according to {source}" for number, source in said)
        message = f"the number of classes is {counted}; the labels need at least {labels.classes}"
        raise InputError("classes-disagree", message, hint="mend or leave out all but one of them")
    return said[0] if said else (None, "--nc")


def _check_classes(part: Part, nc: int, source: str, rules: LabelRules) -> None:
    rows = part.rows
    for row in np.flatnonzero(rows[:, 1] >= nc).tolist():
        message = f"{above_count(rows[row, 1], nc)}, according to {source}"
        if rows[row, 1] == nc and rules.class_may_equal_count:
            message += (
                f"; {rules.name} accepts it, but its loss indexes past the last class, so there is no trace of it"
            )
            raise InputError("class-equals-count", message, where=part.place(row), hint="mend the label or the count")
        raise InputError("class-too-large", message, where=part.place(row))


def _in_batch(part: Part, shapes: Shapes, heads: Heads | None) -> Part:
    """The rows of a single file in the batch that heads or shapes ask for.

    Raises:
        InputError: a row whose image is not in it, or heads and shapes that differ.
    """
    if heads and shapes.batch and heads.batch != shapes.batch:
        message = f"expected a batch of {shapes.batch} according to {shapes.name}, found {heads.batch}"
        raise InputError("wrong-batch", message, where=heads.path)
    batch = heads.batch if heads else shapes.batch or part.batch
    source = heads.name if heads else shapes.name
    rows = part.rows
    if batch > 1 and len(rows) and not part.has_images:
        raise InputError(
            "rows-without-image",
            f"rows of five numbers are one image, but the batch has {batch} images according to {source}",
            where=part.place(0),
            hint="begin every row with the number of its image: image class cx cy w h",
        )
    for row in np.flatnonzero(rows[:, 0] >= batch).tolist():
        image = f"image is {rows[row, 0]:g}"
        numbers = "0" if batch == 1 else f"0 to {batch - 1}"
        message = f"{image}, but the batch has {count(batch, 'image')}, {numbers}, according to {source}"
        raise InputError("image-too-large", message, where=part.place(row))
    return replace(part, batch=batch)


def _check_images(images: int, parts: Sequence[Part], heads: Heads) -> None:
    """Are there as many heads as images of the dataset, all of the same input?"""
    if heads.batch != images:
        message = f"expected heads of {count(images, 'image')}, as many as are traced, found {heads.batch}"
        hint = f"select them with --images, such as --images 0:{heads.batch}"
        raise InputError("wrong-batch", message, where=heads.path, hint=hint)
    for part in parts:
        if part.grid != heads.grid:
            message = f"the heads are of {heads.grid}, but with --rect {part.images[0].name} has {part.grid}"
            raise InputError("heads-do-not-fit", message, where=heads.path, hint="leave --rect out, or trace one image")

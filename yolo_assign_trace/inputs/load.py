"""Labels, shapes and heads put together to the inputs of a run, and held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..grid import Grid
from ..plural import count
from ..record import Inputs
from .head_channels import Wanted
from .head_layout import Heads
from .heads import read_heads, synthetic_maps
from .labels import Labels, read_labels
from .shapes import DEFAULT_REG_MAX, STUDY, Shapes, read_shapes

LARGEST_HEADS = 8 << 30
"""Bytes of synthetic heads beyond which the request is taken for a mistake."""


@dataclass(frozen=True)
class Request:
    """What a user asked for; None where nothing was said."""

    labels: Path
    shapes: str | None = None
    imgsz: tuple[int, int] | None = None
    heads: Path | None = None
    nc: int | None = None
    reg_max: int | None = None
    seed: int = 0


def load_inputs(request: Request) -> tuple[Inputs, list[str]]:
    """Read everything the request names.

    Returns:
        The inputs, and remarks that a user should see although nothing is wrong.

    Raises:
        InputError: a file that cannot be used, or files that contradict each other.
    """
    labels = read_labels(request.labels)
    given = read_shapes(request.shapes, request.imgsz) if request.shapes else None
    heads = None
    if request.heads:
        imgsz = None if given else request.imgsz
        wanted = Wanted(given, imgsz, request.reg_max, request.nc, labels_classes=labels.classes)
        heads = read_heads(request.heads, wanted)
        shapes = given or Shapes(heads.shapes_name, heads.grid)
        reg_max = heads.reg_max
    else:
        shapes = given or read_shapes(STUDY, request.imgsz)
        reg_max = request.reg_max or shapes.reg_max or DEFAULT_REG_MAX
    nc = _classes(request, shapes, heads, labels)
    batch = _batch(shapes, heads, labels)
    channels = 4 * reg_max + nc
    if heads:
        maps = heads.maps
        about = f"{heads.name}: {len(maps)} maps of {batch} images, {channels} channels, sha256 {heads.digest}"
    else:
        _check_size(shapes.grid, batch, channels)
        maps = synthetic_maps(shapes.grid, batch, channels, request.seed)
        about = f"synthetic, seed {request.seed}: not a trained model"
    boxes = f"{count(len(labels.rows), 'box')} in {count(batch, 'image')}"
    lines = {
        "labels": f"{labels.name}: {boxes}, {count(nc, 'class')}, sha256 {labels.digest}",
        "heads": about,
    }
    remarks = [heads.reading] if heads else []
    if not len(labels.rows):
        remarks.append(f"{labels.path} is empty: traced as {count(batch, 'image')} without boxes")
    return Inputs(shapes.grid, maps, labels.rows, batch, nc, reg_max, lines), remarks


def _classes(request: Request, shapes: Shapes, heads: Heads | None, labels: Labels) -> int:
    said = heads.nc if heads else request.nc or shapes.nc
    source = heads.name if heads else "--nc" if request.nc else shapes.name
    nc = said or max(labels.classes, 1)
    for row, label in enumerate(labels.rows[:, 1].tolist()):
        if label >= nc:
            raise InputError(
                "class-too-large",
                f"class is {label:g}, but there are {nc} classes, 0 to {nc - 1}, according to {source}",
                where=labels.where(row),
            )
    return nc


def _batch(shapes: Shapes, heads: Heads | None, labels: Labels) -> int:
    if heads and shapes.batch and heads.batch != shapes.batch:
        message = f"expected a batch of {shapes.batch} according to {shapes.name}, found {heads.batch}"
        raise InputError("wrong-batch", message, where=heads.path)
    batch = heads.batch if heads else shapes.batch or labels.images
    if batch > 1 and len(labels.rows) and not labels.has_images:
        source = heads.name if heads else shapes.name
        raise InputError(
            "rows-without-image",
            f"rows of five numbers are one image, but the batch has {batch} images according to {source}",
            where=labels.where(0),
            hint="begin every row with the number of its image: image class cx cy w h",
        )
    for row, image in enumerate(labels.rows[:, 0].tolist()):
        if image >= batch:
            source = heads.name if heads else shapes.name
            raise InputError(
                "image-too-large",
                f"image is {image:g}, but the batch has {batch} images, 0 to {batch - 1}, according to {source}",
                where=labels.where(row),
            )
    return batch


def _check_size(grid: Grid, batch: int, channels: int) -> None:
    size = 4 * batch * channels * grid.anchors
    if size > LARGEST_HEADS:
        raise InputError(
            "too-large",
            f"synthetic heads for {count(batch, 'image')}, {channels} channels and {grid.anchors} anchors "
            f"would take {size / 2**30:.1f} GiB",
            hint="trace fewer images, classes or a smaller input at a time",
        )

"""Labels, shapes and heads put together to the inputs of a run, and held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..grid import Grid
from ..plural import count
from ..record import Inputs
from .heads import Heads, check_heads, read_heads, synthetic_maps
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
    shapes = read_shapes(request.shapes or STUDY, request.imgsz)
    heads = read_heads(request.heads) if request.heads else None
    if heads:
        check_heads(heads, shapes.grid, shapes_name=shapes.name, shapes_given=request.shapes is not None)

    reg_max = request.reg_max or shapes.reg_max or DEFAULT_REG_MAX
    nc = _classes(request, shapes, heads, labels, reg_max)
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
    remarks = []
    if not len(labels.rows):
        remarks.append(f"{labels.path} is empty: traced as {count(batch, 'image')} without boxes")
    return Inputs(shapes.grid, maps, labels.rows, batch, nc, reg_max, lines), remarks


def _classes(request: Request, shapes: Shapes, heads: Heads | None, labels: Labels, reg_max: int) -> int:
    said = request.nc or shapes.nc
    source = "--nc" if request.nc else shapes.name
    if heads:
        from_heads = heads.channels - 4 * reg_max
        if from_heads < 1 or (said and said != from_heads):
            classes = f"{said} classes" if said else "at least 1 class"
            raise InputError(
                "wrong-channels",
                f"expected 4·{reg_max} + {said or 1} = {4 * reg_max + (said or 1)} channels "
                f"for {classes} at reg_max {reg_max}, found {heads.channels}",
                where=heads.path,
                hint="mend --nc or --reg-max: channels = 4·reg_max + nc",
            )
        said, source = from_heads, f"{heads.name} with {heads.channels} - 4·{reg_max} class channels"
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

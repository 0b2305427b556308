"""The labels of the images of a dataset that a request selects, in batches."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..assignment.grid import Grid
from ..basics.errors import InputError, Parameter
from ..basics.plural import count
from ..run.given import Image
from ..run.letterbox import TRAIN, Letterbox
from ..run.release_choice import ReleaseChoice
from .batch import HeadSource, Part
from .dataset_images import ImageReader, no_image_left, sorted_by_shape, without_mixed_polygons
from .datasets.dataset import Source, dataset_of, select_images
from .datasets.entries import YAML, Dataset
from .heads.shapes import LAYOUTS, Shapes
from .labels.findings import Finding, remarks_about
from .labels.placed import PlacedTable, place_table
from .labels.text import FOUND, LabelTable
from .reading.files import display_name
from .request import Request


class _Picked(NamedTuple):
    """An image that is traced: its position in the dataset, its labels and size."""

    position: int
    table: LabelTable
    size: tuple[int, int] | None


@dataclass(frozen=True)
class DatasetLabels:
    """The labels of the selected images.

    Attributes:
        dataset: where they are from.
        chosen: positions of the selected images.
        picked: those that are traced; images may have been dropped.
        release: of the package: what reads labels and places boxes.
        shapes_of: (width, height) of all images by position, if they are sorted into rectangular batches.
        remarks: what was dropped or changed, in sentences.
    """

    dataset: Dataset
    chosen: range
    picked: tuple[_Picked, ...]
    release: ReleaseChoice
    shapes_of: tuple[tuple[int, int], ...] | None
    remarks: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def nc(self) -> int | None:
        """What the dataset says."""
        return self.dataset.nc

    @property
    def tables(self) -> list[LabelTable]:
        return [picked.table for picked in self.picked]

    def parts(self, request: Request, shapes: Shapes, heads: HeadSource) -> tuple[list[Part], list[str]]:
        """Images in order, at most ``request.at_once`` a batch, and remarks about their boxes.

        Batches are cut before images are dropped, so that the other images keep their companions and file names; with
        ``rect`` they are those of training, counted from the first image of the dataset.

        Raises:
            InputError: levels that do not fit any input, or heads that are not those of the images.
        """
        at_once, first = request.at_once, 0 if request.rect else self.chosen[0]
        parts, findings, at = [], list[Finding](), 0
        for number, group in groupby(self.picked, key=lambda picked: (picked.position - first) // at_once):
            batch = range(first + number * at_once, first + (number + 1) * at_once)
            grid, long_side = shapes.grid, None
            if self.shapes_of:
                long_side = max(grid.height, grid.width)
                grid = self._rectangle(shapes, long_side, self.shapes_of[batch.start : batch.stop])
            members, odd = self._placed(list(group), grid, long_side)
            findings += odd
            span = (max(batch.start, self.chosen[0]), min(batch.stop, self.chosen.stop) - 1)
            parts.append(self._part(members, grid, heads, span, at))
            at += len(members)
        _check_images(parts, heads)
        return parts, list(remarks_about(findings))

    def _rectangle(self, shapes: Shapes, long_side: int, sizes: Sequence[tuple[int, int]]) -> Grid:
        if not shapes.fits_any:
            hint = f"choose a head: `shapes={', '.join(LAYOUTS)}`"
            raise InputError(
                "rect-needs-a-head", "only a named head fits any input", where=Parameter("rect"), hint=hint
            )
        return shapes.at(self.release.placing.rect_imgsz(sizes, long_side, max(shapes.strides))).grid

    def _placed(
        self, members: list[_Picked], grid: Grid, long_side: int | None
    ) -> tuple[list[tuple[_Picked, PlacedTable]], list[Finding]]:
        """The images of a batch as they lie in the input, and what is to be pointed out about their boxes."""
        imgsz = (grid.height, grid.width)
        placing, whole, placed, findings = self.release.placing, Letterbox.whole(imgsz), [], list[Finding]()
        for picked in members:
            box = Letterbox.of(picked.size, imgsz, placing, long_side=long_side) if picked.size else None
            table, odd = place_table(picked.table, box, whole, placing)
            placed.append((picked, table))
            findings += odd
        return placed, findings

    def _part(
        self,
        members: Sequence[tuple[_Picked, PlacedTable]],
        grid: Grid,
        heads: HeadSource,
        span: tuple[int, int],
        at: int,
    ) -> Part:
        entries = [self.dataset.entries[picked.position] for picked, _ in members]
        names = [display_name(Path(entry.name)) for entry in entries]
        digest = hashlib.sha256()
        for picked, _ in members:
            rows = picked.table.rows.astype(np.float64)
            digest.update(len(rows).to_bytes(8, "little") + rows.tobytes())
        positions = [picked.position for picked, _ in members]
        numbers = f"image {positions[0]}" if len(positions) == 1 else f"images {positions[0]} to {positions[-1]}"
        return Part(
            name=f"{self.name} {numbers}",
            grid=grid,
            tables=[table for _, table in members],
            heads=heads,
            release=self.release,
            batch=len(members),
            digest=digest.hexdigest()[:12],
            images=tuple(Image(name, table.letterbox) for name, (_, table) in zip(names, members, strict=True)),
            pictures=tuple(entry.image for entry in entries),
            class_names=self.dataset.class_names,
            positions=positions,
            span=span,
            at=at,
        )


def labels_of_dataset(request: Request, source: Source, release: ReleaseChoice) -> DatasetLabels:
    """Read the labels of all selected images, so that everything wrong is told before anything is traced.

    With ``rect`` all images are looked at and sorted first, without those that are dropped, as training does; they are
    selected after that.

    Raises:
        InputError: a source that cannot be used, rows or images that training refuses, or an image whose size is not
            known.
    """
    default = "train" if source.kind == YAML else None
    splits = [split] if (split := request.split or default) else None
    dataset = dataset_of(source, splits=splits, labels=request.labels if request.data else None)
    counts = {request.nc, dataset.nc} - {None}
    nc = counts.pop() if len(counts) == 1 else None  # where they disagree, load.py names all numbers
    reader = ImageReader(request, release, nc)
    dropped, shapes_of = list[str](), None
    if request.rect:
        in_order, dropped = sorted_by_shape(dataset.entries, reader)
        dataset = replace(dataset, entries=[one.entry for one in in_order])
        shapes_of = tuple(reader.shape(one) for one in in_order)
        chosen = select_images(in_order, request.images)
        looked_at = in_order[chosen.start : chosen.stop]
    else:
        chosen = select_images(dataset.entries, request.images)
        looked_at = reader.read_all(dataset.entries[position] for position in chosen)
    about_training = list[str]()
    if request.mode == TRAIN:
        looked_at, about_training = without_mixed_polygons(dataset.entries, looked_at, reader)
    picked, odd = list[_Picked](), list[Finding]()
    for position, one in zip(chosen, looked_at, strict=True):
        table, words = one.left(request.on_bad)
        dropped += [words] if words else []
        odd += [*(one.about_image if table else ()), *one.table.findings]
        if table:
            picked.append(_Picked(position, table, reader.size(one)))
    if not picked:
        raise no_image_left(request)
    about = [*(f"read {remark}" for remark in dataset.remarks), *remarks_about(dataset.findings)]
    remarks = [*about, *dropped, *remarks_about(odd), *about_training]
    states = Counter(one.table.state for one in looked_at)
    if set(states) - {FOUND}:
        counted = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        remarks.append(f"label files: {counted}; images without boxes are background")
    return DatasetLabels(dataset, chosen, tuple(picked), release, shapes_of, tuple(remarks))


def _check_images(parts: list[Part], heads: HeadSource) -> None:
    """Are there as many real heads as images, all of the same input?"""
    real, images = heads.real, sum(part.batch for part in parts)
    if real is None:
        return
    if real.batch != images:
        message = f"expected heads of {count(images, 'image')}, as many as are traced, found {real.batch}"
        hint = f"select them with `images`, such as `images=0:{real.batch}`"
        raise InputError("wrong-batch", message, where=real.path, hint=hint)
    names = [Path(image.name).name for part in parts for image in part.images]
    for i, (name, theirs) in enumerate(zip(names, real.images, strict=False)):
        if name != Path(theirs).name:
            message = f"image {i} of the heads is {Path(theirs).name}, but {name} is traced there"
            hint = "save the heads of these images in this order, unshuffled and without augmentation"
            raise InputError("heads-of-other-images", message, where=real.path, hint=hint)
    for part in parts:
        if part.grid != real.grid:
            message = f"the heads are of {real.grid}, but with `rect` {part.images[0].name} has {part.grid}"
            raise InputError("heads-do-not-fit", message, where=real.path, hint="leave `rect` out, or trace one image")

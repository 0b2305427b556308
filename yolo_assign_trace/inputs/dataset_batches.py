"""The labels of the images of a dataset that a request selects, in batches."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from .datasets.dataset import Source, dataset_of, select_images
from .datasets.entries import Dataset, Entry
from .datasets.image_check import CheckedImage, findings_about, look_at
from .datasets.image_files import NearMisses
from .datasets.read_entry import read_entry
from .heads.shapes import LAYOUTS, Shapes, layout_grid
from .labels.findings import ERROR, Finding, as_error, remarks_about
from .labels.policy import DROP_IMAGE, STOP, drop_failures
from .labels.row import BOXES
from .labels.rules import rules_of
from .labels.text import FOUND, LabelTable
from .placed import PlacedTable, place_table
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
        if shapes.name not in LAYOUTS:
            hint = f"choose a head: `shapes={', '.join(LAYOUTS)}`"
            raise InputError(
                "rect-needs-a-head", "only a named head fits any input", where=Parameter("rect"), hint=hint
            )
        return layout_grid(shapes.name, self.release.placing.rect_imgsz(sizes, long_side, max(LAYOUTS[shapes.name])))

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
            class_names=self.dataset.class_names,
            positions=positions,
            span=span,
            at=at,
        )


def labels_of_dataset(request: Request, source: Source, release: ReleaseChoice) -> DatasetLabels:
    """Read the labels of all selected images, so that everything wrong is told before anything is traced.

    Raises:
        InputError: a source that cannot be used, rows or images that training refuses, or an image whose size is not
            known.
    """
    splits = [request.split or "train"] if request.data else [request.split] if request.split else None
    dataset = dataset_of(source, splits=splits, labels=request.labels if request.data else None)
    counts = {request.nc, dataset.nc} - {None}
    nc = counts.pop() if len(counts) == 1 else None  # where they disagree, load.py names all numbers
    reader = _Reader(request, release, nc)
    shapes_of = None
    if request.rect:
        dataset, shapes_of = _sorted_by_shape(dataset, reader)
    chosen = select_images(dataset.entries, request.images)
    looked_at = [reader.read(dataset.entries[position]) for position in chosen]
    bad = [failure for one in looked_at for failure in one.failures]
    if bad and request.on_bad == STOP:
        raise as_error(bad)
    if request.mode == TRAIN:
        looked_at = _without_mixed_polygons(dataset, looked_at, reader)
    picked, dropped = _pick(request, chosen, looked_at)
    if not picked:
        message = "every image is dropped, for its rows or for itself, so none is left"
        raise InputError("no-image-left", message, where=str(request.source), hint="see yolo-assign labels")
    odd = [finding for one in looked_at for finding in (*one.about_image, *one.table.findings)]
    about = [*(f"read {remark}" for remark in dataset.remarks), *remarks_about(dataset.findings)]
    remarks = [*about, *dropped, *remarks_about(odd)]
    states = Counter(one.table.state for one in looked_at)
    if set(states) - {FOUND}:
        counted = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        remarks.append(f"label files: {counted}; images without boxes are background")
    return DatasetLabels(dataset, chosen, tuple(picked), release, shapes_of, tuple(remarks))


class _LookedAt(NamedTuple):
    """An image with its labels, and what was found out about it; None where no image has to be looked at."""

    entry: Entry
    table: LabelTable
    image: CheckedImage | None

    @property
    def about_image(self) -> list[Finding]:
        return findings_about(self.entry, self.image)

    @property
    def failures(self) -> list[Finding]:
        """Why training drops the image."""
        return [*(f for f in self.about_image if f.grade == ERROR), *self.table.failures]


@dataclass(frozen=True)
class _Reader:
    """Reads labels and images as the request says."""

    request: Request
    release: ReleaseChoice
    nc: int | None
    near: NearMisses = field(default_factory=NearMisses)

    def read(self, entry: Entry) -> _LookedAt:
        given = self.request.image_size
        image = CheckedImage(size=given, checked=given) if given else None
        if not given and not self.request.letterboxed:
            image = look_at(entry, self.release.release)
        return _LookedAt(entry, self.read_table(entry), image)

    def read_table(self, entry: Entry) -> LabelTable:
        return read_entry(entry, self.request.rules or rules_of(self.release.release), self.nc, self.near)


def _sorted_by_shape(dataset: Dataset, reader: _Reader) -> tuple[Dataset, tuple[tuple[int, int], ...]]:
    """The images by height over width, as rectangular batches are cut, and the sizes that they are sorted by.

    Training has dropped what it refuses before. If that ends the run, the images stay in.
    """
    looked_at = [reader.read(entry) for entry in dataset.entries]
    if reader.request.on_bad != STOP:
        looked_at = [one for one in looked_at if not one.failures]
    sizes = [one.image.checked if one.image and one.image.checked else (1, 1) for one in looked_at]
    order = sorted(range(len(looked_at)), key=lambda i: sizes[i][1] / sizes[i][0])
    entries = [looked_at[i].entry for i in order]
    return replace(dataset, entries=entries), tuple(sizes[i] for i in order)


def _without_mixed_polygons(dataset: Dataset, looked_at: list[_LookedAt], reader: _Reader) -> list[_LookedAt]:
    """Training forgets all polygons if any file of the dataset has boxes instead."""
    if not any(one.table.polygons for one in looked_at):
        return looked_at
    others = (reader.read_table(entry) for entry in dataset.entries)
    if not any(table.form == BOXES and len(table.rows) for table in others):
        return looked_at
    return [one._replace(table=replace(one.table, polygons=())) for one in looked_at]


def _pick(request: Request, chosen: range, looked_at: Sequence[_LookedAt]) -> tuple[list[_Picked], list[str]]:
    """What is traced under ``request.on_bad``, and in words what is dropped."""
    picked, dropped = list[_Picked](), list[str]()
    for position, (entry, table, image) in zip(chosen, looked_at, strict=True):
        if image and image.finding and request.on_bad != STOP:
            text = f"dropped the image {entry.image}: {image.problem} [{image.finding}]"
            dropped.append(text)
            continue
        kept, words = drop_failures(table, request.on_bad)
        if words:
            dropped.append(words)
            if request.on_bad == DROP_IMAGE:
                continue
        picked.append(_Picked(position, kept, _size(request, entry, image)))
    return picked, dropped


def _size(request: Request, entry: Entry, image: CheckedImage | None) -> tuple[int, int] | None:
    """Width and height of an image; None where labels are fractions of the input already."""
    if request.letterboxed:
        return None
    if image is None or image.size is None:
        missing = "there is no image of this name" if image is None else "there is no such image"
        raise InputError(
            "image-size-unknown",
            f"{missing}, so its size is not known",
            where=entry.label if image is None else str(entry.image),
            hint="give `image_size=WxH`, or `letterboxed` if the labels are fractions of the network input",
        )
    return image.size


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

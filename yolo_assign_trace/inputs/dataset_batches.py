"""The labels of the images of a dataset that a request selects, in batches."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..assignment.grid import Grid
from ..basics.errors import InputError, Parameter
from ..basics.plural import count
from ..basics.printable import printable
from ..run.given import Image
from ..run.letterbox import Letterbox, rect_imgsz
from .batch import HeadSource, Part
from .datasets.dataset import Source, dataset_of, select_images
from .datasets.entries import Dataset, Entry
from .datasets.image_files import NearMisses
from .datasets.read_entry import read_entry, size_of
from .heads.shapes import LAYOUTS, Shapes, layout_grid
from .labels.findings import Finding, as_error, remarks_about
from .labels.geometry import geometry_findings
from .labels.policy import DROP_IMAGE, STOP, drop_failures
from .labels.text import FOUND, LabelTable
from .reading.files import display_name
from .request import Request


class _Picked(NamedTuple):
    """An image that is traced: which of the selected ones it is, its position in the dataset, its labels and size."""

    rank: int
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
        remarks: what was dropped or changed, in sentences.
    """

    dataset: Dataset
    chosen: range
    picked: tuple[_Picked, ...]
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

        With ``rect`` a batch also ends where the input changes its size. Batches are cut before images are dropped,
        so that the other images keep their companions and file names.

        Raises:
            InputError: levels that do not fit any input, or heads that are not those of the images.
        """
        grids = [_grid(request, shapes, picked) for picked in self.picked]
        parts, at = [], 0
        both = zip(self.picked, grids, strict=True)
        for (number, grid), group in groupby(both, key=lambda item: (item[0].rank // request.at_once, item[1])):
            members = [picked for picked, _ in group]
            parts.append(self._part(members, grid, heads, self._span(request, number, members), at))
            at += len(members)
        _check_images(parts, heads)
        return parts, list(remarks_about(finding for part in parts for finding in _geometry(part)))

    def _span(self, request: Request, number: int, members: list[_Picked]) -> tuple[int, int]:
        """First and last position of a batch: with ``rect`` those of its images, otherwise also of dropped ones."""
        if request.rect:
            return members[0].position, members[-1].position
        first = number * request.at_once
        last = min(first + request.at_once, len(self.chosen)) - 1
        return self.chosen[first], self.chosen[last]

    def _part(self, members: list[_Picked], grid: Grid, heads: HeadSource, span: tuple[int, int], at: int) -> Part:
        imgsz = (grid.height, grid.width)
        letterboxes = [Letterbox.of(picked.size, imgsz) if picked.size else None for picked in members]
        names = [display_name(Path(self.dataset.entries[picked.position].name)) for picked in members]
        digest = hashlib.sha256()
        for picked in members:
            rows = picked.table.rows.astype(np.float64)
            digest.update(len(rows).to_bytes(8, "little") + rows.tobytes())
        first, last = members[0].position, members[-1].position
        numbers = f"image {first}" if last == first else f"images {first} to {last}"
        return Part(
            name=f"{self.name} {numbers}",
            grid=grid,
            tables=[picked.table for picked in members],
            letterboxes=letterboxes,
            heads=heads,
            batch=len(members),
            digest=digest.hexdigest()[:12],
            images=tuple(map(Image, names, letterboxes)),
            class_names=self.dataset.class_names,
            positions=[picked.position for picked in members],
            span=span,
            at=at,
        )


def labels_of_dataset(request: Request, source: Source) -> DatasetLabels:
    """Read the labels of all selected images, so that everything wrong is told before anything is traced.

    Raises:
        InputError: a source that cannot be used, rows that fail, or an image whose size is not known.
    """
    splits = [request.split or "train"] if request.data else [request.split] if request.split else None
    dataset = dataset_of(source, splits=splits, labels=request.labels if request.data else None)
    chosen = select_images(dataset.entries, request.images)
    counts = {request.nc, dataset.nc} - {None}
    nc = counts.pop() if len(counts) == 1 else None  # where they disagree, load.py names all numbers
    entries, near = [dataset.entries[position] for position in chosen], NearMisses()
    tables = [read_entry(entry, request.rules, nc, near) for entry in entries]
    bad = [failure for table in tables for failure in table.failures]
    if bad and request.on_bad == STOP:
        raise as_error(bad)
    picked, dropped = _pick(request, chosen, entries, tables)
    if not picked:
        message = "every image has rows that fail or cannot be read, so none is left"
        raise InputError("no-image-left", message, where=str(request.source), hint="see yolo-assign labels")
    odd = [finding for both in zip(entries, tables, strict=True) for finding in _about_image(*both)]
    about = [*(f"read {remark}" for remark in dataset.remarks), *remarks_about(dataset.findings)]
    remarks = [*about, *dropped, *remarks_about(odd)]
    states = Counter(table.state for table in tables)
    if set(states) - {FOUND}:
        counted = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        remarks.append(f"label files: {counted}; images without boxes are background")
    return DatasetLabels(dataset, chosen, tuple(picked), tuple(remarks))


def _pick(
    request: Request, chosen: range, entries: Sequence[Entry], tables: Sequence[LabelTable]
) -> tuple[list[_Picked], list[str]]:
    """What is traced under ``request.on_bad``, and in words what is dropped."""
    picked, dropped = list[_Picked](), list[str]()
    for rank, (position, entry, table) in enumerate(zip(chosen, entries, tables, strict=True)):
        kept, words = drop_failures(table, request.on_bad)
        if words:
            dropped.append(words)
            if request.on_bad == DROP_IMAGE:
                continue
        try:
            picked.append(_Picked(rank, position, kept, _size(request, entry)))
        except InputError as error:
            if request.on_bad != DROP_IMAGE or error.id == "image-size-unknown":
                raise
            dropped.append(f"dropped the image {printable(error.where)}: {error.message} [{error.id}]")
    return picked, dropped


def _size(request: Request, entry: Entry) -> tuple[int, int] | None:
    """Width and height of an image; None where labels are fractions of the input already."""
    if request.letterboxed:
        return None
    size = request.image_size or size_of(entry)
    if size is None:
        raise InputError(
            "image-size-unknown",
            "there is no image of this name, so its size is not known",
            where=entry.label,
            hint="give `image_size=WxH`, or `letterboxed` if the labels are fractions of the network input",
        )
    return size


def _grid(request: Request, shapes: Shapes, picked: _Picked) -> Grid:
    if not request.rect or picked.size is None:
        return shapes.grid
    if shapes.name not in LAYOUTS:
        hint = f"choose a head: `shapes={', '.join(LAYOUTS)}`"
        raise InputError("rect-needs-a-head", "only a named head fits any input", where=Parameter("rect"), hint=hint)
    long_side = max(shapes.grid.height, shapes.grid.width)
    return layout_grid(shapes.name, rect_imgsz(picked.size, long_side, LAYOUTS[shapes.name]))


def _check_images(parts: list[Part], heads: HeadSource) -> None:
    """Are there as many real heads as images, all of the same input?"""
    real, images = heads.real, sum(part.batch for part in parts)
    if real is None:
        return
    if real.batch != images:
        message = f"expected heads of {count(images, 'image')}, as many as are traced, found {real.batch}"
        hint = f"select them with `images`, such as `images=0:{real.batch}`"
        raise InputError("wrong-batch", message, where=real.path, hint=hint)
    for part in parts:
        if part.grid != real.grid:
            message = f"the heads are of {real.grid}, but with `rect` {part.images[0].name} has {part.grid}"
            raise InputError("heads-do-not-fit", message, where=real.path, hint="leave `rect` out, or trace one image")


def _about_image(entry: Entry, table: LabelTable) -> list[Finding]:
    if entry.image is None or os.path.exists(entry.image):  # noqa: PTH110 - names may be too long for a Path
        return list(table.findings)
    return [*table.findings, Finding("image-not-found", "there is no such image", entry.image)]


def _geometry(part: Part) -> Iterator[Finding]:
    """What is to be pointed out about the boxes as they lie in the input."""
    imgsz = (part.grid.height, part.grid.width)
    whole = Letterbox.of((part.grid.width, part.grid.height), imgsz)
    for table, letterbox in zip(part.tables, part.letterboxes, strict=True):
        yield from geometry_findings(table, imgsz, letterbox or whole)

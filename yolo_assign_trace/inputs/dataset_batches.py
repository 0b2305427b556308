"""The labels of the images of a dataset that a request selects, in batches."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from ..assignment.grid import Grid
from ..basics.errors import InputError
from ..basics.printable import printable
from ..run.given import Image
from ..run.letterbox import Letterbox, rect_imgsz
from .batch import Part, Source
from .datasets.dataset import Entry, open_dataset, select_images
from .datasets.image_files import NearMisses
from .datasets.read_entry import FOUND, ReadEntry, apply_policy, read_entry, size_of
from .heads.shapes import LAYOUTS, Shapes, layout_grid
from .labels.findings import Finding, as_error
from .labels.geometry import geometry_findings
from .labels.rules import DROP_IMAGE
from .labels.single_file import said
from .reading.files import display_name
from .request import Request


@dataclass(frozen=True)
class _Picked:
    """An image that is traced: which of the selected ones it is, its position in the dataset, its labels and size."""

    rank: int
    position: int
    read: ReadEntry
    size: tuple[int, int] | None


class DatasetLabels:
    """The labels of the selected images; batches of at most ``request.at_once``.

    All label files are read at once, so that everything wrong is told before anything is traced.

    Raises:
        InputError: a source that cannot be used, rows that fail, or an image whose size is not known.
    """

    from_dataset = True

    def __init__(self, request: Request) -> None:
        splits = [request.split or "train"] if request.data else [request.split] if request.split else None
        self.request = request
        self.dataset = open_dataset(request.source, splits=splits, labels=request.labels if request.data else None)
        self.name, self.class_names, self.nc = self.dataset.name, self.dataset.class_names, self.dataset.nc
        self.remarks = [*(f"read {remark}" for remark in self.dataset.remarks), *said(self.dataset.findings)]
        self.chosen = select_images(self.dataset.entries, request.images)
        self.picked = self._read()
        self.images = len(self.picked)
        tables = [picked.read.table for picked in self.picked]
        self.classes = max((int(table.rows[:, 1].max()) + 1 for table in tables if len(table.rows)), default=0)

    def _read(self) -> list[_Picked]:
        counts = {self.request.nc, self.nc} - {None}
        nc = counts.pop() if len(counts) == 1 else None  # where they disagree, load.py names all numbers
        states, bad, odd, picked = Counter[str](), list[Finding](), list[Finding](), list[_Picked]()
        near = NearMisses()
        for rank, position in enumerate(self.chosen):
            entry = self.dataset.entries[position]
            read = read_entry(entry, self.request.rules, nc, near)
            states[read.state] += 1
            table, stops, dropped = apply_policy(read, self.request.on_bad)
            bad += stops
            odd += [*table.findings, *_about_image(entry)]
            if dropped:
                self.remarks.append(dropped)
                if self.request.on_bad == DROP_IMAGE:
                    continue
            if bad:
                continue  # the run ends, so sizes do not matter any more
            try:
                size = self._size(entry)
            except InputError as error:
                if self.request.on_bad != DROP_IMAGE or error.id == "image-size-unknown":
                    raise
                self.remarks.append(f"dropped the image {printable(error.where)}: {error.message} [{error.id}]")
                continue
            picked.append(_Picked(rank, position, ReadEntry(table, read.state, read.path), size))
        if bad:
            raise as_error(bad)
        if not picked:
            message = "every image has rows that fail or cannot be read, so none is left"
            raise InputError("no-image-left", message, where=str(self.request.source), hint="see yolo-assign labels")
        self.remarks += said(odd)
        if set(states) - {FOUND}:
            counted = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
            self.remarks.append(f"label files: {counted}; images without boxes are background")
        return picked

    def _size(self, entry: Entry) -> tuple[int, int] | None:
        """Width and height of an image; None where labels are fractions of the input already."""
        if self.request.letterboxed:
            return None
        size = self.request.image_size or size_of(entry)
        if size is None:
            raise InputError(
                "image-size-unknown",
                "there is no image of this name, so its size is not known",
                where=entry.label,
                hint="give --image-size WxH, or --letterboxed if the labels are fractions of the network input",
            )
        return size

    def parts(self, shapes: Shapes) -> list[Part]:
        """Images in order; with ``rect`` a batch also ends where the input changes its size.

        Batches are cut before images are dropped, so that the other images keep their companions and file names.

        Raises:
            InputError: levels that do not fit any input.
        """
        grids = [self._grid(shapes, picked) for picked in self.picked]
        parts, at = [], 0
        both = zip(self.picked, grids, strict=True)
        for (number, grid), group in groupby(both, key=lambda item: (item[0].rank // self.request.at_once, item[1])):
            members = [picked for picked, _ in group]
            span = self._span(number, members)
            parts.append(self._part(members, grid, span, at))
            at += len(members)
        self.remarks += said(finding for part in parts for finding in _geometry(part))
        return parts

    def _span(self, number: int, members: list[_Picked]) -> tuple[int, int]:
        """First and last position of a batch: with ``rect`` those of its images, otherwise also of dropped ones."""
        if self.request.rect:
            return members[0].position, members[-1].position
        first = number * self.request.at_once
        last = min(first + self.request.at_once, len(self.chosen)) - 1
        return self.chosen[first], self.chosen[last]

    def _grid(self, shapes: Shapes, picked: _Picked) -> Grid:
        if not self.request.rect or picked.size is None:
            return shapes.grid
        if shapes.name not in LAYOUTS:
            hint = f"choose a head: --shapes {', '.join(LAYOUTS)}"
            raise InputError("rect-needs-a-head", "only a named head fits any input", where="--rect", hint=hint)
        long_side = max(shapes.grid.height, shapes.grid.width)
        return layout_grid(shapes.name, rect_imgsz(picked.size, long_side, LAYOUTS[shapes.name]))

    def _part(self, members: list[_Picked], grid: Grid, span: tuple[int, int], at: int) -> Part:
        sources, images, digest = [], [], hashlib.sha256()
        for picked in members:
            letterbox = Letterbox.of(picked.size, (grid.height, grid.width)) if picked.size else None
            sources.append(Source(picked.read.table, picked.read.path, letterbox))
            images.append(Image(display_name(Path(self.dataset.entries[picked.position].name)), letterbox))
            rows = picked.read.table.rows.astype(np.float64)
            digest.update(len(rows).to_bytes(8, "little") + rows.tobytes())
        first, last = members[0].position, members[-1].position
        return Part(
            name=f"{self.name} image {first}" if last == first else f"{self.name} images {first} to {last}",
            grid=grid,
            sources=tuple(sources),
            batch=len(members),
            positions=[picked.position for picked in members],
            span=span,
            at=at,
            images=tuple(images),
            digest=digest.hexdigest()[:12],
        )


def _about_image(entry: Entry) -> list[Finding]:
    if entry.image is None or os.path.exists(entry.image):  # noqa: PTH110 - names may be too long for a Path
        return []
    return [Finding("image-not-found", "there is no such image", entry.image)]


def _geometry(part: Part) -> Iterator[Finding]:
    """What is to be pointed out about the boxes as they lie in the input."""
    imgsz = (part.grid.height, part.grid.width)
    whole = Letterbox.of((part.grid.width, part.grid.height), imgsz)
    for source in part.sources:
        yield from geometry_findings(source.table, source.path, imgsz, source.letterbox or whole)

"""The images of a request in batches: their label rows in the network input, before any head output."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..errors import InputError
from ..given import Image
from ..grid import Grid
from ..letterbox import Letterbox, rect_imgsz
from .dataset import Entry, open_dataset, select_images
from .files import display_name
from .findings import Finding, as_error
from .labels import read_labels, said
from .read_entry import DROP_IMAGE, FOUND, apply_policy, read_entry, size_of
from .request import Request
from .shapes import LAYOUTS, STUDY, Shapes, layout_grid


@dataclass(frozen=True)
class Part:
    """Images that are traced as one batch.

    Attributes:
        name: of the source, for headers.
        grid: the levels.
        rows: (box, 6) float64: image, class, cx, cy, w, h as fractions of the network input.
        places: where every row stands, for errors.
        batch: number of images.
        positions: of the images in the source, from 0.
        at: number of images in the batches before.
        images: the images, empty for a file of rows.
        has_images: do the rows say which image they belong to?
        digest: of the labels.
    """

    name: str
    grid: Grid
    rows: Array
    places: Sequence[str]
    batch: int
    positions: Sequence[int]
    at: int
    images: tuple[Image, ...]
    has_images: bool
    digest: str

    @property
    def stem(self) -> str:
        """Name of this part's output files: the positions of its first and last image."""
        first, last = self.positions[0], self.positions[-1]
        return f"{first:05d}" if last == first else f"{first:05d}-{last:05d}"


class FileLabels:
    """The rows of a single label file; one batch.

    Raises:
        InputError: the file cannot be used, or the request asks for what only a dataset has.
    """

    from_dataset = False
    class_names: tuple[str, ...] = ()
    nc: int | None = None

    def __init__(self, request: Request, path: Path) -> None:
        for flag, value in (("--images", request.images), ("--split", request.split), ("--rect", request.rect)):
            if value:
                hint = "it needs a dataset: --data, or --labels with a folder, a list or COCO annotations"
                raise InputError("not-a-dataset", f"{path} is a single label file", where=flag, hint=hint)
        self.request = request
        self.labels = read_labels(path, request.rules, request.on_bad)
        self.name = self.labels.name
        self.classes = self.labels.classes
        self.images = self.labels.images
        self.remarks = list(self.labels.remarks)

    def parts(self, shapes: Shapes) -> list[Part]:
        """All rows as one batch."""
        labels, size = self.labels, self.request.image_size
        rows, images = labels.rows, tuple[Image, ...]()
        if size:
            letterbox = Letterbox.of(size, (shapes.grid.height, shapes.grid.width))
            rows = np.concatenate([rows[:, :2], letterbox.place(rows[:, 2:])], axis=1)
            self.remarks.append(f"every image is letterboxed: {letterbox}")
            images = () if labels.has_images else (Image(labels.name, letterbox),)
        elif shapes.name != STUDY and len(rows) and not labels.has_images and not self.request.letterboxed:
            self.remarks.append(
                "boxes are taken as fractions of the network input; --image-size WxH letterboxes them as training does"
            )
        grid, places = shapes.grid, labels.places
        batch = labels.images
        return [Part(self.name, grid, rows, places, batch, range(batch), 0, images, labels.has_images, labels.digest)]


class DatasetLabels:
    """The labels of the images of a dataset that a request selects; batches of at most ``request.at_once``.

    All label files are read at once, so that everything wrong is told before anything is traced.

    Raises:
        InputError: a source that cannot be used, or rows that fail.
    """

    from_dataset = True

    def __init__(self, request: Request) -> None:
        splits = [request.split or "train"] if request.data else [request.split] if request.split else None
        self.request = request
        self.dataset = open_dataset(request.source, splits=splits, labels=request.labels if request.data else None)
        self.name, self.class_names, self.nc = self.dataset.name, self.dataset.class_names, self.dataset.nc
        self.chosen: Sequence[int] = select_images(self.dataset.entries, request.images)
        self.remarks = [f"read {remark}" for remark in self.dataset.remarks]
        self.rows, self.places = list[Array](), list[list[str]]()
        self._read()
        self.images = len(self.chosen)
        self.classes = max((int(table[:, 1].max()) + 1 for table in self.rows if len(table)), default=0)

    def _read(self) -> None:
        counts = {self.request.nc, self.nc} - {None}
        nc = counts.pop() if len(counts) == 1 else None  # where they disagree, load.py names all numbers
        states, bad, odd, kept = Counter[str](), list[Finding](), list[Finding](), list[int]()
        for i in self.chosen:
            read = read_entry(self.dataset.entries[i], self.request.rules, nc)
            states[read.state] += 1
            table, stops, dropped = apply_policy(read, self.request.on_bad)
            bad += stops
            odd += table.findings
            if dropped:
                self.remarks.append(dropped)
                if self.request.on_bad == DROP_IMAGE:
                    continue
            kept.append(i)
            self.rows.append(table.rows.astype(np.float64))
            self.places.append([table.place(read.path, row) for row in range(len(table.rows))])
        if bad:
            raise as_error(bad)
        if not kept:
            message = "every image has rows that fail, so none is left"
            raise InputError("no-image-left", message, where=str(self.request.source), hint="see yolo-assign labels")
        self.chosen = kept
        self.remarks += said(odd)
        if set(states) - {FOUND}:
            counted = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
            self.remarks.append(f"label files: {counted}; images without boxes are background")

    def parts(self, shapes: Shapes) -> list[Part]:
        """Images in order; with ``rect`` a batch also ends where the input changes its size.

        Raises:
            InputError: an image whose size is not known, or levels that do not fit any input.
        """
        parts, pending = [], list[_Placed]()
        for at, i in enumerate(self.chosen):
            placed = self._place(shapes, i, at)
            if pending and (len(pending) == self.request.at_once or pending[0].grid != placed.grid):
                parts.append(self._part(pending))
                pending = []
            pending.append(placed)
        return [*parts, self._part(pending)]

    def _place(self, shapes: Shapes, i: int, at: int) -> _Placed:
        entry = self.dataset.entries[i]
        name = display_name(Path(entry.name))
        if self.request.letterboxed:
            return _Placed(i, at, shapes.grid, Image(name))
        size = self.request.image_size or _known_size(entry)
        grid = _rect_grid(shapes, size) if self.request.rect else shapes.grid
        return _Placed(i, at, grid, Image(name, Letterbox.of(size, (grid.height, grid.width))))

    def _part(self, pending: list[_Placed]) -> Part:
        tables, digest = [], hashlib.sha256()
        for number, placed in enumerate(pending):
            table = self.rows[placed.at].copy()
            digest.update(len(table).to_bytes(8, "little") + table.tobytes())
            table[:, 0] = number
            if placed.image.letterbox:
                table[:, 2:] = placed.image.letterbox.place(table[:, 2:])
            tables.append(table)
        first, last = pending[0].position, pending[-1].position
        return Part(
            name=f"{self.name} image {first}" if last == first else f"{self.name} images {first} to {last}",
            grid=pending[0].grid,
            rows=np.concatenate(tables),
            places=[place for placed in pending for place in self.places[placed.at]],
            batch=len(pending),
            positions=[placed.position for placed in pending],
            at=pending[0].at,
            images=tuple(placed.image for placed in pending),
            has_images=True,
            digest=digest.hexdigest()[:12],
        )


@dataclass(frozen=True)
class _Placed:
    """An image on its way into a batch: its position in the dataset and among the selected ones."""

    position: int
    at: int
    grid: Grid
    image: Image


def _known_size(entry: Entry) -> tuple[int, int]:
    size = size_of(entry)
    if size is None:
        raise InputError(
            "image-size-unknown",
            "there is no image of this name, so its size is not known",
            where=entry.label,
            hint="give --image-size WxH, or --letterboxed if the labels are fractions of the network input",
        )
    return size


def _rect_grid(shapes: Shapes, size: tuple[int, int]) -> Grid:
    if shapes.name not in LAYOUTS:
        hint = f"choose a head: --shapes {', '.join(LAYOUTS)}"
        raise InputError("rect-needs-a-head", "only a named head fits any input", where="--rect", hint=hint)
    long_side = max(shapes.grid.height, shapes.grid.width)
    return layout_grid(shapes.name, rect_imgsz(size, long_side, LAYOUTS[shapes.name]))

"""The rows of a single label file, as one batch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError, Parameter
from ..basics.plural import count
from ..run.given import Image
from ..run.letterbox import Letterbox
from ..run.release_choice import ReleaseChoice
from .batch import HeadSource, Part
from .heads.shapes import STUDY, Shapes
from .labels.findings import as_error, remarks_about
from .labels.placed import place_table
from .labels.policy import DROP_IMAGE, STOP, drop_failures
from .labels.row import BATCH
from .labels.rules import TODAY, LabelRules, rules_of
from .labels.text import LabelTable, parse_labels
from .reading.files import display_name, read_bytes
from .request import Request


@dataclass(frozen=True)
class FileLabels:
    """What a single label file holds; it names no classes and says nothing about their number.

    Attributes:
        name: the file's name without folders, so that a log does not depend on where it was made.
        table: the rows, as training reads the file.
        digest: first hex digits of the SHA-256 of the text, without the line ends' form.
        remarks: what was dropped or changed, in sentences.
        release: of the package: what reads it and places its boxes.
    """

    name: str
    table: LabelTable
    digest: str
    remarks: tuple[str, ...] = ()
    release: ReleaseChoice = field(default_factory=ReleaseChoice)

    nc: ClassVar[None] = None

    @property
    def tables(self) -> tuple[LabelTable]:
        return (self.table,)

    @property
    def rows(self) -> Array:
        """(box, 6) float64: image, class, cx, cy, w, h (normalised)."""
        rows: Array = self.table.rows.astype(np.float64)
        return rows

    @property
    def has_images(self) -> bool:
        """Did the file have the image column?"""
        return self.table.form == BATCH

    @property
    def images(self) -> int:
        """One more than the largest image number; at least 1."""
        return int(self.table.rows[:, 0].max(initial=0)) + 1

    def parts(self, request: Request, shapes: Shapes, heads: HeadSource) -> tuple[list[Part], list[str]]:
        """All rows as one batch, with remarks.

        Raises:
            InputError: a row whose image is not in the batch that heads or shapes ask for, or heads and shapes that
                differ.
        """
        grid, remarks = shapes.grid, []
        batch = self._batch(shapes, heads)
        imgsz = (grid.height, grid.width)
        letterbox = Letterbox.of(request.image_size, imgsz, self.release.placing) if request.image_size else None
        if letterbox:
            remarks.append(f"every image is letterboxed: {letterbox}")
        elif shapes.name != STUDY and len(self.table.rows) and not self.has_images and not request.letterboxed:
            remarks.append("boxes are taken as fractions of the network input; `image_size=WxH` letterboxes them")
        placed, findings = place_table(self.table, letterbox, Letterbox.whole(imgsz), self.release.placing)
        remarks += remarks_about(findings)
        part = Part(
            name=self.name,
            grid=grid,
            tables=(placed,),
            heads=heads,
            release=self.release,
            batch=batch,
            digest=self.digest,
            images=(Image(self.name, letterbox),) if letterbox and not self.has_images else (),
        )
        return [part], remarks

    def _batch(self, shapes: Shapes, heads: HeadSource) -> int:
        """How many images heads or shapes ask for, or the rows name."""
        real = heads.real
        if real and shapes.batch and real.batch != shapes.batch:
            message = f"expected a batch of {shapes.batch} according to {shapes.name}, found {real.batch}"
            raise InputError("wrong-batch", message, where=real.path)
        batch = real.batch if real else shapes.batch or self.images
        source = real.name if real else shapes.name
        if real and real.images and batch == 1 and not self.has_images:
            theirs = Path(real.images[0]).name
            if Path(theirs).stem != Path(self.name).stem:
                message = f"the heads are of the image {theirs}, but the labels are {self.name}"
                raise InputError("heads-of-other-images", message, where=real.path)
        rows = self.table.rows
        if batch > 1 and len(rows) and not self.has_images:
            raise InputError(
                "rows-without-image",
                f"rows of five numbers are one image, but the batch has {batch} images according to {source}",
                where=self.table.place(0),
                hint="begin every row with the number of its image: image class cx cy w h",
            )
        for row in np.flatnonzero(rows[:, 0] >= batch).tolist():
            image = f"image is {rows[row, 0]:g}"
            numbers = "0" if batch == 1 else f"0 to {batch - 1}"
            message = f"{image}, but the batch has {count(batch, 'image')}, {numbers}, according to {source}"
            raise InputError("image-too-large", message, where=self.table.place(row))
        return batch


def labels_of_file(request: Request, data: bytes, release: ReleaseChoice) -> FileLabels:
    """The labels of a request for a single file, whose content is ``data``.

    Raises:
        InputError: as :func:`read_labels`, or the request asks for what only a dataset has.
    """
    for name in ("images", "split", "rect"):
        if getattr(request, name):
            hint = "it needs a dataset: `data`, or `labels` with a folder, a list or COCO annotations"
            message = f"{request.source} is a single label file"
            raise InputError("not-a-dataset", message, where=Parameter(name), hint=hint)
    labels = read_labels(request.source, request.rules or rules_of(release.release), request.on_bad, data)
    return replace(labels, release=release)


def read_labels(path: Path, rules: LabelRules = TODAY, on_bad: str = STOP, data: bytes | None = None) -> FileLabels:
    """Read a single file: rows of six numbers (image, class, cx, cy, w, h), of five (one image), or polygons.

    An empty file is an image without boxes.

    Args:
        path: of the file.
        rules: of the release to read as.
        on_bad: what to do with rows that fail, one of :data:`~.labels.policy.ON_BAD`.
        data: its content, if it has been read.

    Raises:
        InputError: with file and line; all bad rows of a file are named in one error.
    """
    data = read_bytes(path, "label file") if data is None else data
    table = parse_labels(data, str(path), rules, batch=True)
    if table.failures and on_bad == STOP:
        raise as_error(table.failures)
    if table.failures and on_bad == DROP_IMAGE and table.form == BATCH:
        hint = "use `on_bad=drop-row`: training never reads such a file, so it drops no image for it"
        raise InputError("rows-of-a-batch", "the rows are of several images", where=str(path), hint=hint)
    kept, dropped = drop_failures(table, on_bad)
    remarks = (*([dropped] if dropped else []), *remarks_about(table.findings))
    # the same text gives the same digest whatever system wrote it
    digest = hashlib.sha256(data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    return FileLabels(display_name(path), kept, digest.hexdigest()[:12], remarks)

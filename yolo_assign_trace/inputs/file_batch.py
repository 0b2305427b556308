"""The rows of a single label file, as one batch."""

from __future__ import annotations

from pathlib import Path

from ..basics.errors import InputError
from ..run.given import Image
from ..run.letterbox import Letterbox
from .batch import HeadSource, Part, Source
from .heads.shapes import STUDY, Shapes
from .labels.geometry import geometry_findings
from .labels.single_file import read_labels, said
from .request import Request


class FileLabels:
    """What a single label file holds.

    Raises:
        InputError: the file cannot be used, or the request asks for what only a dataset has.
    """

    class_names: tuple[str, ...] = ()
    nc: int | None = None

    def __init__(self, request: Request, path: Path) -> None:
        for flag, value in (("--images", request.images), ("--split", request.split), ("--rect", request.rect)):
            if value:
                hint = "it needs a dataset: --data, or --labels with a folder, a list or COCO annotations"
                raise InputError("not-a-dataset", f"{path} is a single label file", where=flag, hint=hint)
        self.request = request
        self.labels = read_labels(path, request.rules, request.on_bad)
        self.name, self.classes, self.images = self.labels.name, self.labels.classes, self.labels.images
        self.remarks = list(self.labels.remarks)

    def parts(self, shapes: Shapes, heads: HeadSource) -> list[Part]:
        """All rows as one batch."""
        labels, size, grid = self.labels, self.request.image_size, shapes.grid
        letterbox = Letterbox.of(size, (grid.height, grid.width)) if size else None
        if letterbox:
            self.remarks.append(f"every image is letterboxed: {letterbox}")
        elif shapes.name != STUDY and len(labels.table.rows) and not labels.has_images and not self.request.letterboxed:
            self.remarks.append(
                "boxes are taken as fractions of the network input; --image-size WxH letterboxes them as training does"
            )
        # without a letterbox the rows are fractions of the input itself
        whole = letterbox or Letterbox.of((grid.width, grid.height), (grid.height, grid.width))
        self.remarks += said(geometry_findings(labels.table, labels.path, (grid.height, grid.width), whole))
        images = (Image(labels.name, letterbox),) if letterbox and not labels.has_images else ()
        part = Part(
            name=self.name,
            grid=grid,
            sources=(Source(labels.table, labels.path, letterbox),),
            heads=heads,
            batch=labels.images,
            positions=None,
            span=(0, labels.images - 1),
            at=0,
            images=images,
            class_names=(),
            digest=labels.digest,
        )
        return [part]

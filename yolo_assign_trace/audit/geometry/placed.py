"""The boxes of a part of a dataset, and where they lie in the network input; many images at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...basics.arrays import Array
from ...inputs.datasets.boxes import Boxes
from ...inputs.datasets.entries import Entry
from ...inputs.datasets.survey import ReadPart, SurveySettings
from ...inputs.labels.placed import PlacedTable
from ...inputs.labels.text import LabelTable
from ...run.letterbox import Letterbox

Size = tuple[int, int] | None
"""Width and height of an image; None where labels are fractions of the input already."""


@dataclass(frozen=True)
class Chunk:
    """Boxes whose place in an input is known, in the order of the images.

    Attributes:
        boxes: those of images of known size.
        entries: the images with their label files.
        picture: (box,) the image, as :attr:`sizes_of` counts them.
        first: number in the dataset of image 0.
        size_of: (box,) number of the image's size.
        sizes: of images, each once.
        sizes_of: (image,) number of the size of every image that arrives in training; -1 if it is not known, -2 if
            training drops the image.
        tables: by entry, the label files of a training, in the order of the boxes; otherwise empty.
        settings: how they were read.
    """

    boxes: Boxes
    entries: Sequence[Entry]
    picture: Array
    first: int
    size_of: Array
    sizes: Sequence[Size]
    sizes_of: Array
    tables: Sequence[tuple[int, LabelTable]]
    settings: SurveySettings

    def __len__(self) -> int:
        return len(self.boxes)

    def rows(self) -> Array:
        """(image,) boxes of every image."""
        rows: Array = np.bincount(self.picture, minlength=len(self.sizes_of))
        return rows

    def path(self, picture: int) -> str:
        """The label file of an image."""
        return self.entries[min(picture, len(self.entries) - 1)].label

    def size_of_picture(self, picture: int) -> Size:
        """Width and height of an image, None if they are not known."""
        number = int(self.sizes_of[picture])
        return self.sizes[number] if number >= 0 else None

    def only(self, of: Array) -> Chunk:
        """Some of the boxes of a validation."""
        return replace(self, boxes=self.boxes.only(of), picture=self.picture[of], size_of=self.size_of[of])

    def fractions(self, imgsz: tuple[int, int]) -> tuple[Array, Array | None]:
        """(4, box) float64 cx, cy, w, h as fractions of an input (height, width); and those that training keeps.

        Validation keeps all, and then there is no second array.
        """
        letterboxes = [size and Letterbox.of(size, imgsz, self.settings.placing) for size in self.sizes]
        if self.settings.placing.training:
            return self._in_training(letterboxes, imgsz)
        places = np.ascontiguousarray(self.boxes.places.T, dtype=np.float64)
        if None in letterboxes or not len(self):  # if one is, all are
            return places, None
        known = [box for box in letterboxes if box]
        scaled = np.array([(box.scaled_width, box.scaled_height) for box in known], dtype=np.float64).T
        shift = np.array([(box.left, box.top) for box in known], dtype=np.float64).reshape(-1, 2).T
        whole = np.array([[imgsz[1]], [imgsz[0]]], dtype=np.float64)
        if len(known) == 1:
            scaled, shift = scaled[:, :1], shift[:, :1]
        else:
            scaled, shift = scaled[:, self.size_of], shift[:, self.size_of]
        places[:2] *= scaled
        places[:2] += shift
        places[:2] /= whole
        places[2:] *= scaled
        places[2:] /= whole
        return places, None

    def _in_training(
        self, letterboxes: Sequence[Letterbox | None], imgsz: tuple[int, int]
    ) -> tuple[Array, Array | None]:
        whole, at = Letterbox.whole(imgsz), 0
        rows, kept = [np.zeros((0, 4))], [np.zeros(0, dtype=bool)]
        for _, table in self.tables:
            placed = PlacedTable(table, letterboxes[self.size_of[at]], whole, self.settings.placing)
            rows.append(placed.rows(0)[:, 2:])
            kept.append(placed.in_training()[1])
            at += len(table.rows)
        return np.ascontiguousarray(np.concatenate(rows).T), np.concatenate(kept)


UNKNOWN, DROPPED = -1, -2
"""In place of the number of a size."""


def place_parts(
    parts: Sequence[tuple[int, ReadPart]], entries: Sequence[Entry], first: int, settings: SurveySettings
) -> tuple[Chunk, int]:
    """The boxes of several parts as one chunk, and how many were left out because the size of their image is not known.

    Args:
        parts: what was read, each with the place of its first entry in ``entries``.
        entries: the images.
        first: number in the dataset of the first of them.
        settings: how they were read.
    """
    boxes = Boxes.joined([(at, part.boxes) for at, part in parts])
    several = len(entries) == 1 and entries[0].data is not None  # a single file, which may be of a batch
    fractions = settings.letterboxed or (several and settings.image_size is None)
    known: dict[Size, int] = {}
    sizes_of = np.full(len(entries), UNKNOWN)
    for at, part in parts:
        for i, image in enumerate(part.images, at):
            size = settings.image_size or (image.size if image else None)
            if fractions or size:
                sizes_of[i] = known.setdefault(None if fractions else size, len(known))
        sizes_of[[at + i for i in part.dropped]] = DROPPED
    picture = boxes.image if several else boxes.entry
    if several:
        sizes_of = np.repeat(sizes_of, int(picture.max(initial=0)) + 1)
    placed = sizes_of[picture] >= 0
    tables = [(at + i, table) for at, part in parts for i, table in part.tables] if settings.placing.training else []
    tables = [(i, table) for i, table in tables if len(table.rows) and sizes_of[i] >= 0]
    left_out = len(boxes) - int(placed.sum())
    if left_out:
        boxes, picture = boxes.only(placed), picture[placed]
    return Chunk(boxes, entries, picture, first, sizes_of[picture], list(known), sizes_of, tables, settings), left_out


PICTURES_TO = (640, 1280, 1920)
"""px of the longer side that a class of pictures ends with."""


def picture_classes(sizes: Sequence[Size]) -> Array:
    """(size,) index into :data:`~..tally.PICTURES`."""
    longest = np.array([max(size) if size else 0 for size in sizes], dtype=np.int64)
    classes: Array = np.where(longest, np.digitize(longest, [side + 1 for side in PICTURES_TO]), len(PICTURES_TO) + 1)
    return classes

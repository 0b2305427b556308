"""Images that are traced as one batch: what a run of them starts from, made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..assignment.grid import Grid
from ..basics.arrays import Array
from ..basics.plural import count
from ..run.given import Call, Image, Inputs
from ..run.release_choice import ReleaseChoice
from .heads.layout import Heads
from .heads.synthetic import require_memory, synthetic_images, synthetic_maps
from .labels.placed import PlacedTable
from .labels.places import Places

if TYPE_CHECKING:
    from .models.model import Model


@dataclass(frozen=True)
class HeadSource:
    """Where the head outputs of all batches come from.

    Attributes:
        nc: number of classes.
        reg_max: bins per side.
        seed: of synthetic heads.
        real: those of all images; None for others.
        model: what makes them of the pictures; None for others.
    """

    nc: int
    reg_max: int
    seed: int
    real: Heads | None = None
    model: Model | None = None

    @property
    def drawn(self) -> bool:
        """Are they random numbers, drawn here?"""
        return self.real is None and self.model is None

    @property
    def untaught(self) -> bool:
        """Did no training have a part in them?"""
        return self.model.untrained if self.model else self.drawn

    @property
    def channels(self) -> int:
        return 4 * self.reg_max + self.nc

    @property
    def about(self) -> str:
        """One line for headers."""
        if self.model is not None:
            return self.model.about
        if self.real is None:
            return f"synthetic, seed {self.seed}: not a trained model"
        maps = f"{len(self.real.maps)} maps of {count(self.real.batch, 'image')}"
        return f"{self.real.name}: {maps}, {self.channels} channels, sha256 {self.real.digest}"


@dataclass(frozen=True)
class Part:
    """Images with label rows. Rows and maps are made when they are asked for, so that many parts take little.

    Attributes:
        name: of the source, for headers.
        grid: the levels.
        tables: the rows, one table per image, or a single one whose rows may say which image they belong to.
        heads: where the head outputs come from.
        release: of the package: what read the labels and placed the boxes.
        batch: number of images.
        digest: of the labels.
        images: the images, empty for a file of rows.
        pictures: their paths, None where there is none; empty for a file of rows.
        class_names: by class, empty if unknown.
        positions: of the images in their dataset, from 0; None if they are of no dataset.
        span: first and last position that the batch was made for; dropped images leave gaps.
        at: number of images in the batches before.
    """

    name: str
    grid: Grid
    tables: Sequence[PlacedTable]
    heads: HeadSource
    release: ReleaseChoice
    batch: int
    digest: str
    images: tuple[Image, ...] = ()
    pictures: tuple[str | None, ...] = ()
    class_names: tuple[str, ...] = ()
    positions: Sequence[int] | None = None
    span: tuple[int, int] = (0, 0)
    at: int = 0

    @property
    def stem(self) -> str:
        """Name of this part's output files: the positions of its first and last image."""
        first, last = self.span
        return f"{first:05d}" if last == first else f"{first:05d}-{last:05d}"

    @property
    def boxes(self) -> int:
        return sum(len(placed.table.rows) for placed in self.tables)

    @property
    def rows(self) -> Array:
        """(box, 6) float64: image, class, cx, cy, w, h as fractions of the network input."""
        return np.concatenate([np.zeros((0, 6)), *(placed.rows(i) for i, placed in enumerate(self.tables))])

    def picture(self, image: int) -> Path | None:
        """Where the picture of an image lies; None if there is none."""
        path = self.pictures[image] if self.pictures else None
        return Path(path) if path else None

    @property
    def places(self) -> tuple[Places, ...]:
        """(image,) where the boxes of every image stand in its label file, in the order of a trace."""
        tables = [placed.table for placed in self.tables]
        if len(tables) != self.batch:  # the rows of a single file say which image they belong to
            tables = [tables[0].only(tables[0].rows[:, 0] == image) for image in range(self.batch)]
        return tuple(table.places for table in tables)

    def require_memory(self) -> None:
        """Can synthetic heads be made?

        Raises:
            InputError: they would take more memory than anyone means to use.
        """
        if self.heads.drawn:
            require_memory(self.grid, self.batch, self.heads.channels)

    def inputs(self, *, maps: bool = True, device: str = "cpu") -> Inputs:
        """What a run of this batch starts from; without ``maps`` all but its head outputs.

        A model computes them on ``device``.
        """
        boxes = f"{count(self.boxes, 'box')} in {count(self.batch, 'image')}"
        labels = f"{self.name}: {boxes}, {count(self.heads.nc, 'class')}, sha256 {self.digest}"
        return Inputs(
            grid=self.grid,
            maps=self._maps(device) if maps else [],
            label_rows=self.rows,
            batch=self.batch,
            nc=self.heads.nc,
            reg_max=self.heads.reg_max,
            about={"labels": labels, "heads": self.heads.about},
            images=self.images,
            class_names=self.class_names,
            release=self.release,
            synthetic=self.heads.untaught,
            head=self.heads.model.branch if self.heads.model else "",
        )

    def _maps(self, device: str) -> list[Array]:
        heads = self.heads
        if heads.model is not None:
            boxes = [image.letterbox for image in self.images if image.letterbox]
            return heads.model.maps([path for path in self.pictures if path], boxes, self.grid, device)
        if heads.real is not None:
            return [level[self.at : self.at + self.batch] for level in heads.real.maps]
        if self.positions is not None:
            return synthetic_images(self.grid, self.positions, heads.channels, heads.seed)
        return synthetic_maps(self.grid, self.batch, heads.channels, heads.seed)


@dataclass(frozen=True)
class CallPart:
    """The images of an assigner call, in the same form."""

    call: Call

    @property
    def grid(self) -> Grid:
        return self.call.grid

    @property
    def positions(self) -> range:
        """Of the images in the call."""
        return range(self.call.batch)

    @property
    def stem(self) -> str:
        """Name of output files."""
        return "call"

    def picture(self, image: int) -> Array | None:
        """(height, width, 3) uint8, as the network got it, if it was saved with the call."""
        pictures = self.call.pictures
        return None if pictures is None else pictures[image].transpose(1, 2, 0)

    @property
    def places(self) -> tuple[Places, ...]:
        """A call knows of no label files."""
        return ()

    def require_memory(self) -> None:
        """It is in memory already."""

    def inputs(self, *, maps: bool = True, device: str = "cpu") -> Call:
        """What a run starts from; a call has no maps to be made on a device."""
        return self.call

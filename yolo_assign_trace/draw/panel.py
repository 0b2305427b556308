"""One view of the network input: a photo or a plain canvas, boxes, the cells of a level, marks and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from ..assignment.grid import Grid, Level
from ..basics.arrays import Array
from .marks import Marks
from .photos import Photo
from .scene import Box
from .sheet import SMALL, Room, Sheet

TAG_HEIGHT = 15.0
DASHED = (0, (4, 2.5))
DOTTED = (0, (1.2, 1.8))


class Panel:
    """The input of ``grid`` in a frame of ``width`` x ``height`` px of the sheet, as large as it fits.

    ``prefix`` begins the ids of what is drawn here, as the same box stands in several panels.
    """

    def __init__(
        self, sheet: Sheet, grid: Grid, x: float, y: float, width: float, height: float, prefix: str = ""
    ) -> None:
        self.sheet, self.grid, self.prefix = sheet, grid, prefix
        # a map may overhang the input by part of a cell; its anchors are there all the same
        self.right = max(grid.width, *(level.width * level.stride for level in grid.levels))
        self.bottom = max(grid.height, *(level.height * level.stride for level in grid.levels))
        self.scale = scale_of(grid, width, height)
        self.x, self.y = x, y
        self.width, self.height = self.right * self.scale, self.bottom * self.scale
        self.room = Room(self.width, self.height)
        self.axes = sheet.axes(x, y, self.width, self.height)
        self.axes.set_xlim(0, self.right)
        self.axes.set_ylim(self.bottom, 0)
        self.axes.set_xticks([])
        self.axes.set_yticks([])
        self.axes.set_gid(f"{prefix}panel")

    def photo(self, photo: Photo | None) -> None:
        if photo is not None:
            shown = self.axes.imshow(photo.pixels, extent=photo.extent, interpolation="bilinear", aspect="auto")
            shown.set_gid(f"{self.prefix}picture")
            self.axes.set_xlim(0, self.right)
            self.axes.set_ylim(self.bottom, 0)

    def cells(self, level: Level) -> None:
        """The borders of the cells of ``level``."""
        right, bottom = level.width * level.stride, level.height * level.stride
        columns = [[(x * level.stride, 0), (x * level.stride, bottom)] for x in range(level.width + 1)]
        rows = [[(0, y * level.stride), (right, y * level.stride)] for y in range(level.height + 1)]
        lines = LineCollection([*columns, *rows], colors=self.sheet.theme.line, linewidths=0.4, zorder=1)
        lines.set_gid(f"{self.prefix}cells-{level.name}")
        self.axes.add_collection(lines, autolim=False)

    def boxes(self, boxes: Sequence[Box], *, width: float, ids: bool) -> None:
        """Outlines: dashed where a box has no positives; dotted, those that screening enlarged."""
        theme = self.sheet.theme
        if ids:  # a bright edge, as a photo can have any colour
            ground = LineCollection([_closed(box.corners) for box in boxes], colors=theme.page, linewidths=width + 1.2)
            ground.set_alpha(0.7)
            self.axes.add_collection(ground, autolim=False)
        for enlarged in (False, True):
            chosen = [box for box in boxes if box.screened is not None] if enlarged else list(boxes)
            if not chosen:
                continue
            corners = [box.screened if enlarged and box.screened is not None else box.corners for box in chosen]
            colours = [theme.screened if enlarged else self.colour(box) for box in chosen]
            dashes: list[Any] = [DOTTED if enlarged else DASHED if box.cause else "-" for box in chosen]
            if ids:
                for box, at, colour, dash in zip(chosen, corners, colours, dashes, strict=True):
                    self._outline(f"gt-{box.gt}{'-screened' if enlarged else ''}", at, colour, dash, width)
                continue
            lines = LineCollection(
                [_closed(at) for at in corners], colors=colours, linestyles=dashes, linewidths=width, zorder=3
            )
            lines.set_gid(f"{self.prefix}{'screened' if enlarged else 'boxes'}")
            self.axes.add_collection(lines, autolim=False)

    def _outline(self, name: str, corners: Array, colour: str, dash: Any, width: float) -> None:
        left, top, right, bottom = corners.tolist()
        size = right - left, bottom - top
        patch = Rectangle((left, top), *size, fill=False, ec=colour, lw=width, ls=dash, zorder=3)
        patch.set_gid(self.prefix + name)
        self.axes.add_artist(patch)

    def colour(self, box: Box) -> str:
        return self.sheet.theme.bad if box.cause else self.sheet.theme.box(box.gt)

    def marks(self, name: str, places: Array, shape: str, size: float, *, zorder: float = 4, **how: Any) -> None:
        """Marks at ``places`` (mark, xy) px, under the id ``name``."""
        if "ids" in how:
            how["ids"] = [self.prefix + name for name in how["ids"]]
        marks = Marks(places, shape, size, **how)
        marks.set_gid(self.prefix + name)
        marks.set_zorder(zorder)
        self.axes.add_artist(marks)

    def keep_free(self, places: Array, size: float) -> None:
        """No label shall lie on marks of ``size`` px at ``places`` (mark, xy) px."""
        for x, y in (np.asarray(places, dtype=np.float64).reshape(-1, 2) * self.scale).tolist():
            self.room.take(size, size, [(x - size / 2, y - size / 2)])

    def tag(self, name: str, texts: Sequence[str], corners: Sequence[tuple[float, float]], colour: str) -> bool:
        """A label at one of ``corners``, the first of ``texts`` that is free there; False if none is.

        A corner is where the label's lower left corner would be, px of the input; it is moved into the panel.
        """
        for text in texts:
            width = self.width_of(text)
            spots = [(x * self.scale, y * self.scale - TAG_HEIGHT) for x, y in corners]
            inside = [
                (min(max(x, 1), self.width - width - 1), min(max(y, 1), self.height - TAG_HEIGHT - 1)) for x, y in spots
            ]
            at = self.room.take(width, TAG_HEIGHT, inside)
            if at is not None:
                self.write(name, text, (at[0] + 3, at[1] + 1), colour)
                return True
        return False

    def width_of(self, text: str) -> float:
        """Width of a label, px of the sheet."""
        return self.sheet.measure(text, SMALL) + 6

    def write(self, name: str, text: str, at: tuple[float, float], colour: str) -> None:
        """``text`` on a small ground at ``at`` px of the panel."""
        theme = self.sheet.theme
        ground = {"boxstyle": "square,pad=0.12", "fc": theme.page, "ec": "none", "alpha": 0.82}
        written = self.sheet.text(self.x + at[0], self.y + at[1], text, size=SMALL, color=colour, bbox=ground)
        written.set_gid(self.prefix + name)
        written.set_zorder(9)


def scale_of(grid: Grid, width: float, height: float) -> float:
    """px of the sheet per px of the input in a frame of ``width`` x ``height`` px."""
    right = max(grid.width, *(level.width * level.stride for level in grid.levels))
    bottom = max(grid.height, *(level.height * level.stride for level in grid.levels))
    return min(width / right, height / bottom)


def _closed(corners: Array) -> Array:
    left, top, right, bottom = corners.tolist()
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])

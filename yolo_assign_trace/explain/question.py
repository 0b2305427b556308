"""What is asked: a box, anchors, a pair of both, or everything."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..assignment.grid import Grid
from ..basics.errors import InputError, Parameter, did_you_mean

_HINT = "`at=140,244` is a point in px of the network input, `at=P3:30:17` is level:row:column"


@dataclass(frozen=True)
class Question:
    """What to explain. Without ``gt``, ``anchor`` and ``at`` it is every box with a problem, and a summary.

    Attributes:
        image: number of the image; may be left out where the trace has one.
        gt: number of a box of that image.
        anchor: number of an anchor.
        at: an anchor by its place: ``x,y`` px (the cell of every level that holds the point) or ``level:row:column``.
    """

    image: int | None = None
    gt: int | None = None
    anchor: int | None = None
    at: str = ""

    @property
    def about_anchors(self) -> bool:
        return self.anchor is not None or bool(self.at)

    @property
    def about_everything(self) -> bool:
        return self.gt is None and not self.about_anchors

    def the_image(self, images: int) -> int:
        """The image that is asked about.

        Raises:
            InputError: not said, and there are several.
        """
        if self.image is None and images != 1:
            what = "a box" if self.gt is not None else "an anchor"
            raise InputError("no-image", f"the trace has {images} images; {what} needs one", hint="add `image=N`")
        return self.image or 0

    def anchors(self, grid: Grid) -> tuple[int, ...]:
        """Numbers of the anchors that are asked about, fine level first.

        Raises:
            InputError: no such anchor or place, or both ``anchor`` and ``at``.
        """
        if self.anchor is not None and self.at:
            raise InputError("two-anchors", "both `anchor` and `at` name an anchor", hint="give one of them")
        if self.anchor is not None:
            if not 0 <= self.anchor < grid.anchors:
                message = f"anchor {self.anchor} is not one of 0..{grid.anchors - 1}"
                raise InputError("no-such-anchor", message, where=Parameter("anchor"), hint=_HINT)
            return (self.anchor,)
        return _anchors_at(self.at, grid) if self.at else ()


def _anchors_at(text: str, grid: Grid) -> tuple[int, ...]:
    number = r"\s*([0-9]+(?:\.[0-9]*)?)\s*"
    if point := re.fullmatch(rf"{number},{number}", text):
        return _cells_at(float(point[1]), float(point[2]), grid)
    if place := re.fullmatch(r"\s*(\w+):([0-9]{1,9}):([0-9]{1,9})\s*", text):
        levels = {level.name: level for level in grid.levels}
        by_lower = {name.lower(): level for name, level in levels.items()}
        level = by_lower.get(place[1].lower())
        if level is None:
            hint = did_you_mean(place[1], levels)
            raise InputError("no-such-level", f"the grid has no level {place[1]!r}", where=Parameter("at"), hint=hint)
        y, x = int(place[2]), int(place[3])
        if y >= level.height or x >= level.width:
            message = f"{level.name} has rows 0..{level.height - 1} and columns 0..{level.width - 1}, not y{y} x{x}"
            raise InputError("no-such-anchor", message, where=Parameter("at"))
        return (level.first + y * level.width + x,)
    raise InputError("wrong-place", f"{text!r} is no place of an anchor", where=Parameter("at"), hint=_HINT)


def _cells_at(x: float, y: float, grid: Grid) -> tuple[int, ...]:
    if x >= grid.width or y >= grid.height:
        message = f"({x:g}, {y:g}) px lies outside the network input, which is {grid.width} wide and {grid.height} high"
        raise InputError("outside-input", message, where=Parameter("at"))
    return tuple(level.first + int(y // level.stride) * level.width + int(x // level.stride) for level in grid.levels)

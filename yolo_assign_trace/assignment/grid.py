"""The anchor grid: levels, their strides, and the address of every anchor. No tensors here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..basics.errors import InputError


@dataclass(frozen=True)
class Level:
    """One feature map: ``height`` x ``width`` cells of ``stride`` px; its anchors begin at number ``first``."""

    name: str
    height: int
    width: int
    stride: int
    first: int

    @property
    def anchors(self) -> int:
        return self.height * self.width

    def __str__(self) -> str:
        return f"{self.name} {self.height}x{self.width} stride {self.stride}"


@dataclass(frozen=True)
class Address:
    """Where an anchor sits: its number, level, row, column and its centre in px of the network input."""

    anchor: int
    level: Level
    y: int
    x: int

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in px."""
        return (self.x + 0.5) * self.level.stride, (self.y + 0.5) * self.level.stride

    @property
    def short(self) -> str:
        return f"{self.level.name} y{self.y} x{self.x}"

    def __str__(self) -> str:
        x, y = self.centre
        return f"#{self.anchor} {self.short} ({x:g}, {y:g} px)"


@dataclass(frozen=True)
class Grid:
    """The levels of a head over a network input of ``height`` x ``width`` px, fine level first.

    >>> print(Grid.of((640, 640), [(8, 8), (4, 4), (2, 2)]))
    640x640 px: P3 8x8 stride 80, P4 4x4 stride 160, P5 2x2 stride 320 = 84 anchors
    >>> print(Grid.of((640, 640), [(80, 80), (40, 40), (20, 20)]).address(2417))
    #2417 P3 y30 x17 (140, 244 px)
    """

    height: int
    width: int
    levels: tuple[Level, ...]

    @classmethod
    def of(
        cls,
        imgsz: tuple[int, int],
        maps: Sequence[tuple[int, int]],
        strides: Sequence[int] | None = None,
    ) -> Grid:
        """Build the grid of ``maps`` (height, width in cells) over ``imgsz`` (height, width in px).

        Without ``strides`` each map must tile the input exactly; with them a map may overhang the
        right and bottom edge by part of a cell, as it does in a network that rounds sizes up.

        Raises:
            InputError: a map that does not tile the input, or levels that are not fine first.
        """
        if not maps:
            raise InputError("no-maps", "there is no feature map; at least one level is needed")
        if strides is not None and len(strides) != len(maps):
            raise InputError("wrong-strides", f"there are {len(maps)} maps but {len(strides)} strides")
        own = [
            _stride(imgsz, size, i) if strides is None else _checked_stride(imgsz, size, strides[i], i)
            for i, size in enumerate(maps)
        ]
        for i in range(1, len(own)):
            if own[i] <= own[i - 1]:
                raise InputError(
                    "wrong-level-order",
                    f"the level has stride {own[i]} after one of stride {own[i - 1]}",
                    where=f"maps[{i}]",
                    hint="list the levels fine first: the map with most cells, the smallest stride, comes first",
                )
        first, levels = 0, []
        for name, (height, width), stride in zip(_names(own), maps, own, strict=True):
            levels.append(Level(name, height, width, stride, first))
            first += height * width
        return cls(imgsz[0], imgsz[1], tuple(levels))

    @cached_property
    def anchors(self) -> int:
        return sum(level.anchors for level in self.levels)

    @property
    def strides(self) -> tuple[int, ...]:
        return tuple(level.stride for level in self.levels)

    def require_anchors(self, topk: int, where: str = "shapes") -> None:
        """Are there at least ``topk`` anchors, so that every box can select as many?

        Raises:
            InputError: there are fewer; ``where`` names what the grid comes from.
        """
        if self.anchors < topk:
            raise InputError(
                "fewer-anchors-than-k",
                f"the grid has {self.anchors} anchors, but every box selects its best {topk}",
                where=where,
                hint="use larger maps or more levels",
            )

    def level_of(self, anchor: int) -> Level:
        """The level that anchor number ``anchor`` belongs to."""
        if not 0 <= anchor < self.anchors:
            raise InputError("no-such-anchor", f"anchor {anchor} is not one of 0..{self.anchors - 1}")
        return next(level for level in reversed(self.levels) if anchor >= level.first)

    def address(self, anchor: int) -> Address:
        """The address of anchor number ``anchor``."""
        level = self.level_of(anchor)
        y, x = divmod(anchor - level.first, level.width)
        return Address(anchor, level, y, x)

    def __str__(self) -> str:
        levels = ", ".join(str(level) for level in self.levels)
        return f"{self.height}x{self.width} px: {levels} = {self.anchors} anchors"

    @classmethod
    def parse(cls, text: str) -> Grid:
        """The grid that is written as ``text``.

        Raises:
            ValueError: no grid is.
        """
        size, levels = re.match(r"([0-9]+)x([0-9]+) px", text), re.findall(r"(\d+)x(\d+) stride (\d+)", text)
        if not size or not levels:
            raise ValueError("the grid cannot be read")
        maps, strides = [(int(height), int(width)) for height, width, _ in levels], [int(level[2]) for level in levels]
        try:
            grid = cls.of((int(size[1]), int(size[2])), maps, strides)
        except InputError as error:
            raise ValueError(f"the grid cannot be: {error.message}") from None
        if str(grid) != text:
            raise ValueError(f"the grid cannot be; expected {grid}")
        return grid


def _names(strides: Sequence[int]) -> list[str]:
    """P<n> for stride 2^n as everyone calls them; other strides count up from P3."""
    if all(stride & (stride - 1) == 0 for stride in strides):
        return [f"P{stride.bit_length() - 1}" for stride in strides]
    return [f"P{3 + i}" for i in range(len(strides))]


def _stride(imgsz: tuple[int, int], size: tuple[int, int], i: int) -> int:
    (height, width), (rows, columns) = imgsz, size
    if rows < 1 or columns < 1:
        raise InputError("empty-map", f"a map of {rows}x{columns} cells has no cell", where=f"maps[{i}]")
    if height % rows or width % columns or height // rows != width // columns:
        raise InputError(
            "maps-do-not-tile",
            f"a map of {rows}x{columns} cells does not tile {height}x{width} px: "
            f"its cells would be {height / rows:g} px high and {width / columns:g} px wide",
            where=f"maps[{i}]",
            hint="sizes are height, width; where the network rounds map sizes up, give strides as well",
        )
    return height // rows


def _checked_stride(imgsz: tuple[int, int], size: tuple[int, int], stride: int, i: int) -> int:
    if stride < 1:
        raise InputError("wrong-strides", f"a stride is at least 1 px, not {stride}", where=f"strides[{i}]")
    expected = (-(-imgsz[0] // stride), -(-imgsz[1] // stride))
    if expected != tuple(size):
        raise InputError(
            "maps-do-not-tile",
            f"at stride {stride} a map over {imgsz[0]}x{imgsz[1]} px has {expected[0]}x{expected[1]} cells, "
            f"not {size[0]}x{size[1]}",
            where=f"maps[{i}]",
        )
    return stride

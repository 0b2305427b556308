"""Masks over anchors as pictures of text, the levels of a grid side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..assignment.grid import Grid, Level
from ..basics.arrays import Array
from ..formats.number_text import grid_text

LARGEST = (20, 16, 12, 8)
"""Marks a side of the largest level, from a wide terminal to a narrow one; what has more cells is drawn coarser."""
WHOLE_UP_TO = 8
"""Cells a side of a level that is never cropped."""
_GAP = "   "


@dataclass(frozen=True)
class Picture:
    """Lines of text of the same width, the first of which is a caption; ``width`` in terminal cells."""

    lines: tuple[str, ...]
    width: int


def picture(
    caption: str, codes: Array, grid: Grid, glyphs: bytes, *, crop: bool = False, room: int | None = None
) -> Picture:
    """Draw ``codes`` (anchor,), indices of ``glyphs``, with the levels side by side.

    Code 0 is background; behind ``/n`` one mark stands for n x n cells and shows the largest code. A level that is too
    large to draw cell by cell is drawn whole but coarse, or with ``crop`` only where its code is not 0. ``room``
    is the width in terminal cells to stay within, as far as that can be.
    """
    for largest in LARGEST:
        blocks = []
        for level in grid.levels:
            cells = codes[level.first : level.first + level.anchors].reshape(level.height, level.width)
            block = _level(level, cells, glyphs, crop, largest)
            if block:
                blocks.append(block)
        drawn = _framed([caption, *_beside(blocks)] if blocks else [caption, "(none)"])
        if room is None or drawn.width <= room:
            break
    return drawn


def _beside(blocks: list[list[str]]) -> list[str]:
    height = max(len(block) for block in blocks)
    padded = []
    for block in blocks:
        width = max(map(len, block))
        padded.append([line.ljust(width) for line in block] + [" " * width] * (height - len(block)))
    return [_GAP.join(lines).rstrip() for lines in zip(*padded, strict=True)]


def side_by_side(pictures: list[Picture], width: int) -> list[str]:
    """The pictures in rows that fit ``width`` terminal cells."""
    lines: list[str] = []
    row: list[Picture] = []
    used = 0
    for next_picture in [*pictures, None]:
        needed = used + len(_GAP) + next_picture.width if next_picture and row else 0
        if row and (next_picture is None or needed > width):
            lines += [*_beside([list(p.lines) for p in row]), ""]
            row, used = [], 0
        if next_picture:
            used += next_picture.width + (len(_GAP) if row else 0)
            row.append(next_picture)
    return lines[:-1]


def _level(level: Level, cells: Array, glyphs: bytes, crop: bool, largest: int) -> list[str]:
    """Caption and rows of one level; nothing for a cropped level without candidates."""
    caption = f"{level.name} {level.height}x{level.width}"
    if crop and max(cells.shape) > WHOLE_UP_TO:
        ys, xs = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
        if not ys.size:
            return []
        top, bottom, left, right = int(ys[0]), int(ys[-1]), int(xs[0]), int(xs[-1])
        cells = cells[top : bottom + 1, left : right + 1]
        caption = f"{level.name} y{top}-{bottom} x{left}-{right}"
    coarse = -(-max(cells.shape) // largest)
    if coarse <= 1:
        return [caption, *_rows(cells, glyphs)]
    height, width = (-(-side // coarse) * coarse for side in cells.shape)
    padded = np.zeros((height, width), dtype=cells.dtype)
    padded[: cells.shape[0], : cells.shape[1]] = cells
    small = padded.reshape(height // coarse, coarse, width // coarse, coarse).max(axis=(1, 3))
    return [f"{caption} /{coarse}", *_rows(small, glyphs)]


def _rows(cells: Array, glyphs: bytes) -> list[str]:
    return [row.decode() for row in grid_text(cells, glyphs)]


def _framed(lines: list[str]) -> Picture:
    return Picture(tuple(lines), max(map(len, lines)))

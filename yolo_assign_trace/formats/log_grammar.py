"""The lines of run.log, shared by its writer and its reader; docs/run_log.md describes the grammar in full.

Every value line begins with its own name, index and address. These functions list those beginnings in the order
of the file, so that the writer and the reader cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np

from ..assignment.grid import Grid
from ..basics.arrays import Array

FORMAT = 1
TITLE = "# yolo-assign trace, format "
END = "# end"  # of N outputs in M stages
SUMMARY = "boxes"

GLYPHS = b".o#"
"""Cells of a mask over pairs: no candidate, a candidate but false, true."""


def is_by_level(axes: Sequence[str]) -> bool:
    """Is a tensor of these axes laid out level by level, one line per row of cells?"""
    return _without_one(axes)[-1:] == ("anchor",)


def as_rows(axes: Sequence[str], shape: Sequence[int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Index axes of the lines of a dense tensor that is not by level, and its shape as (index..., values).

    Axes that people look things up by (image, gt, level) get a line an element; others stand side by side.
    """
    plain = _without_one(axes)
    if len(plain) < len(axes) or plain[-1] in ("image", "gt", "level"):
        return plain, (*shape[: len(plain)], 1)
    return tuple(plain[:-1]), tuple(shape)


def addresses(grid: Grid) -> list[bytes]:
    """``P3 y30 x17`` for every anchor."""
    addresses: list[bytes] = []
    for level in grid.levels:
        columns = [b" x%d" % x for x in range(level.width)]
        for y in range(level.height):
            addresses += map((b"%s y%d" % (level.name.encode(), y)).__add__, columns)
    return addresses


@lru_cache(maxsize=1)
def _anchor_ends(grid: Grid) -> list[bytes]:
    """``2417] P3 y30 x17`` for every anchor; many tensors of a log need the same list."""
    return list(map(b"%d] %s".__mod__, enumerate(addresses(grid))))


def row_starts(name: str, index_axes: Sequence[str], shape: Sequence[int], grid: Grid) -> Iterator[bytes]:
    """``pred_scores[0,2417] P3 y30 x17`` for every line of a dense tensor that is not by level."""
    *outer, rows = shape[: len(index_axes)]
    if index_axes[-1] == "anchor":
        ends = _anchor_ends(grid)
    elif index_axes[-1] == "level":
        ends = [b"%d] %s" % (i, level.name.encode()) for i, level in enumerate(grid.levels)]
    else:
        ends = [b"%d]" % i for i in range(rows)]
    starts = (b"%s[%s" % (name.encode(), b"".join(b"%d," % i for i in place)) for place in np.ndindex(*outer))
    return chain.from_iterable(map(start.__add__, ends) for start in starts)  # half the time of a loop here


def level_starts(name: str, images: int | None, grid: Grid) -> Iterator[bytes]:
    """``fg_mask[0] P3 y30`` for every line of a tensor laid out by level; ``images`` is None without that axis."""
    for image in range(1 if images is None else images):
        start = name.encode() if images is None else b"%s[%d]" % (name.encode(), image)
        for level in grid.levels:
            for y in range(level.height):
                yield b"%s %s y%d" % (start, level.name.encode(), y)


def pair_starts(name: str, pairs: Array, grid: Grid) -> Iterator[bytes]:
    """``align_metric[0,1,2417] P3 y30 x17`` for every pair."""
    address = addresses(grid)
    key = name.encode()
    for image, gt, anchor in pairs.tolist():
        yield b"%s[%d,%d,%d] %s" % (key, image, gt, anchor, address[anchor])


def pair_mask_rows(name: str, pairs: Array, codes: Array, grid: Grid) -> Iterator[tuple[bytes, Array]]:
    """``mask_topk[0,1] P3 y30`` and the cells of that row, for every row of cells that holds a candidate.

    ``codes`` (pair,) are indices of :data:`GLYPHS`; cells that are no candidates get code 0.
    """
    starts = np.flatnonzero(np.diff(pairs[:, :2], axis=0, prepend=-1).any(axis=1)).tolist()
    for start, stop in pairwise([*starts, len(pairs)]):
        image, gt = pairs[start, :2].tolist()
        here = np.zeros(grid.anchors, dtype=np.uint8)
        here[pairs[start:stop, 2]] = codes[start:stop]
        for level in grid.levels:
            cells = here[level.first : level.first + level.anchors].reshape(level.height, level.width)
            for y in np.flatnonzero(cells.any(axis=1)).tolist():
                yield b"%s[%d,%d] %s y%d" % (name.encode(), image, gt, level.name.encode(), y), cells[y]


def _without_one(axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(axes[:-1] if axes[-1] == "one" else axes)

"""The grid that anchor points stand on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import numpy as np

from ...assignment.grid import Grid
from ...basics.arrays import Array
from ...basics.errors import InputError

EXPECTED = "anc_points are cell centres in px: levels one after the other, fine level first, row by row"


def cell_centres(grid: Grid, dtype: np.dtype[np.generic]) -> Array:
    """(anchor, xy) px."""
    points = []
    for level in grid.levels:
        y, x = np.indices((level.height, level.width))
        points.append((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * level.stride)
    return np.concatenate(points).astype(dtype)


def grid_of_strides(imgsz: tuple[int, int], strides: Sequence[int]) -> Grid:
    """A level has ceil(imgsz / stride) cells a side."""
    return Grid.of(imgsz, [(-(-imgsz[0] // s), -(-imgsz[1] // s)) for s in strides if s > 0], strides)


def grid_of_points(
    points: Array, imgsz: tuple[int, int] | None, strides: Sequence[int] | None, where: str
) -> tuple[Grid, bool]:
    """The grid whose cell centres ``points`` (anchor, xy; px) are, exactly or rounded as half precision has them.

    Args:
        points: in the order of the anchors.
        imgsz: height and width of the network input if known; otherwise that of the whole cells of the finest level.
        strides: of the levels if known.
        where: the file, for errors.

    Returns:
        The grid, and whether the input size was told by the points alone.

    Raises:
        InputError: the points are no cell centres, or not those of ``imgsz`` and ``strides``.
    """
    where_points = f"{where}[anc_points]"
    levels = None
    for rounded in (_to_float16, _to_bfloat16):
        with contextlib.suppress(InputError):
            levels = levels or _levels(points, where_points, rounded)
    levels = levels or _levels(points, where_points, lambda centres: centres)
    sizes, own = [size for size, _ in levels], [stride for _, stride in levels]
    if strides is not None and list(strides) != own:
        message = f"the strides are {_listed(strides)}, but the points stand on strides {_listed(own)}"
        raise InputError("points-disagree", message, where=f"{where}[strides]")
    size = imgsz or (sizes[0][0] * own[0], sizes[0][1] * own[0])
    try:
        return Grid.of(size, sizes, own), imgsz is None
    except InputError as error:
        message = f"the points do not cover {size[0]}x{size[1]} px: {error.message}"
        raise InputError("points-disagree", message, where=f"{where}[anc_points]", hint=EXPECTED) from None


def _to_float16(centres: Array) -> Array:
    return centres.astype(np.float16).astype(np.float64)


def _to_bfloat16(centres: Array) -> Array:
    """To the nearest number of 8 significant bits, the even one of two."""
    bits = centres.astype(np.float32).view(np.uint32)
    rounded: Array = (bits + 0x7FFF + ((bits >> 16) & 1) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return rounded


def _levels(points: Array, where: str, rounded: Callable[[Array], Array]) -> list[tuple[tuple[int, int], int]]:
    """Size in cells and stride of every level, whose centres in cells are ``rounded``."""
    levels: list[tuple[tuple[int, int], int]] = []
    start = 0
    while start < len(points):
        x, y = points[start].tolist()
        stride = round(2 * x)
        if x != y or 2 * x != stride or stride <= (levels[-1][1] if levels else 0):
            raise _no_grid(points, start, where, bool(levels) and stride == levels[-1][1] == 1)
        height, width = _size_of_level(points[start:], stride, rounded)
        levels.append(((height, width), stride))
        start += height * width
    return levels


def _size_of_level(points: Array, stride: int, rounded: Callable[[Array], Array]) -> tuple[int, int]:
    """Height and width in cells of the level that begins with the first of ``points``."""
    cells = points / stride
    # torch counts the cells in that precision too, and cells beyond its largest number are no level
    with np.errstate(over="ignore"):
        centres = rounded(rounded(np.arange(len(cells))) + 0.5)
    first_row = (cells[:, 1] == 0.5) & (cells[:, 0] == centres)
    width = int(first_row.argmin()) if not first_row.all() else len(cells)
    rows = cells[: len(cells) // width * width].reshape(-1, width, 2)
    whole = (rows[..., 0] == centres[:width]).all(axis=1) & (rows[..., 1] == centres[: len(rows), None]).all(axis=1)
    return (int(whole.argmin()) if not whole.all() else len(rows)), width


def _no_grid(points: Array, at: int, where: str, in_cells: bool) -> InputError:
    x, y = points[at].tolist()
    hint = "these look like cells: multiply by the stride" if in_cells else EXPECTED
    message = f"({x:g}, {y:g}) neither continues a level nor begins one with a larger stride"
    return InputError("not-a-grid", message, where=f"{where}[{at}]", hint=hint)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))

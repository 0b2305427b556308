"""The grid of a call, from its anchor points alone, in whatever float type a training keeps them."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from ...assignment.grid import Grid


class Grids:
    """Recognises grids; points that have been seen before are only compared."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[tuple[Tensor, Grid]]] = {}

    def of(self, points: Tensor, imgsz: tuple[int, int] | None) -> Grid:
        """The grid whose cell centres ``points`` (anchor, xy; px) are.

        Args:
            points: levels one after the other, fine level first, row by row.
            imgsz: height and width of the network input; if unknown, or of other levels, whole cells of the finest.

        Raises:
            ValueError: they are the centres of no grid.
        """
        known = self._known.setdefault((len(points), points.dtype, points.device, imgsz), [])
        for seen, grid in known:
            if torch.equal(seen, points):
                return grid
        grid = grid_of(points, imgsz)
        known.append((points.detach().clone(), grid))
        return grid


def grid_of(points: Tensor, imgsz: tuple[int, int] | None) -> Grid:
    """As :meth:`Grids.of`. Rounding to a short float type may make neighbours equal, but never turns their order."""
    x, y = points.detach().float().cpu().unbind(-1)
    # a row begins where x falls back or y changes; with one column nothing but y tells
    begins = torch.ones(len(x), dtype=torch.bool)
    begins[1:] = (x[1:] < x[:-1]) | (y[1:] != y[:-1])
    starts = [*begins.nonzero().flatten().tolist(), len(x)]
    sizes: list[tuple[int, int]] = []
    strides: list[int] = []
    for start, end in pairwise(starts):
        stride = 2 * float(x[start])
        if strides and stride == strides[-1]:
            rows, columns = sizes[-1]
            sizes[-1] = rows + 1, columns
        elif stride.is_integer() and stride > (strides[-1] if strides else 0):
            strides.append(int(stride))
            sizes.append((1, end - start))
        else:
            break
    if not sizes:
        raise ValueError("anc_points are no cell centres in px")
    own = sizes[0][0] * strides[0], sizes[0][1] * strides[0]
    for size in (imgsz, own):
        if size is not None and sizes == [(-(-size[0] // stride), -(-size[1] // stride)) for stride in strides]:
            break
    else:
        raise ValueError("anc_points are no cell centres of levels that cover one input")
    grid = Grid.of(size, sizes, strides)
    if not torch.equal(centres(grid).to(points.dtype), points.detach().cpu()):
        raise ValueError("anc_points are no cell centres: levels one after the other, fine first, row by row, in px")
    return grid


def centres(grid: Grid) -> Tensor:
    """(anchor, xy) px, float32."""
    rows = []
    for level in grid.levels:
        y, x = torch.meshgrid(torch.arange(level.height), torch.arange(level.width), indexing="ij")
        rows.append((torch.stack([x, y], dim=-1).view(-1, 2) + 0.5) * level.stride)
    return torch.cat(rows)

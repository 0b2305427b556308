"""Which cells could lie inside which box, listed by arithmetic instead of by testing them all."""

from __future__ import annotations

import torch
from torch import Tensor

from .grid import Grid

EDGE = 1e-3
"""Far more than float32 can be wrong by at any real size, and few cells more to test than with none."""


def cells_near(boxes: Tensor, points: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Number of the box and of the anchor for every cell in each box or right on its edge.

    The anchors inside a box form one rectangle of cells per level. Each rectangle is taken wider on every side by
    EDGE of a cell and by what the points stand beside the centres, so that rounding cannot lose a cell; the caller
    decides at the edges.

    Args:
        boxes: (box, xyxy) in px; may leave the image, may be empty, inverted or not finite.
        points: (anchor, xy) in px, the centres of the cells; in half precision they are rounded, by up to half a cell.
        grid: the levels.

    Returns:
        (cell,) box index and (cell,) anchor index, sorted by box, then anchor.
    """
    strides = torch.tensor(grid.strides, dtype=torch.float64, device=boxes.device)
    sizes = torch.tensor([(level.width, level.height) for level in grid.levels], device=boxes.device)
    first = torch.tensor([level.first for level in grid.levels], device=boxes.device)

    edge = EDGE + beside_centres(points, grid)
    # centre (x + 0.5)·stride > x1 means x > x1/stride - 0.5, and likewise for the other three sides
    corners = boxes.double().nan_to_num().view(-1, 1, 2, 2) / strides.view(1, -1, 1, 1) - 0.5  # (box, level, 2, xy)
    limit = sizes.double()
    low = (corners[:, :, 0] - edge).ceil().clamp(min=0).minimum(limit).long()  # (box, level, xy)
    high = (corners[:, :, 1] + edge).floor().clamp(min=-1).minimum(limit - 1).long()
    extent = (high - low + 1).clamp(min=0)

    width = extent[..., 0].flatten()  # (rectangle,) = (box · level,)
    count = width * extent[..., 1].flatten()
    rectangle = torch.repeat_interleave(torch.arange(count.numel(), device=boxes.device), count)  # (cell,)
    within = torch.arange(rectangle.numel(), device=boxes.device) - (count.cumsum(0) - count)[rectangle]
    y, x = within // width[rectangle], within % width[rectangle]

    box, level = rectangle // len(grid.levels), rectangle % len(grid.levels)
    corner = low.view(-1, 2)[rectangle]
    anchor = first[level] + (corner[:, 1] + y) * sizes[level, 0] + corner[:, 0] + x
    return box, anchor


def beside_centres(points: Tensor, grid: Grid) -> Tensor:
    """How far the points (anchor, xy) in px stand beside the centres of their cells at most, in cells; () float64."""
    farthest = []
    for level in grid.levels:
        cells = points[level.first : level.first + level.anchors].double() / level.stride - 0.5
        x, y = cells.view(level.height, level.width, 2).unbind(-1)
        columns, rows = (torch.arange(n, device=points.device) for n in (level.width, level.height))
        farthest += [(x - columns).abs().amax(), (y - rows.unsqueeze(-1)).abs().amax()]
    return torch.stack(farthest).amax()

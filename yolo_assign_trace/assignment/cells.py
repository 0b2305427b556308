"""Which anchors lie inside which boxes, found by looking where the edges fall instead of by testing all pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

INSIDE = 1e-9
"""A centre is inside a box if it is more than so many px from all four sides."""

MOST_LEVELS = 16
MOST_KEPT = 32
"""Lattices that are remembered; a training with images of many shapes has some ten."""

TESTED_AT_ONCE = 1 << 22
"""Pairs of box and point that are tested at a time where the points are no lattice."""


class Inside(NamedTuple):
    """Every pair of a box and a point inside it, sorted by box, then point."""

    box: Tensor  # (pair,) number of the box
    cell: Tensor  # (pair,) number of the point, plus what its box was given as ``offset``
    of_box: Tensor  # (box,) pairs of every box


@dataclass(frozen=True)
class Lattice:
    """Points that are the cells of levels: row by row, with columns and rows in ascending order.

    Attributes:
        points: (a, xy) px.
        sides: (4, level, cell) where the columns and rows of a level are, as seen from the left, the top, the right
            and the bottom: x, y, and -x, -y in reverse; all ascending. Shorter axes are filled up with infinity.
        size: (2, level, 1) columns and rows.
        first: (level, 1) number of the level's first point.
    """

    points: Tensor
    sides: Tensor
    size: Tensor
    first: Tensor

    def beyond(self, boxes: Tensor) -> Tensor:
        """How many columns or rows of each level lie on or beyond each side of the boxes; (4, level, box).

        Comparisons are exactly those of :data:`INSIDE`: the difference of a float32 and a coordinate of a point is
        either 0 or far more than 1e-9, so that < decides; in float64 the nearest column is looked at again.
        """
        dtype = torch.float64 if torch.float64 in (boxes.dtype, self.points.dtype) else torch.float32
        edges = torch.cat([boxes[:, :2], -boxes[:, 2:]], dim=-1).to(dtype).t().unsqueeze(1)  # (4, 1, box)
        edges = edges.expand(4, len(self.first), len(boxes)).contiguous()
        sides = self.sides.to(dtype)
        beyond = torch.searchsorted(sides, edges, right=True)  # an edge that is nan has everything beyond it
        if dtype == torch.float64:
            nearest = sides.gather(2, beyond.clamp(max=sides.shape[2] - 1))
            beyond = torch.searchsorted(sides, nearest.where(nearest - edges <= INSIDE, edges), right=True)
        return beyond


def pairs_inside(boxes: Tensor, points: Tensor, offset: Tensor) -> Inside:
    """Every pair of a box and a point inside it: the centre is more than :data:`INSIDE` px from all four sides.

    Args:
        boxes: (box, xyxy) px; may leave the image, may be empty, inverted or not finite.
        points: (a, xy) px, any; fast if they are the centres of cells, also those that half precision rounded.
        offset: (box,) is added to the points' numbers; image · a makes them cells of a batch.
    """
    if not len(boxes):
        return Inside(offset, offset, offset)
    kind = (points.shape, points.dtype, points.device)
    for lattice in [one for one in _KNOWN if (one.points.shape, one.points.dtype, one.points.device) == kind]:
        listed = _list_rectangles(lattice, boxes, points, offset)
        if listed is not None:
            return listed
    found = lattice_of(points)
    if found is None:
        return _test_all(boxes, points, offset)
    _KNOWN[:] = [found, *_KNOWN[: MOST_KEPT - 1]]
    return pairs_inside(boxes, points, offset)


_KNOWN: list[Lattice] = []
"""The lattices met so far, the newest first."""


def _list_rectangles(lattice: Lattice, boxes: Tensor, points: Tensor, offset: Tensor) -> Inside | None:
    """The points inside a box form one rectangle of cells per level; None if the points are not the lattice's."""
    beyond = lattice.beyond(boxes)
    extent = (lattice.size - beyond[:2] - beyond[2:]).clamp_(min=0)  # (2, level, box) columns and rows
    across, columns = extent[0].t().reshape(-1), lattice.size[0].t()  # (rectangle,) = (box · level,), (1, level)
    down = (extent[1] * (extent[0] > 0)).t().reshape(-1)
    count = (extent[0] * extent[1]).sum(0)  # (box,)
    other = (points != lattice.points).any()
    # the only time that the host waits for a number
    pairs, rows, differs = torch.stack([count.sum(), down.sum(), other]).tolist()
    if differs:
        return None

    corner = (lattice.first + beyond[1] * lattice.size[0] + beyond[0]).t() + offset.unsqueeze(-1)  # (box, level)
    start = down.cumsum(0) - down
    stride = columns.expand_as(corner).reshape(-1)
    rectangle = _repeat(start, rows)  # (row,), as all below
    cell = (corner.reshape(-1) - start * stride).index_select(0, rectangle)
    cell += torch.arange(rows, device=cell.device) * stride.index_select(0, rectangle)  # the row's first
    length = across.index_select(0, rectangle)

    # cells count up along a row and jump to the next, so they are the running sum of their steps
    step = torch.ones(pairs, dtype=torch.long, device=cell.device)
    jump = cell.clone()
    jump[1:] -= cell[:-1] + length[:-1] - 1
    step.scatter_(0, length.cumsum(0) - length, jump)
    return Inside(_repeat(count.cumsum(0) - count, pairs), step.cumsum(0), count)


def _repeat(start: Tensor, total: int) -> Tensor:
    """Each number i from ``start[i]`` up to ``start[i + 1]``; (total,).

    As torch.repeat_interleave, which divides even a handful of numbers among threads.
    """
    steps = torch.zeros(total + 1, dtype=torch.long, device=start.device)
    return steps.scatter_add_(0, start, torch.ones_like(start)).cumsum_(0)[:total].sub_(1)


def _test_all(boxes: Tensor, points: Tensor, offset: Tensor) -> Inside:
    """Points that are no lattice, or not above 0: every one is held against every box."""
    found = []
    step = max(1, TESTED_AT_ONCE // max(1, len(points)))
    for top in range(0, len(boxes), step):
        some = boxes[top : top + step].unsqueeze(1)  # (box, 1, 4)
        low, high = some[..., :2], some[..., 2:]
        nearest = torch.minimum(points - low, high - points).amin(-1)  # (box, a)
        box, point = (nearest > INSIDE).nonzero(as_tuple=True)
        found.append((box + top, point))
    box, point = (torch.cat(parts) for parts in zip(*found, strict=True))
    count = box.bincount(minlength=len(boxes))
    return Inside(box, point + offset.index_select(0, box), count)


def lattice_of(points: Tensor) -> Lattice | None:
    """The levels that points (a, xy) in px are the cells of; None if there are none such.

    A row goes on while y stays and x does not fall, and a level goes on while its rows have the same columns and y
    does not fall. Nothing is asked of the distances, so centres that half precision rounded are a lattice too.
    """
    rest = points.detach().double().cpu()
    if not len(rest) or not bool((rest >= 0.25).all()) or not bool((rest < math.inf).all()):
        return None  # close to 0 differences can be smaller than 1e-9
    levels: list[tuple[Tensor, Tensor]] = []
    while len(rest):
        if len(levels) == MOST_LEVELS:
            return None
        x, y = rest.unbind(-1)
        width = _first((y[1:] != y[:-1]) | (x[1:] < x[:-1])) + 1
        rows = rest[: len(rest) // width * width].view(-1, width, 2)
        goes_on = (rows[:, :, 0] == rows[0, :, 0]).all(1) & (rows[:, :, 1] == rows[:, :1, 1]).all(1)
        goes_on[1:] &= rows[1:, 0, 1] >= rows[:-1, 0, 1]
        height = _first(~goes_on)
        levels.append((rows[0, :, 0], rows[:height, 0, 1]))
        rest = rest[width * height :]

    first, longest = [0], max(len(axis) for level in levels for axis in level)
    sides = torch.full((4, len(levels), longest), math.inf, dtype=torch.float64)
    for i, (x, y) in enumerate(levels):
        for side, axis in enumerate((x, y, -x.flip(0), -y.flip(0))):
            sides[side, i, : len(axis)] = axis
        first.append(first[-1] + len(x) * len(y))
    size = torch.tensor([[len(axis) for axis in level] for level in levels])  # (level, 2)
    kept = torch.float64 if points.dtype == torch.float64 else torch.float32
    return Lattice(
        points.detach().clone(),
        sides.to(points.device, kept),
        size.t().unsqueeze(-1).contiguous().to(points.device),
        torch.tensor(first[:-1], device=points.device).unsqueeze(-1),
    )


def _first(flags: Tensor) -> int:
    """Number of flags before the first that is set."""
    return int(torch.cat([flags, flags.new_ones(1)]).long().argmax())

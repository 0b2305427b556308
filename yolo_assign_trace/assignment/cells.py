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
        sign: (4, 1) what turns x1, y1, x2, y2 into what ``sides`` holds.
        size: (2, 1, level) columns and rows.
        first: (level,) number of the level's first point.
    """

    points: Tensor
    sides: Tensor
    sign: Tensor
    size: Tensor
    first: Tensor

    def beyond(self, boxes: Tensor) -> Tensor:
        """How many columns or rows of each level lie on or beyond each side of the boxes; (4, box, level).

        Comparisons are exactly those of :data:`INSIDE`: the difference of a float32 and a coordinate of a point is
        either 0 or far more than 1e-9, so that < decides; in float64 the nearest column is looked at again.
        """
        edges = (boxes.t() * self.sign).unsqueeze(1)  # (4, 1, box), at least float32
        edges = edges.expand(-1, len(self.first), -1).contiguous()
        sides = self.sides.to(edges.dtype)
        beyond = torch.searchsorted(sides, edges, right=True)  # an edge that is nan has everything beyond it
        if edges.dtype == torch.float64:
            nearest = sides.gather(2, beyond.clamp(max=sides.shape[2] - 1))
            beyond = torch.searchsorted(sides, nearest.where(nearest - edges <= INSIDE, edges), right=True)
        return beyond.transpose(1, 2)


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
    low = beyond[:2]
    extent = (lattice.size - low - beyond[2:]).clamp_(min=0)  # (2, box, level)
    across, down = extent.unbind()
    count = (across * down).sum(1)  # (box,)
    down = (down * (across > 0)).reshape(-1)  # (rectangle,) = (box · level,)
    # the only time that the host waits for a number
    pairs, rows, differs = torch.stack([count.sum(), down.sum(), (points != lattice.points).any()]).tolist()
    if differs:
        return None

    columns = lattice.size[0]  # (1, level)
    corner = (low[1] * columns).add_(low[0]).add_(lattice.first).add_(offset.unsqueeze(1))  # (box, level)
    stride = columns.expand_as(corner).reshape(-1)
    rectangle = torch.repeat_interleave(down, output_size=rows)  # (row,), as all below
    cell = (corner.reshape(-1) - (down.cumsum(0) - down) * stride).index_select(0, rectangle)
    cell += torch.arange(rows, device=cell.device) * stride.index_select(0, rectangle)  # the row's first
    length = across.reshape(-1).index_select(0, rectangle)

    # cells count up along a row and jump to the next, so they are the running sum of their steps
    step = torch.ones(pairs, dtype=torch.long, device=cell.device)
    jump = cell.clone()
    jump[1:] -= cell[:-1] + length[:-1] - 1
    step.scatter_(0, length.cumsum(0) - length, jump)
    return Inside(torch.repeat_interleave(count, output_size=pairs), step.cumsum_(0), count)


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
    exact = torch.float64 if points.dtype == torch.float64 else torch.float32
    return Lattice(
        points=points.detach().clone(),
        sides=sides.to(points.device, exact),
        sign=torch.tensor([[1], [1], [-1], [-1]], dtype=exact, device=points.device),
        size=torch.tensor([[[len(level[axis]) for level in levels]] for axis in (0, 1)], device=points.device),
        first=torch.tensor(first[:-1], device=points.device),
    )


def _first(flags: Tensor) -> int:
    """Number of flags before the first that is set."""
    return int(torch.cat([flags, flags.new_ones(1)]).long().argmax())

"""Candidate pairs, found by their box and by their anchor."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..basics.arrays import Array


class PairIndex:
    """Where to find pairs.

    A row is one box, row = image · m + gt; a cell is one anchor of one image, cell = image · a + anchor.

    Args:
        pairs: (pair, 3) image, gt, anchor, sorted.
        b: images.
        m: boxes an image.
        a: anchors an image.
    """

    def __init__(self, pairs: Array, b: int, m: int, a: int) -> None:
        self.pairs, self.b, self.m, self.a = pairs, b, m, a
        self.row: Array = pairs[:, 0] * m + pairs[:, 1]  # (pair,) ascending
        self.cell: Array = pairs[:, 0] * a + pairs[:, 2]  # (pair,)

    @cached_property
    def _starts(self) -> Array:
        return np.searchsorted(self.row, np.arange(self.b * self.m + 1))

    @cached_property
    def _by_cell(self) -> tuple[Array, Array]:
        order = np.argsort(self.cell, kind="stable")
        return order, self.cell[order]

    @cached_property
    def _keys(self) -> Array:
        keys: Array = self.row * self.a + self.pairs[:, 2]
        return keys

    def of_box(self, image: int, gt: int) -> slice:
        """Where the pairs of one box stand."""
        row = image * self.m + gt
        return slice(int(self._starts[row]), int(self._starts[row + 1]))

    def of_anchor(self, image: int, anchor: int) -> Array:
        """Indices of the pairs of one anchor, gts ascending."""
        order, cells = self._by_cell
        cell = image * self.a + anchor
        indices: Array = order[np.searchsorted(cells, cell) : np.searchsorted(cells, cell, side="right")]
        return indices

    def at(self, row: Array, anchor: Array) -> Array:
        """Index of the pair of every (row, anchor), -1 where the anchor is no candidate of that box."""
        keys = row * self.a + anchor
        at = np.searchsorted(self._keys, keys)
        inside = at < len(self.pairs)
        inside[inside] = self._keys[at[inside]] == keys[inside]
        return np.where(inside, at, -1)

    def one(self, image: int, gt: int, anchor: int) -> int:
        """Index of one pair, -1 if the anchor is no candidate of the box."""
        return int(self.at(np.array([image * self.m + gt]), np.array([anchor]))[0])

"""Rows of tensors over candidate pairs, matched by (image, gt, anchor)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..basics.arrays import Array


@dataclass(frozen=True)
class Rows:
    """The pair lists of two traces, (pair, 3) image, gt, anchor each, and how their rows match."""

    a: Array
    b: Array

    @cached_property
    def equal(self) -> bool:
        """Is every row of one the same row of the other?"""
        return bool(np.array_equal(self.a, self.b))

    @cached_property
    def common(self) -> tuple[Array, Array]:
        """Row numbers of the common pairs, in order of the pairs: in A, in B."""
        keys_a, keys_b = self._keys
        _, in_a, in_b = np.intersect1d(keys_a, keys_b, return_indices=True)
        return in_a, in_b

    @cached_property
    def only_a(self) -> Array:
        """(pair, 3) pairs that only A has."""
        return self.a[~np.isin(self._keys[0], self._keys[1])]

    @cached_property
    def only_b(self) -> Array:
        """(pair, 3) pairs that only B has."""
        return self.b[~np.isin(self._keys[1], self._keys[0])]

    @cached_property
    def all_pairs(self) -> Array:
        """(pair, 3) every pair that one of them has, in order."""
        pairs: Array = np.unique(np.concatenate([self.a, self.b]), axis=0)
        return pairs

    def dense(self, values: Array, *, side_b: bool) -> Array:
        """A flat mask of one side over :attr:`all_pairs`; false where that side has no such pair."""
        keys = self._keys[int(side_b)]
        place = np.searchsorted(self._key(self.all_pairs), keys)
        wide = np.zeros(len(self.all_pairs), dtype=values.dtype)
        wide[place] = values
        return wide

    @cached_property
    def _keys(self) -> tuple[Array, Array]:
        return self._key(self.a), self._key(self.b)

    def _key(self, pairs: Array) -> Array:
        """One number for every pair, in order of the pairs."""
        sizes = [
            1 + max((int(side[:, axis].max(initial=0)) for side in (self.a, self.b)), default=0) for axis in (1, 2)
        ]
        key: Array = (pairs[:, 0] * sizes[0] + pairs[:, 1]) * sizes[1] + pairs[:, 2]
        return key

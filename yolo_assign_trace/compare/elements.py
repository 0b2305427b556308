"""Two arrays of equal shape, element by element, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, Protocol

import numpy as np

from ..basics.arrays import Array
from .rules import Rule, at_common_precision

CHUNK = 1 << 18
"""Elements compared at a time: with temporaries a few MiB, which the processor's cache can hold."""

NONE = np.zeros(0, dtype=np.int64)


class Readable(Protocol):
    """Something whose elements can be read in parts, counted row by row; a stored output, for instance."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def read(self, start: int, stop: int) -> Array: ...


@dataclass(frozen=True)
class InMemory:
    """An array that can be read in parts."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def read(self, start: int, stop: int) -> Array:
        return self.array.reshape(-1)[start:stop]


@dataclass(frozen=True)
class ElementDiff:
    """How two arrays differ, element by element.

    Attributes:
        size: elements compared.
        differing: elements that are not the same by the rule.
        within: elements that are unequal but within tolerance.
        matter: those of the differing that matter, if the caller said which do; else all of them.
        worst: flat position of the worst of them, counted row by row; None if nothing differs.
        a: its value on side A.
        b: its value on side B.
        tolerance: the smallest x for which rtol = atol = x would pass all elements; None if no tolerance would.
        on_positives: did the caller say which elements matter?
    """

    size: int
    differing: int = 0
    within: int = 0
    matter: int = 0
    worst: int | None = None
    a: Any = None
    b: Any = None
    tolerance: float | None = None
    on_positives: bool = False

    @property
    def passing(self) -> float | None:
        """:attr:`tolerance`, rounded up to two digits so that it can be typed and still passes."""
        if not self.tolerance:
            return None
        wide = Decimal(self.tolerance)
        return float(wide.quantize(Decimal((0, (1,), wide.adjusted() - 1)), ROUND_CEILING))


def compare_elements(
    a: Readable,
    b: Readable,
    rule: Rule,
    *,
    by_size: bool = True,
    matters: Callable[[Array], Array] | None = None,
    each: Callable[[Array], None] | None = None,
) -> ElementDiff:
    """Compare two arrays of the same shape.

    Args:
        a: one side.
        b: the other, of the same kind of dtype.
        rule: when floats are the same; all else is exact.
        by_size: is the worst element the one furthest off? Otherwise, as for masks and indices, the first.
        matters: of flat positions that differ, which matter; one that matters is worse than one that does not.
        each: is told all flat positions that differ, in order, in parts.
    """
    size = int(np.prod(a.shape, dtype=np.int64))
    differing = within = matter = 0
    worst: tuple[bool, float] = (False, -1.0)
    place, value_a, value_b, tolerance = None, None, None, 0.0
    is_float = a.dtype.kind == "f" or b.dtype.kind == "f"
    for start in range(0, size, CHUNK):
        x, y = (side.read(start, min(start + CHUNK, size)) for side in (a, b))
        if _same_bits(x, y):
            continue
        at, excess, near = _floats(x, y, rule) if is_float else _exact(x, y)
        within += near
        if not at.size:
            continue
        positions = start + at
        weigh = matters(positions) if matters is not None else np.ones(len(at), dtype=bool)
        differing, matter = differing + len(at), matter + int(weigh.sum())
        tolerance = max(tolerance, float(excess.max()))
        if each is not None:
            each(positions)
        order = excess if by_size else np.ones(len(at))
        here = int(np.where(weigh, order, -1.0).argmax()) if weigh.any() else int(order.argmax())
        candidate = (bool(weigh[here]), float(order[here]))
        if candidate > worst:
            worst, place = candidate, int(positions[here])
            value_a, value_b = x[at[here]].item(), y[at[here]].item()
    if place is None:
        return ElementDiff(size, within=within)
    smallest = tolerance if is_float and np.isfinite(tolerance) else None
    return ElementDiff(
        size, differing, within, matter, place, value_a, value_b, smallest, on_positives=matters is not None
    )


def _same_bits(x: Array, y: Array) -> bool:
    """Are all bits equal? Then nothing else is to be asked, and integers compare fastest."""
    if x.dtype != y.dtype:
        return False
    code = f"u{x.dtype.itemsize}"
    return bool((x.view(code) == y.view(code)).all())


def _exact(x: Array, y: Array) -> tuple[Array, Array, int]:
    at = np.flatnonzero(x != y)
    return at, np.abs(x[at].astype(np.float64) - y[at].astype(np.float64)), 0


def _floats(x: Array, y: Array, rule: Rule) -> tuple[Array, Array, int]:
    """Places that differ, the smallest tolerance that each would pass with, and how many are near enough."""
    rounded_x, rounded_y = at_common_precision(x, y, rule)
    at = np.flatnonzero(rounded_x != rounded_y)
    with np.errstate(invalid="ignore"):  # a signalling nan, which no run makes, warns when it is made wider
        p, q = rounded_x[at].astype(np.float64), rounded_y[at].astype(np.float64)
    nan = np.isnan(p) & np.isnan(q)
    if nan.any():
        at, p, q = at[~nan], p[~nan], q[~nan]
    if not at.size:
        return at, NONE, 0
    with np.errstate(over="ignore", invalid="ignore"):
        distance, size = np.abs(p - q), np.maximum(np.abs(p), np.abs(q))
        finite = np.isfinite(size)
        bad = ~(finite & (distance <= rule.atol + rule.rtol * size))
        needed = np.where(finite, distance / (1.0 + size), np.inf)
    return at[bad], needed[bad], len(at) - int(bad.sum())

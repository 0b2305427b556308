"""When two values count as the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..basics.arrays import Array
from ..formats.number_text import LOSSLESS, round_significant


@dataclass(frozen=True)
class Rule:
    """When two floats a and b are the same: abs(a - b) <= atol + rtol · max(abs(a), abs(b)).

    The larger of the two stands for the size, so that the verdict does not depend on which side comes first. nan
    equals nan, an infinity equals itself, and no tolerance reaches either. Everything but floats is exact.

    ``digits_a`` and ``digits_b`` are the significant digits that a side was printed with, None if it is exact. A
    printed value stands for all values that are printed like it.
    """

    rtol: float = 0.0
    atol: float = 0.0
    digits_a: int | None = None
    digits_b: int | None = None


@dataclass(frozen=True)
class Tolerances:
    """The tolerances of a comparison: for all floats and, by name of an output, others: both rtol and atol."""

    rtol: float = 0.0
    atol: float = 0.0
    by_name: Mapping[str, float] = field(default_factory=dict)

    def rule(self, name: str, digits_a: int | None, digits_b: int | None) -> Rule:
        """The rule for output ``name``."""
        if name in self.by_name:
            return Rule(self.by_name[name], self.by_name[name], digits_a, digits_b)
        return Rule(self.rtol, self.atol, digits_a, digits_b)


def as_printed(values: Array, digits: int | None) -> Array:
    """Floats rounded to ``digits`` significant digits as run.log rounds them; None leaves them as they are."""
    if digits is None:
        return values
    values = values.astype(np.float32) if values.dtype == np.float16 else values
    if digits >= LOSSLESS[values.dtype]:
        return values
    finite = np.isfinite(values)
    if finite.all():
        return round_significant(values, digits)
    return np.where(finite, round_significant(np.where(finite, values, 0), digits), values)


def at_common_precision(a: Array, b: Array, rule: Rule) -> tuple[Array, Array]:
    """Both sides with the digits of the side that has fewer. Differences that only rounding twice makes are gone.

    A value printed with 6 digits can lie right between two values of 5: its unprinted form then rounds to either,
    so either is the same.
    """
    coarse = min((digits for digits in (rule.digits_a, rule.digits_b) if digits is not None), default=None)
    if coarse is None:
        return a, b
    x, y = as_printed(a, coarse), as_printed(b, coarse)
    if rule.digits_a is not None and rule.digits_b is not None and rule.digits_a != rule.digits_b:
        fine, digits = (a, rule.digits_a) if rule.digits_a > coarse else (b, rule.digits_b)
        open_ = np.flatnonzero((x != y) & np.isfinite(a) & np.isfinite(b))
        if open_.size:
            low, high = (as_printed(bound, coarse) for bound in _stands_for(fine[open_], digits))
            other = (y if rule.digits_a > coarse else x)[open_]
            same = open_[(low <= other) & (other <= high)]
            x = x.copy()
            x[same] = y[same]
    return x, y


def _stands_for(values: Array, digits: int) -> tuple[Array, Array]:
    """The smallest and largest number that is printed like each of ``values``."""
    wide = values.astype(np.float64)
    size = np.where(wide == 0, 1.0, np.abs(wide))
    half = np.where(wide == 0, 0.0, 0.5 * 10.0 ** (np.floor(np.log10(size)) - digits + 1))
    return (wide - half).astype(values.dtype), (wide + half).astype(values.dtype)

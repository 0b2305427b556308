"""The few numbers that stand beside every tensor in console, log and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..basics.arrays import Array

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Statistics:
    """Statistics of one tensor; ``lowest`` and ``highest`` are flat positions, None if there is no number.

    Floats have mean and counts of zero, nan and inf; integers ``distinct``; booleans ``true``.
    """

    kind: str
    size: int
    lowest: int | None = None
    highest: int | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    mean: float | None = None
    zero: int = 0
    nan: int = 0
    inf: int = 0
    distinct: int = 0
    true: int = 0

    @classmethod
    def of(cls, array: Array, dense_size: int | None = None) -> Statistics:
        """Statistics of an array; a boolean over pairs is counted against the size of its dense form."""
        array = array.reshape(-1)
        if array.dtype == np.bool_:
            return cls("bool", array.size if dense_size is None else dense_size, true=int(array.sum()))
        if array.dtype.kind in "iu":
            if not array.size:
                return cls("int", 0)
            low, high = int(array.argmin()), int(array.argmax())
            distinct = len(np.unique(array))
            return cls("int", array.size, low, high, int(array[low]), int(array[high]), distinct=distinct)
        return _of_floats(array)


def _of_floats(array: Array) -> Statistics:
    """In parts, so that temporaries stay small; numpy's pairwise sums do not depend on the number of threads."""
    zero = nan = inf = 0
    total = 0.0
    lowest: int | None = None
    highest: int | None = None
    for start in range(0, array.size, _CHUNK):
        part = array[start : start + _CHUNK]
        finite = np.isfinite(part)
        zero += int(np.count_nonzero(part == 0))
        if not finite.all():
            nans = int(np.isnan(part).sum())
            nan, inf = nan + nans, inf + int((~finite).sum()) - nans
            if not finite.any():
                continue
        total += float(part.sum(where=finite, dtype=np.float64))
        low = start + int(np.where(finite, part, np.inf).argmin())
        high = start + int(np.where(finite, part, -np.inf).argmax())
        lowest = low if lowest is None or array[low] < array[lowest] else lowest
        highest = high if highest is None or array[high] > array[highest] else highest
    if lowest is None or highest is None:
        return Statistics("float", array.size, zero=zero, nan=nan, inf=inf)
    return Statistics(
        "float",
        array.size,
        lowest,
        highest,
        float(array[lowest]),
        float(array[highest]),
        mean=total / (array.size - nan - inf),
        zero=zero,
        nan=nan,
        inf=inf,
    )


def as_json(statistics: Statistics) -> dict[str, Any]:
    """The fields that say something about this kind of tensor; not finite numbers cannot occur."""
    common = {"size": statistics.size}
    if statistics.kind == "bool":
        return common | {"true": statistics.true}
    bounds = {"min": statistics.minimum, "max": statistics.maximum}
    if statistics.kind == "int":
        return common | bounds | {"distinct": statistics.distinct}
    counts = {"zero": statistics.zero, "nan": statistics.nan, "inf": statistics.inf}
    return common | bounds | {"mean": statistics.mean} | counts

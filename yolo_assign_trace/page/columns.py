"""Arrays inside a JSON document: exact, and small enough for tens of thousands of candidate pairs."""

from __future__ import annotations

import base64

import numpy as np

from ..basics.arrays import Array

_INTEGERS = ("u1", "u2", "u4")


def column(values: Array) -> dict[str, str]:
    """``values`` as little-endian bytes in base64, row by row; ``type`` is u1, u2, u4, i4, f4 or f8.

    Floats keep their type and every bit. Integers get the smallest type that holds them.

    >>> column(np.array([1, 2, 300]))
    {'type': 'u2', 'data': 'AQACACwB'}
    """
    kind = _type_of(values)
    data = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
    return {"type": kind, "data": base64.b64encode(data).decode()}


def _type_of(values: Array) -> str:
    if values.dtype.kind == "f":
        return "f8" if values.dtype == np.float64 else "f4"
    if values.dtype == np.bool_:
        return "u1"
    if values.size and values.min() < 0:
        return "i4"
    largest = int(values.max(initial=0))
    return next(kind for kind in _INTEGERS if largest <= np.iinfo(kind).max)

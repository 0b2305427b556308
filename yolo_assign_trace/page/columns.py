"""Arrays inside a JSON document, small enough for tens of thousands of candidate pairs.

Numbers that the page shows are texts, written as explain and run.log write them: the page never rounds one itself.
Numbers that it only works with (numbers of boxes and anchors, places) are bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..explain.sentences import DIGITS, shown
from ..formats.number_text import rows_text

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


def text_column(texts: Sequence[str]) -> dict[str, Any]:
    """Texts without spaces, apart by spaces; if that is shorter, each once and ``at`` the places of all of them.

    >>> text_column(["0.5", "2.0", "0.5", "0.5", "0.5"])
    {'type': 'text', 'data': '0.5 2.0', 'at': {'type': 'u1', 'data': 'AAEAAAA='}}
    """
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    if 2 * len(places) >= len(texts):
        return {"type": "text", "data": " ".join(texts)}
    return {"type": "text", "data": " ".join(places), "at": column(np.array([places[text] for text in texts]))}


def number_column(values: Array) -> dict[str, Any]:
    """Floats as :func:`~yolo_assign_trace.explain.sentences.number` writes them."""
    rows = values.astype(np.float64).reshape(-1, 1)
    return text_column([text.decode() for text in rows_text(rows, DIGITS, fold=False)])


def px_column(values: Array) -> dict[str, Any]:
    """px as sentences show them, row by row."""
    distinct, place = np.unique(values, return_inverse=True)
    texts = [shown("x", value) for value in distinct.tolist()]
    return text_column([texts[n] for n in place.reshape(-1).tolist()])


def _type_of(values: Array) -> str:
    if values.dtype.kind == "f":
        return "f8" if values.dtype == np.float64 else "f4"
    if values.dtype == np.bool_:
        return "u1"
    if values.size and values.min() < 0:
        return "i4"
    largest = int(values.max(initial=0))
    return next(kind for kind in _INTEGERS if largest <= np.iinfo(kind).max)

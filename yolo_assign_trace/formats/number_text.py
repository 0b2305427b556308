"""Numbers to text and back at millions of values a second, the same bytes on every machine.

Floats are rounded to a number of significant digits by arithmetic (half to even) and then printed in their
shortest form that reads back to the same float. float32 needs 9 digits to be lossless, float64 needs 17; from
there on nothing is rounded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson

from ..basics.arrays import Array

LOSSLESS = {np.dtype(np.float32): 9, np.dtype(np.float64): 17}
REPEAT_FROM = 4
"""A row of at least this many equal values is written as value*count."""

_POWERS = np.array([float(f"1e{n}") for n in range(62)])  # numpy's own power is an ulp off from 1e23 on
_DECADE = np.floor(np.log10(np.ldexp(1.0, np.arange(256).clip(1, 254) - 127))).astype(np.intp)
_NEXT_DECADE = np.array([float(f"1e{decade + 1}") for decade in _DECADE.tolist()])
_CACHED = 1 << 14  # values rounded at a time, so that the temporaries stay in the processor's cache
_EXACT_POWER = 22  # 10^22 is the largest power of ten that a float64 holds exactly


def round_significant(values: Array, digits: int) -> Array:
    """``values`` (float32 or float64, finite) rounded to ``digits`` significant digits, half to even."""
    if digits >= LOSSLESS[values.dtype]:
        return values
    flat = np.ascontiguousarray(values).reshape(-1)
    rounded = np.empty_like(flat)
    for start in range(0, flat.size, _CACHED):
        part = slice(start, start + _CACHED)
        rounded[part] = _round_part(flat[part], digits)
    return rounded.reshape(values.shape)


def _decades(values: Array, wide: Array) -> Array:
    """floor(log10(abs(value))) of every value; of 0, any number. ``wide`` is ``values`` as float64.

    For float32 the binary exponent tells it but for one comparison, in half the time of the logarithm.
    """
    decades: Array
    if values.dtype == np.float32:
        binary = (values.view(np.int32) >> 23) & 255
        decades = _DECADE.take(binary) + (np.abs(wide) >= _NEXT_DECADE.take(binary))
        unsure = (binary == 0) & (wide != 0)  # subnormal: the exponent does not tell
        if unsure.any():
            decades[unsure] = np.floor(np.log10(np.abs(wide[unsure]))).astype(np.intp)
        return decades
    decades = np.floor(np.log10(np.maximum(np.abs(wide), np.finfo(np.float64).tiny))).astype(np.intp)
    return decades


def _round_part(values: Array, digits: int) -> Array:
    wide = values.astype(np.float64)
    shift = (digits - 1) - _decades(values, wide)
    shift[wide == 0] = 0
    far = np.abs(shift) > _EXACT_POWER if values.dtype == np.float64 else None
    if far is not None and far.any():  # no exact power of ten reaches there: rare, so decimal text may be slow
        shift[far] = 0
    if int(shift.min()) >= 0:
        up = _POWERS[shift]
        rounded: Array = np.rint(wide * up) / up
    else:
        up, down = _POWERS[shift.clip(min=0)], _POWERS[(-shift).clip(min=0)]
        rounded = np.rint(wide * up / down) * down / up
    if far is not None and far.any():
        rounded[far] = [float(f"{value:.{digits - 1}e}") for value in wide[far].tolist()]
    largest = np.finfo(values.dtype).max  # what rounds up beyond it stays the largest float there is
    return rounded.clip(-largest, largest)


def number_text(value: float, digits: int, dtype: Any = np.float64) -> str:
    """One float as :func:`rows_text` writes it; ``dtype`` is that of the tensor it comes from."""
    return rows_text(np.array([[value]], dtype=dtype), digits)[0].decode()


def rows_text(rows: Array, digits: int, *, fold: bool = True) -> list[bytes]:
    """One line of text per row of ``rows`` (row, column): values apart by a space.

    ``fold`` writes a row of n equal values as ``v*n``.
    """
    if rows.shape[1] == 0 or rows.shape[0] == 0:
        return [b""] * rows.shape[0]
    if rows.dtype == np.bool_:
        lines = _bool_lines(rows)
    elif rows.dtype.kind == "f":
        rows = rows.astype(np.float32) if rows.dtype == np.float16 else rows
        finite = np.isfinite(rows)
        if finite.all():
            rows = round_significant(rows, digits)
            lines = _orjson_lines(rows)
        else:
            rounded = round_significant(np.where(finite, rows, 0), digits)
            lines = _orjson_lines(rounded)
            rows = np.where(finite, rounded, rows)
            for i in np.flatnonzero(~finite.all(axis=1)).tolist():
                words = zip(rows[i].tolist(), lines[i].split(), strict=True)
                lines[i] = b" ".join(word if math.isfinite(v) else _non_finite(v) for v, word in words)
    else:
        lines = _orjson_lines(rows)
    if fold and rows.shape[1] >= REPEAT_FROM:
        bits = rows.view(f"i{rows.dtype.itemsize}") if rows.dtype.kind == "f" else rows
        count = b"*%d" % rows.shape[1]
        for i in np.flatnonzero((bits == bits[:, :1]).all(axis=1)).tolist():
            lines[i] = lines[i].split(b" ", 1)[0] + count
    return lines


def grid_text(rows: Array, glyphs: bytes) -> list[bytes]:
    """One line per row of small codes (row, column): the glyph of every code, apart by a space."""
    wide = np.full((rows.shape[0], rows.shape[1] * 2), ord(" "), dtype=np.uint8)
    wide[:, ::2] = np.frombuffer(glyphs, dtype=np.uint8)[rows.astype(np.intp)]
    return [line.tobytes().rstrip() for line in wide]


def parse_values(text: str, dtype: Any, count: int | None = None) -> Array:
    """The inverse of a line of :func:`rows_text`, of ``count`` values if that is known.

    Raises:
        ValueError: another number of values, or a word that is no number of ``dtype``.
    """
    word, star, times = text.partition("*")
    words = text.split(" ") if text else []
    if star:
        if count is not None and times != str(count):
            raise ValueError(f"expected {count} values, not {times}")
        return np.repeat(parse_values(word, dtype, 1), int(times))
    if count is not None and len(words) != count:
        raise ValueError(f"expected {count} values, not {len(words)}")
    if np.dtype(dtype) == np.bool_:
        if not set(words) <= {".", "#"}:
            raise ValueError(f"expected . or #, not {text!r}")
        return np.array([word == "#" for word in words], dtype=np.bool_)
    return np.array(words, dtype=dtype)


def _orjson_lines(rows: Array) -> list[bytes]:
    text = orjson.dumps(np.ascontiguousarray(rows), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[2:-2].replace(b",", b" ").split(b"] [")


def _bool_lines(rows: Array) -> list[bytes]:
    return grid_text(rows, b".#")


def _non_finite(value: float) -> bytes:
    return b"nan" if math.isnan(value) else b"inf" if value > 0 else b"-inf"

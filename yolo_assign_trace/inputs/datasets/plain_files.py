"""Label files in which nothing is worth a word: many are read and checked at once, which takes a fraction of the time.

Whatever is not plainly right here is left to the reader of single files, which knows every rule and what to say. So
this file only has to be careful, not complete.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson

from ...basics.arrays import Array
from ..labels.geometry import reaches_outside
from ..labels.row import LARGEST_INDEX
from ..labels.rules import LabelRules
from .boxes import Boxes
from .entries import Entry

_PLAIN = b"0123456789.+-eE \t\n"
_NEWLINE, _BLANK = 10, 32
_FIELDS = 5
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # nobody waits for a pipe
_LARGEST = 1 << 16
"""Bytes of a file that is taken for plain: 1,500 boxes."""


@dataclass
class Plain:
    """How many files were plain, their boxes, the boxes by class, and the places of the entries that were not."""

    files: int = 0
    boxes: Boxes = field(default_factory=Boxes)
    classes: Counter[int] = field(default_factory=Counter)
    others: list[int] = field(default_factory=list)


def read_plain(
    entries: Sequence[Entry], odd: Sequence[bool], rules: LabelRules, nc: int | None, smallest: Sequence[float]
) -> Plain:
    """Read the plain files and count their boxes.

    Args:
        entries: images with their label files.
        odd: by entry, is there anything to be said of it beside its rows?
        rules: of the release to read as.
        nc: number of classes, None if unknown.
        smallest: by entry, width and height, as fractions, from which a box is large enough not to be looked at.
    """
    texts = [None if about_image else _plain_text(entry) for entry, about_image in zip(entries, odd, strict=True)]
    plain = np.array([text is not None for text in texts], dtype=bool)
    good, _, _ = _rows_of_five([text for text in texts if text is not None])
    plain[plain] = good
    chosen = [text for text, good in zip(texts, plain.tolist(), strict=True) if good and text is not None]
    try:
        values = _numbers(b"".join(chosen).split()).reshape(-1, _FIELDS)  # (row, class cx cy w h)
    except ValueError:  # such as 1.2.3, too rare to find out in which file
        return Plain(others=list(range(len(entries))))
    _, of_text, line = _rows_of_five(chosen)
    file = np.flatnonzero(plain)[of_text]  # (row,)
    worth_a_word = _is_odd(values, rules, nc, np.array(smallest)[file]) | _is_repeated(values, file)
    plain[file[worth_a_word]] = False
    kept = plain[file]
    labels = values[kept, 0].astype(np.int64)
    numbers = np.bincount(labels)
    classes = Counter({label: int(numbers[label]) for label in np.flatnonzero(numbers).tolist()})
    boxes = Boxes(file[kept], line[kept], labels, values[kept, 1:].astype(np.float32))
    return Plain(int(plain.sum()), boxes, classes, np.flatnonzero(~plain).tolist())


def _numbers(words: list[bytes]) -> Array:
    """The words as float64.

    Raises:
        ValueError: one of them is no number.
    """
    try:  # a third of the time that float takes, and as exact
        numbers = orjson.loads(b"[%b]" % b",".join(words))
    except orjson.JSONDecodeError:  # numbers that JSON does not know, such as .5 and +1
        numbers = list(map(float, words))
    return np.array(numbers, dtype=np.float64)


def _plain_text(entry: Entry) -> bytes | None:
    """The file; None if it is missing, empty, or holds anything but numbers."""
    if entry.table is not None or entry.data is not None:
        return None
    try:
        file = os.open(entry.label, _READ)  # half the time that open takes
        try:
            data = os.read(file, _LARGEST) if stat.S_ISREG(os.fstat(file).st_mode) else b""
        finally:
            os.close(file)
    except (OSError, ValueError):
        return None
    if len(data) == _LARGEST:
        return None
    data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    if data.translate(None, _PLAIN):
        return None
    if data.isspace() or not data:
        return None
    return data if data.endswith(b"\n") else data + b"\n"


def _rows_of_five(texts: Sequence[bytes]) -> tuple[Array, Array, Array]:
    """(file,) has every line of it five fields, or nothing at all? And of every row (row,) its file and its line."""
    marks = np.frombuffer(b"".join(texts), dtype=np.uint8)
    blank = marks <= _BLANK
    begins = ~blank
    begins[1:] &= blank[:-1]
    ends = np.flatnonzero(marks == _NEWLINE)
    fields = np.diff(np.cumsum(begins)[ends], prepend=0)  # (line,)
    empty = np.diff(ends, prepend=-1) == 1
    lines = np.array([text.count(b"\n") for text in texts], dtype=np.int64)
    file = np.repeat(np.arange(len(texts)), lines)
    good = np.ones(len(texts), dtype=bool)
    good[file[(fields != _FIELDS) & ~empty]] = False
    number = np.arange(1, len(ends) + 1) - np.repeat(np.cumsum(lines) - lines, lines)
    return good, file[~empty], number[~empty]


def _is_odd(values: Array, rules: LabelRules, nc: int | None, smallest: Array) -> Array:
    """(row,) does anything have to be said of a row class cx cy w h? Rather yes than no."""
    label, largest = values[:, 0], LARGEST_INDEX if nc is None else nc - 1
    with np.errstate(over="ignore", invalid="ignore"):  # 1e39 becomes infinite, and is odd
        places = values[:, 1:].astype(np.float32)
        right: Array = (np.floor(label) == label) & (label >= 0) & (label <= largest)
        right &= (places <= np.float32(rules.high)).all(axis=1) & (places[:, :2] > 0).all(axis=1)
        right &= (places[:, 2:] >= smallest[:, None]).all(axis=1)
        right &= ~reaches_outside(places[:, :2].astype(np.float64), places[:, 2:].astype(np.float64))
    return ~right


def _is_repeated(values: Array, file: Array) -> Array:
    """(row,) does a box stand in its file twice, of whatever class? Rather yes than no: hashes are compared."""
    with np.errstate(over="ignore"):
        places = np.ascontiguousarray(values[:, 1:], dtype=np.float32).view(np.uint64)  # (row, 2)
        mixed = places[:, 0] * _MIX[0] + places[:, 1] * _MIX[1] + file.astype(np.uint64) * _MIX[2]
    mixed ^= mixed >> np.uint64(29)
    in_order = np.sort(mixed)
    twice = in_order[1:][in_order[1:] == in_order[:-1]]
    return np.isin(mixed, twice) if len(twice) else np.zeros(len(values), dtype=bool)


_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
"""Odd numbers without a pattern."""

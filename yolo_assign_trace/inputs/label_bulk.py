"""Many label files at once: the ones in which everything is plainly right, found several times faster.

A file that is not plain is not wrong: it is only left to :mod:`.read_entry`, which says what there is to say. So this
module decides nothing, and leaving it out changes no result, only time.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from .label_rules import LabelRules
from .label_text import class_limit

_COLUMNS = 5
_LETTERS = b"0123456789.+-eE \t\r\n"


@dataclass(frozen=True)
class Bulk:
    """What plain files hold together.

    Attributes:
        plain: (file,) is there nothing at all to say about the file?
        classes: (box,) of the plain files.
    """

    plain: Array
    classes: Array


def read_bulk(files: Sequence[bytes | None], rules: LabelRules, nc: int | None, smallest: Array) -> Bulk:
    """Look for the files of boxes in which every row passes, nothing is double and no box looks odd.

    Args:
        files: contents, None for a file that could not be read.
        rules: of the release to read as.
        nc: number of classes, None if unknown.
        smallest: (file,) sides under this fraction of the image make a file not plain.
    """
    exact, file = _rows_of_five(files)
    plain = np.zeros(len(files), dtype=bool)
    plain[file] = True
    with np.errstate(over="ignore", invalid="ignore"):
        rows = exact.astype(np.float32)
        fine = _pass(exact[:, 0], rows[:, 1:], rules, class_limit(rules, nc))
        fine &= _unremarkable(rows[:, 1:], smallest[file])
    plain[file[~fine]] = False
    plain[file[_doubles(rows, file)]] = False
    return Bulk(plain, rows[plain[file], 0].astype(np.int64))


def _rows_of_five(files: Sequence[bytes | None]) -> tuple[Array, Array]:
    """(row, 5) numbers and (row,) file of all files that hold nothing but rows of five numbers.

    The files are joined and parsed in one call. Files with other letters are left out before, so that a number that
    cannot be read, which makes all of them take the way one by one, is rare.
    """
    chosen = [i for i, data in enumerate(files) if data and not data.translate(None, _LETTERS)]
    text = b"\n".join([files[i] or b"" for i in chosen] + [b""])
    letters = np.frombuffer(text, dtype=np.uint8)
    space = letters <= ord(" ")
    first = np.flatnonzero(~space & np.concatenate([[True], space[:-1]]))  # (number,) where each begins
    line_ends = np.flatnonzero((letters == ord("\n")) | (letters == ord("\r")))
    counts = np.diff(np.searchsorted(first, line_ends), prepend=0)  # (line,) numbers in it
    file_ends = np.cumsum([len(files[i] or b"") + 1 for i in chosen], dtype=np.int64)
    wrong = np.zeros(len(chosen), dtype=bool)
    wrong[np.searchsorted(file_ends, line_ends[(counts != 0) & (counts != _COLUMNS)], side="right")] = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # numpy's word for a number that cannot be read
            numbers = np.fromstring(text, dtype=np.float64, sep=" ")
    except DeprecationWarning:
        return _one_by_one(files)
    file = np.searchsorted(file_ends, first, side="right")
    kept = ~wrong[file]
    return numbers[kept].reshape(-1, _COLUMNS), np.array(chosen, dtype=np.int64)[file[kept][::_COLUMNS]]


def _one_by_one(files: Sequence[bytes | None]) -> tuple[Array, Array]:
    found = [_rows_of_five([data]) if _is_number_text(data) else None for data in files]
    rows = [part[0] for part in found if part is not None]
    file = np.repeat(np.arange(len(files)), [0 if part is None else len(part[0]) for part in found])
    return np.concatenate([np.zeros((0, _COLUMNS)), *rows]), file


def _is_number_text(data: bytes | None) -> bool:
    """Is every word a number?"""
    try:
        return data is not None and bool(list(map(float, data.split())))
    except ValueError:
        return False


def _pass(label: Array, places: Array, rules: LabelRules, count: int) -> Array:
    """(row,) does every number pass the rules? nan passes no comparison."""
    limit = count - 1 if rules.class_may_equal_count else count  # class nc passes there, but is worth a word
    fine = (np.floor(label) == label) & (label >= 0) & (label < limit)
    fine &= ((places >= rules.low) & (places <= rules.high)).all(axis=1)
    passed: Array = fine & (places[:, 2:] >= rules.lowest_size).all(axis=1)
    return passed


def _unremarkable(places: Array, smallest: Array) -> Array:
    """(row,) is the box inside the image, of some size, and away from the corner where it would count as padding?"""
    centres, sizes = places[:, :2].astype(np.float64), places[:, 2:].astype(np.float64)
    fine = (sizes >= np.maximum(smallest, np.finfo(np.float32).tiny)[:, None]).all(axis=1)
    fine &= (centres - sizes / 2 >= -1e-4).all(axis=1) & (centres + sizes / 2 <= 1 + 1e-4).all(axis=1)
    calm: Array = fine & (centres.sum(axis=1) > 0)
    return calm


def _doubles(rows: Array, file: Array) -> Array:
    """Rows that have the box of another row of their file, of whatever class."""
    places = rows[:, 1:] + np.float32(0)  # -0 becomes 0
    order = np.lexsort([*places.T, file])
    same = (np.diff(places[order], axis=0) == 0).all(axis=1) & (np.diff(file[order]) == 0)
    found: Array = order[1:][same]
    return found

"""One row of a label file: which numbers it holds, or why it fails."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...basics.arrays import Array
from ...basics.plural import count
from .rules import LabelRules

BOXES, BATCH, POLYGONS = "boxes", "batch", "polygons"
"""Forms of a file: class cx cy w h; image class cx cy w h; class and the corners of a polygon."""

LARGEST_INDEX = 100_000
"""Classes and images beyond this are taken for a mistake, not for a reason to allocate the memory."""

_NAMES = ("cx", "cy", "w", "h")


class RowError(Exception):
    """Why a row fails, or what is to be said of it: the parts of a finding."""

    def __init__(self, id: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.id, self.message, self.hint = id, message, hint


@dataclass(frozen=True)
class Row:
    """What one row says: image, class, cx, cy, w, h, and of a polygon its points (point, xy), float32 fractions."""

    numbers: list[float]
    points: Array | None = None


def read_row(words: list[str], form: str, rules: LabelRules, nc: int | None, remarks: list[RowError]) -> Row:
    """One row; ``remarks`` takes what is to be said although it passes.

    Raises:
        RowError: the row fails.
    """
    _check_width(words, form, rules)
    with np.errstate(over="ignore"):
        numbers = np.array([_number(word) for word in words]).astype(np.float32)
    if not np.isfinite(numbers).all():
        word = words[int(np.isfinite(numbers).argmin())]
        raise RowError("not-finite", f"{word[:30]} is not a finite number")
    image = _index("image", float(numbers[0]), LARGEST_INDEX) if form == BATCH else 0.0
    numbers = numbers[1:] if form == BATCH else numbers
    label = _class(float(numbers[0]), rules, nc, remarks)
    places, points = numbers[1:], None
    if form == POLYGONS:
        points = places.reshape(-1, 2)
        if len(words) == 5:
            remarks.append(RowError("row-misread", f"the box {' '.join(words[1:])} is read as two points"))
        places = _box_around(points, rules, remarks)
    _check_places(places, rules)
    return Row([image, label, *places.tolist()], points)


def _check_width(words: list[str], form: str, rules: LabelRules) -> None:
    fields = len(words)
    if not fields:
        message = f"a line of white space, which {rules.name} takes for a row without numbers"
        raise RowError("blank-row", message, "delete the line")
    if form == POLYGONS:
        if fields == 5 and not rules.misreads_boxes:
            message = "found a box of 5 numbers in a file of polygons"
            raise RowError("box-in-polygon-file", message, "write boxes or polygons, not both in one file")
        if fields < 3:
            message = f"expected a class and the points of a polygon, found {count(fields, 'field')}"
            raise RowError("wrong-column-count", message)
        if fields % 2 == 0:
            message = f"expected a class and an even number of coordinates, found {count(fields - 1, 'coordinate')}"
            raise RowError("odd-coordinates", message)
        return
    if fields == (6 if form == BATCH else 5):
        return
    hint = "numbers stand apart by spaces, without commas" if any("," in word for word in words) else ""
    if form == BOXES and fields == 6:
        message = "expected 5 numbers (class cx cy w h), found 6: is the last one a confidence?"
        raise RowError("confidence-column", message, "labels have no confidence; leave it out")
    expected = (
        "6 numbers (image class cx cy w h), as in the first row" if form == BATCH else "5 numbers (class cx cy w h)"
    )
    raise RowError("wrong-column-count", f"expected {expected}, found {fields}", hint)


def _number(word: str) -> float:
    try:
        return float(word)  # as training has it: 1_0 is 10, and digits of all scripts count
    except ValueError:
        raise RowError("not-a-number", f"{_short(word)} is not a number") from None


def class_fits(label: float, rules: LabelRules, nc: int | None) -> bool:
    """Is a class, or the largest of many, small enough? ``nc`` is None where the number of classes is unknown."""
    if nc is None:
        return label <= LARGEST_INDEX
    return label <= nc if rules.class_may_equal_count else label < nc


def above_count(label: float, nc: int) -> str:
    """What is said of a class that is too large.

    >>> above_count(3, 2)
    'class is 3, but there are 2 classes, 0 to 1'
    """
    return f"class is {label:g}, but there {'is 1 class, 0' if nc == 1 else f'are {nc} classes, 0 to {nc - 1}'}"


def _class(value: float, rules: LabelRules, nc: int | None, remarks: list[RowError]) -> float:
    """The class as the row has it, also a fraction: duplicates are told by it, and only the loss cuts it."""
    if value != int(value) and not rules.whole_classes and value >= np.float32(rules.low):
        remarks.append(RowError("class-truncated", f"class is {value:g}, read as {int(value)}"))
    else:
        _index("class", value, LARGEST_INDEX if nc is None else math.inf)
    if nc is not None and not class_fits(value, rules, nc):
        raise RowError("class-too-large", above_count(value, nc))
    return value


def _index(what: str, value: float, largest: float) -> float:
    if value != int(value):
        raise RowError(f"{what}-not-an-integer", f"{what} is {value:g}, expected a whole number")
    if value < 0:
        raise RowError(f"negative-{what}", f"{what} is {value:g}", f"{count(2, what)[2:]} are counted from 0")
    if value > largest:
        raise RowError(f"{what}-too-large", f"{what} is {value:g}, more than {largest:,}")
    return value


def _box_around(points: Array, rules: LabelRules, remarks: list[RowError]) -> Array:
    """The box (cx, cy, w, h) around points (point, xy), in float32."""
    low, high = points.min(axis=0), points.max(axis=0)
    if low.min() < rules.low or high.max() > rules.high:
        worst = high.max() if high.max() > rules.high else low.min()
        remarks.append(RowError("point-outside", f"a point of the polygon lies at {worst:g}"))
    with np.errstate(over="ignore"):  # infinite numbers are out of range
        return np.concatenate([(low + high) / 2, high - low])


def _check_places(places: Array, rules: LabelRules) -> None:
    for name, value in zip(_NAMES, places.tolist(), strict=True):
        if name in "wh" and value < np.float32(rules.lowest_size):
            raise RowError("negative-size", f"{name} is {value:g}, a size cannot be negative")
        if not np.float32(rules.low) <= value <= np.float32(rules.high):
            bounds = "0 to 1" if rules.high == 1 else f"0 to 1 (up to {rules.high:g} and down to {rules.low:g} pass)"
            hint = "coordinates are fractions of the image's width and height" if abs(value) > 2 else ""
            raise RowError("out-of-range", f"{name} is {_beyond(value, rules)}, expected a number from {bounds}", hint)


def _beyond(value: float, rules: LabelRules) -> str:
    """A number out of range, with nine digits where six would print the bound itself.

    >>> from .rules import TODAY
    >>> _beyond(1.5, TODAY), _beyond(float(np.float32(1.0100001)), TODAY)
    ('1.5', '1.01000011')
    """
    text = f"{value:g}"
    return f"{value:.9g}" if float(text) in (rules.low, rules.high) else text


def _short(word: str) -> str:
    return repr(word if len(word) <= 30 else word[:27] + "...")

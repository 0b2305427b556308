"""YOLO label rows from one text file."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..errors import InputError
from .files import display_name, read_text

COLUMNS = ("class", "cx", "cy", "w", "h")
LARGEST_INDEX = 100_000
"""Classes and images beyond this are taken for a mistake, not for a reason to allocate the memory."""


@dataclass(frozen=True)
class Labels:
    """Label rows of a batch.

    Attributes:
        name: the file's name without folders, so that a log does not depend on where it was made.
        rows: (box, 6) float64: image, class, cx, cy, w, h (normalised), in the order of the file.
        lines: (box,) line number of every row in the file.
        has_images: did the file have the image column?
        digest: first hex digits of the SHA-256 of the text, without the line ends' form.
    """

    name: str
    path: str
    rows: Array
    lines: tuple[int, ...]
    has_images: bool
    digest: str

    @property
    def images(self) -> int:
        """One more than the largest image number; at least 1."""
        return int(self.rows[:, 0].max(initial=0)) + 1

    @property
    def classes(self) -> int:
        """One more than the largest class; 0 without rows."""
        return int(self.rows[:, 1].max()) + 1 if len(self.rows) else 0

    def where(self, row: int) -> str:
        return f"{self.path}:{self.lines[row]}"


def read_labels(path: Path) -> Labels:
    """Read rows of six numbers (image, class, cx, cy, w, h) or of five (class, cx, cy, w, h: one image).

    An empty file is an image without boxes.

    Raises:
        InputError: with file and line; all bad rows of a file are named in one error.
    """
    text = read_text(path, "label file")
    rows, lines, problems = [], [], []
    width = 0
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words:
            continue
        try:
            if not width:
                width = _width(words)
            rows.append(_row(words, width))
            lines.append(number)
        except InputError as problem:
            problem.where = f"{path}:{number}"
            problems.append(problem)
    if problems:
        first = problems[0]
        raise InputError(first.id, first.message, where=first.where, hint=first.hint, others=problems[1:])
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Labels(display_name(path), str(path), table, tuple(lines), width == 6, digest)


def _width(words: list[str]) -> int:
    if len(words) not in (5, 6):
        raise _wrong_width(words, "5 numbers (class cx cy w h) or 6 (image class cx cy w h)")
    return len(words)


def _wrong_width(words: list[str], expected: str) -> InputError:
    hint = "numbers stand apart by spaces, without commas" if any("," in word for word in words) else ""
    if not hint and len(words) > 6:
        hint = "this looks like a polygon (segmentation) row; a trace needs boxes"
    return InputError("wrong-column-count", f"expected {expected}, found {len(words)}", hint=hint)


def _row(words: list[str], width: int) -> tuple[float, ...]:
    if len(words) != width:
        raise _wrong_width(words, f"{width} numbers, as in the rows above")
    numbers = [_number(word) for word in words]
    if width == 5:
        numbers.insert(0, 0.0)
    image, label, cx, cy, w, h = numbers
    _check_index("image", image, "images are counted from 0")
    _check_index("class", label, "classes are counted from 0")
    for name, value in zip(COLUMNS[1:], (cx, cy, w, h), strict=True):
        if name in "wh" and value < 0:
            raise InputError("negative-size", f"{name} is {value:g}, a size cannot be negative")
        if not 0 <= value <= 1:
            raise InputError(
                "out-of-range",
                f"{name} is {value:g}, expected a number from 0 to 1",
                hint="coordinates are fractions of the image's width and height" if abs(value) > 2 else "",
            )
    return image, label, cx, cy, w, h


def _number(word: str) -> float:
    try:
        value = float(word) if "_" not in word else None
    except ValueError:
        value = None
    if value is None:
        raise InputError("not-a-number", f"{_short(word)} is not a number")
    if not math.isfinite(value):
        raise InputError("not-finite", f"{word} is not a finite number")
    return value


def _check_index(what: str, value: float, counted: str) -> None:
    if value != int(value):
        raise InputError(f"{what}-not-an-integer", f"{what} is {value:g}, expected a whole number")
    if value < 0:
        raise InputError(f"negative-{what}", f"{what} is {value:g}", hint=counted)
    if value > LARGEST_INDEX:
        raise InputError(f"{what}-too-large", f"{what} is {value:g}, more than {LARGEST_INDEX:,}", hint=counted)


def _short(word: str) -> str:
    return repr(word if len(word) <= 30 else word[:27] + "...")

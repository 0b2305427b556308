"""One label file's text to rows, by the rules of a release. Nothing is changed or dropped without a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from ...basics.arrays import Array
from .findings import ERROR, Finding
from .row import BATCH, BOXES, POLYGONS, RowError, above_count, class_fits, read_row
from .rules import LabelRules

LINE, ANNOTATION = "line", "annotation"
"""What a row's place in its file is counted in."""


@dataclass(frozen=True)
class LabelTable:
    """What a label file says.

    Attributes:
        rows: (box, 6) float32: image, class, cx, cy, w, h (normalised), rows that fail left out.
        lines: (box,) place of every row: line from 1, or annotation from 0.
        form: one of BOXES, BATCH, POLYGONS.
        findings: what is wrong or changed, in the order of the lines.
        failed: did any row fail, so that training drops the image?
        unit: what ``lines`` counts, LINE or ANNOTATION.
        polygons: of every row of a POLYGONS file its points (point, xy), float32 fractions; empty for other files.
    """

    rows: Array
    lines: Array
    form: str
    findings: tuple[Finding, ...]
    failed: bool
    unit: str = LINE
    polygons: tuple[Array, ...] = ()

    def place(self, path: str, row: int) -> str:
        """Where a row of the file ``path`` stands, for errors."""
        return self.finding("not-a-number", "", path, row).where

    def finding(self, id: str, message: str, path: str, row: int) -> Finding:
        """A finding about a row of the file ``path``."""
        return _finding(id, message, path, int(self.lines[row]), self.unit)


def parse_labels(
    data: bytes, path: str, rules: LabelRules, nc: int | None = None, *, batch: bool = False
) -> LabelTable:
    """Read the bytes of the label file ``path`` (its name, for findings).

    Args:
        data: the content.
        path: how findings call the file.
        rules: of which release.
        nc: number of classes, None if unknown.
        batch: may rows have six fields, the first an image number? In a dataset six fields are a confidence.
    """
    found: list[Finding] = []
    numbered = _lines(data, path, rules, found)
    form = _form([words for _, words in numbered], batch)
    rows, lines, polygons = _all_at_once(numbered, form, rules, nc) or _row_by_row(
        numbered, path, form, rules, nc, found
    )
    if nc is not None and rules.class_may_equal_count and len(rows):
        found += [
            Finding("class-equals-count", above_count(nc, nc), path, line) for line in lines[rows[:, 1] == nc].tolist()
        ]
    if form != BATCH:
        order = reduce_rows(rows, lines, path, found, polygons if rules.compares_points else ())
        rows, lines, polygons = rows[order], lines[order], tuple(polygons[i] for i in order) if polygons else ()
    found.sort(key=lambda finding: finding.line)
    failed = any(finding.grade == ERROR for finding in found)
    return LabelTable(rows, lines, form, tuple(found), failed, polygons=polygons)


def _lines(data: bytes, path: str, rules: LabelRules, found: list[Finding]) -> list[tuple[int, list[str]]]:
    """Number and fields of every line that is a row. Lines end where ``str.splitlines`` says."""
    if b"\0" in data:
        found.append(Finding("not-text", "this is a binary file, not a label file", path))
        return []
    text = data.decode("utf-8", "surrogateescape")
    if marked := text.startswith("\ufeff"):
        text = text[1:]
        if not rules.byte_order_mark:
            hint = "save it as UTF-8 without a byte order mark"
            message = f"the file begins with a byte order mark, which {rules.name} takes for a part of the first number"
            found.append(Finding("byte-order-mark", message, path, 1, hint))
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line]
    rows = [number for number, line in lines if not line.isspace()]
    if not rows:
        return []
    inner = range(rows[0], rows[-1] + 1) if rules.blank_is_a_row else ()  # white space at both ends is stripped
    numbered = []
    for number, line in lines:
        if not line.isspace() or number in inner:
            bad = next((char for char in line if "\ud800" <= char <= "\udfff"), "")
            if bad:
                message = f"this line is not UTF-8 text: byte {ord(bad) - 0xDC00:#04x}"
                found.append(Finding("not-text", message, path, number, "save the file as UTF-8"))
            elif not (number == 1 and marked and not rules.byte_order_mark):  # there the mark spoils the first number
                numbered.append((number, line.split()))
    return numbered


def _form(rows: Sequence[Sequence[str]], batch: bool) -> str:
    longest = max(map(len, rows), default=0)
    if longest > 6:
        return POLYGONS
    return BATCH if batch and rows and len(rows[0]) == 6 else BOXES


def _all_at_once(
    numbered: Sequence[tuple[int, list[str]]], form: str, rules: LabelRules, nc: int | None
) -> tuple[Array, Array, tuple[Array, ...]] | None:
    """The rows of a file of boxes in which everything is right, many times faster; None if anything is not."""
    words = [row for _, row in numbered]
    if form != BOXES or not words or any(len(row) != 5 for row in words):
        return None
    try:
        numbers = np.array(list(map(float, chain.from_iterable(words)))).reshape(-1, 5)
    except ValueError:
        return None
    with np.errstate(over="ignore"):
        rows = np.concatenate([np.zeros((len(words), 1)), numbers], axis=1).astype(np.float32)
    label, places = rows[:, 1], rows[:, 2:]
    if not (np.floor(label) == label).all() or label.min() < 0 or not class_fits(float(label.max()), rules, nc):
        return None
    # nan fails every comparison
    if not (places.max() <= rules.high and places.min() >= rules.low and places[:, 2:].min() >= rules.lowest_size):
        return None
    return rows, np.array([number for number, _ in numbered]), ()


def _row_by_row(
    numbered: Sequence[tuple[int, list[str]]],
    path: str,
    form: str,
    rules: LabelRules,
    nc: int | None,
    found: list[Finding],
) -> tuple[Array, Array, tuple[Array, ...]]:
    """The rows that pass, their lines and polygons; the others become findings."""
    rows, lines, polygons = [], [], []
    for number, words in numbered:
        remarks: list[RowError] = []
        try:
            row = read_row(words, form, rules, nc, remarks)
            rows.append(row.numbers)
            lines.append(number)
            polygons += [row.points] if row.points is not None else []
        except RowError as problem:
            remarks = [problem]  # what else would be said of a failing row does not matter
        found += [Finding(remark.id, remark.message, path, number, remark.hint) for remark in remarks]
    return np.array(rows, dtype=np.float32).reshape(-1, 6), np.array(lines, dtype=np.int64), tuple(polygons)


def reduce_rows(
    rows: Array,
    lines: Array,
    path: str,
    found: list[Finding],
    polygons: Sequence[Array] = (),
    unit: str = LINE,
) -> Array:
    """Which rows stay, in which order: exact duplicates become one, and only then training sorts the file.

    Duplicates and the same boxes of other classes are pointed out.

    Args:
        rows: (box, 6) as in :class:`LabelTable`.
        lines: (box,) the place of every row, in ``unit``.
        path: how findings call the file.
        found: takes the findings.
        polygons: points of every row, if they are what duplicates are told by and sorted by, as bytes.
        unit: what ``lines`` counts.
    """
    places = rows[:, 2:] + np.float32(0)  # -0 becomes 0
    if len(set(map(bytes, places))) == len(rows):
        return np.arange(len(rows))
    keys: list[Any]
    if polygons:
        keys = [row[1].tobytes() + points.tobytes() for row, points in zip(rows, polygons, strict=True)]
    else:
        keys = [(row[1], *place) for row, place in zip(rows.tolist(), places.tolist(), strict=True)]
    first: dict[Any, int] = {}
    for i, (key, line) in enumerate(zip(keys, lines.tolist(), strict=True)):
        original = lines[first.setdefault(key, i)]
        if original != line:
            what = "polygon" if polygons else "box"
            message = f"the same class and {what} as in {unit} {original}"
            found.append(_finding("duplicate-box", message, path, line, unit))
    seen: dict[bytes, tuple[float, int]] = {}
    for label, place, line in zip(rows[:, 1].tolist(), map(bytes, places), lines.tolist(), strict=True):
        other, where = seen.setdefault(place, (label, line))
        if other != label:
            message = f"the same box as in {unit} {where}, but of class {label:g} instead of {other:g}"
            found.append(_finding("same-box-other-class", message, path, line, unit))
    return np.array([first[key] for key in (sorted(first) if len(first) < len(rows) else first)], dtype=np.int64)


def _finding(id: str, message: str, path: str, place: int, unit: str) -> Finding:
    if unit == LINE:
        return Finding(id, message, path, place)
    return Finding(id, message, f"{path}[{unit}s[{place}]]")

"""One label file's text to rows, by the rules of a release. Nothing is changed or dropped without a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from ...basics.arrays import Array
from .findings import ERROR, Finding
from .row import BATCH, BOXES, POLYGONS, RowError, above_count, largest_class, read_row
from .rules import LabelRules

LINE, ANNOTATION = "line", "annotation"
"""What a row's place in its file is counted in."""


FOUND, MISSING, EMPTY = "found", "missing", "empty"
"""States of a label file. A file of blank lines is empty."""


@dataclass(frozen=True)
class LabelTable:
    """What a label file says.

    Attributes:
        path: how findings call the file.
        rows: (box, 6) float32: image, class, cx, cy, w, h (normalised), rows that fail left out.
        lines: (box,) place of every row: line from 1, or annotation from 0.
        form: one of BOXES, BATCH, POLYGONS.
        findings: what is wrong or changed, in the order of the lines.
        unit: what ``lines`` counts, LINE or ANNOTATION.
        state: of the file, one of FOUND, MISSING, EMPTY.
    """

    path: str
    rows: Array
    lines: Array
    form: str = BOXES
    findings: tuple[Finding, ...] = ()
    unit: str = LINE
    state: str = FOUND

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Why training drops the image; empty if it does not."""
        return tuple(finding for finding in self.findings if finding.grade == ERROR)

    @property
    def classes(self) -> int:
        """One more than the largest class; 0 without rows."""
        return int(self.rows[:, 1].max()) + 1 if len(self.rows) else 0

    def without_rows(self) -> LabelTable:
        return replace(self, rows=self.rows[:0], lines=self.lines[:0])

    def place(self, row: int) -> str:
        """Where a row stands, for errors."""
        return self.finding("not-a-number", "", row).where

    def finding(self, id: str, message: str, row: int) -> Finding:
        """A finding about a row."""
        return _finding(id, message, self.path, int(self.lines[row]), self.unit)


def no_rows(path: str, state: str, finding: Finding) -> LabelTable:
    """The table of a file that has none, and why."""
    return LabelTable(path, np.zeros((0, 6), np.float32), np.zeros(0, np.int64), findings=(finding,), state=state)


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
    findings: list[Finding] = []
    text = _decode(data, path, rules, findings)
    numbered = [(number, words) for number, line in enumerate(text.split("\n"), 1) if (words := line.split())]
    if findings and numbered:  # the mark stands in front of the first number
        numbered = [row for row in numbered if row[0] != findings[0].line]
    form = _form([words for _, words in numbered], batch)
    rows, lines = _all_at_once(numbered, form, rules, nc) or _row_by_row(numbered, path, form, rules, nc, findings)
    if nc is not None and rules.class_may_equal_count and len(rows):
        findings += [
            Finding("class-equals-count", above_count(nc, nc), path, line) for line in lines[rows[:, 1] == nc].tolist()
        ]
    if form != BATCH:
        rows, lines = reduce_rows(rows, lines, path, findings)
    findings.sort(key=lambda finding: finding.line)
    return LabelTable(path, rows, lines, form, tuple(findings))


def _decode(data: bytes, path: str, rules: LabelRules, findings: list[Finding]) -> str:
    if b"\0" in data:
        findings.append(Finding("not-text", "this is a binary file, not a label file", path))
        return ""
    if data.startswith(b"\xef\xbb\xbf") and not rules.byte_order_mark:
        hint = "save it as UTF-8 without a byte order mark"
        message = f"the file begins with a byte order mark, which {rules.name} takes for a part of the first number"
        findings.append(Finding("byte-order-mark", message, path, 1, hint))
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        return "\n".join(_decode_line(line, number, path, findings) for number, line in enumerate(lines, 1))


def _decode_line(line: bytes, number: int, path: str, findings: list[Finding]) -> str:
    """One line; an empty one in its place, and a finding, if it is no text."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        message = f"this line is not UTF-8 text: byte {line[error.start]:#04x}"
        findings.append(Finding("not-text", message, path, number, "save the file as UTF-8"))
        return ""


def _form(rows: Sequence[Sequence[str]], batch: bool) -> str:
    longest = max(map(len, rows), default=0)
    if longest > 6:
        return POLYGONS
    return BATCH if batch and rows and len(rows[0]) == 6 else BOXES


def _all_at_once(
    numbered: Sequence[tuple[int, list[str]]], form: str, rules: LabelRules, nc: int | None
) -> tuple[Array, Array] | None:
    """The rows of a file of boxes in which everything is right, many times faster; None if anything is not."""
    words = [row for _, row in numbered]
    if form != BOXES or not words or any(len(row) != 5 for row in words):
        return None
    try:
        numbers = np.array(list(map(float, chain.from_iterable(words)))).reshape(-1, 5)
    except ValueError:
        return None
    if any("_" in word for row in words for word in row):  # Python reads 1_0 as 10
        return None
    label = numbers[:, 0]
    if not (np.floor(label) == label).all() or label.min() < 0 or label.max() > largest_class(rules, nc):
        return None
    with np.errstate(over="ignore"):
        rows = np.concatenate([np.zeros((len(words), 1)), numbers], axis=1).astype(np.float32)
    places = rows[:, 2:]
    # nan fails every comparison
    if not (places.max() <= rules.high and places.min() >= rules.low and places[:, 2:].min() >= rules.lowest_size):
        return None
    return rows, np.array([number for number, _ in numbered])


def _row_by_row(
    numbered: Sequence[tuple[int, list[str]]],
    path: str,
    form: str,
    rules: LabelRules,
    nc: int | None,
    findings: list[Finding],
) -> tuple[Array, Array]:
    """The rows that pass; the others become findings."""
    rows, lines = [], []
    for number, words in numbered:
        remarks: list[RowError] = []
        try:
            rows.append(read_row(words, form, rules, nc, remarks))
            lines.append(number)
        except RowError as problem:
            remarks = [problem]  # what else would be said of a failing row does not matter
        findings += [Finding(remark.id, remark.message, path, number, remark.hint) for remark in remarks]
    return np.array(rows, dtype=np.float32).reshape(-1, 6), np.array(lines, dtype=np.int64)


def reduce_rows(rows: Array, lines: Array, path: str, findings: list[Finding], unit: str = LINE) -> tuple[Array, Array]:
    """Exact duplicates to one, and only then sorted, as training does; same boxes of other classes are pointed out.

    Args:
        rows: (box, 6) as in :class:`LabelTable`.
        lines: (box,) the place of every row, in ``unit``.
        path: how findings call the file.
        found: takes the findings.
        unit: what ``lines`` counts.
    """
    places = rows[:, 2:] + np.float32(0)  # -0 becomes 0
    if len(set(map(bytes, places))) == len(rows):
        return rows, lines
    order = np.lexsort([lines, *places.T[::-1], rows[:, 1]])  # by class, x, y, w, h
    sorted_rows, sorted_lines = rows[order], lines[order]
    same = np.concatenate([[False], (sorted_rows[1:] == sorted_rows[:-1]).all(axis=1)])
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(rows))))
    for line, original in zip(sorted_lines[same].tolist(), sorted_lines[first[same]].tolist(), strict=True):
        findings.append(_finding("duplicate-box", f"the same class and box as in {unit} {original}", path, line, unit))
    seen: dict[bytes, tuple[float, int]] = {}
    for label, place, line in zip(rows[:, 1].tolist(), map(bytes, places), lines.tolist(), strict=True):
        other, where = seen.setdefault(place, (label, line))
        if other != label:
            message = f"the same box as in {unit} {where}, but of class {label:g} instead of {other:g}"
            findings.append(_finding("same-box-other-class", message, path, line, unit))
    return (sorted_rows[~same], sorted_lines[~same]) if same.any() else (rows, lines)


def _finding(id: str, message: str, path: str, place: int, unit: str) -> Finding:
    if unit == LINE:
        return Finding(id, message, path, place)
    return Finding(id, message, f"{path}[{unit}s[{place}]]")

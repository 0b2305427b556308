"""One label file's text to rows, by the rules of a release. Nothing is changed or dropped without a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from ...basics.arrays import Array
from .duplicates import reduce_rows
from .findings import ERROR, LINE, Finding, finding_at
from .places import Places
from .row import BATCH, BOXES, POLYGONS, RowError, above_count, class_fits, read_row
from .rules import LabelRules

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
        polygons: of every row of a POLYGONS file its points (point, xy), float32 fractions; empty for other files.
    """

    path: str
    rows: Array
    lines: Array
    form: str = BOXES
    findings: tuple[Finding, ...] = ()
    unit: str = LINE
    state: str = FOUND
    polygons: tuple[Array, ...] = ()

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Why training drops the image; empty if it does not."""
        return tuple(finding for finding in self.findings if finding.grade == ERROR)

    @property
    def classes(self) -> int:
        """One more than the largest class; 0 without rows."""
        return int(self.rows[:, 1].max()) + 1 if len(self.rows) else 0

    def only(self, kept: Array) -> LabelTable:
        """The table with those of its rows for which ``kept`` (box,) is true."""
        polygons = tuple(points for points, keep in zip(self.polygons, kept.tolist(), strict=False) if keep)
        return replace(self, rows=self.rows[kept], lines=self.lines[kept], polygons=polygons)

    def without_rows(self) -> LabelTable:
        return self.only(np.zeros(len(self.rows), dtype=bool))

    @property
    def places(self) -> Places:
        """Where all rows stand, as those of one image."""
        return Places(self.path, self.lines.tolist(), self.unit)

    def place(self, row: int) -> str:
        """Where a row stands, for errors."""
        return self.places.of(row).where

    def finding(self, id: str, message: str, row: int) -> Finding:
        """A finding about a row."""
        return finding_at(id, message, self.path, int(self.lines[row]), self.unit)


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
    numbered = _lines(data, path, rules, findings)
    form = _form([words for _, words in numbered], batch)
    rows, lines, polygons = _all_at_once(numbered, form, rules, nc) or _row_by_row(
        numbered, path, form, rules, nc, findings
    )
    if nc is not None and rules.class_may_equal_count and len(rows):
        findings += [
            Finding("class-equals-count", above_count(nc, nc), path, line) for line in lines[rows[:, 1] == nc].tolist()
        ]
    if form != BATCH:
        order = reduce_rows(rows, lines, path, findings, polygons if rules.compares_points else ())
        rows, lines, polygons = rows[order], lines[order], tuple(polygons[i] for i in order) if polygons else ()
    findings.sort(key=lambda finding: finding.line)
    return LabelTable(path, rows, lines, form, tuple(findings), polygons=polygons)


def _lines(data: bytes, path: str, rules: LabelRules, findings: list[Finding]) -> list[tuple[int, list[str]]]:
    """Number and fields of every line that is a row. Lines end where ``str.splitlines`` says."""
    if b"\0" in data:
        findings.append(Finding("not-text", "this is a binary file, not a label file", path))
        return []
    text = data.decode("utf-8", "surrogateescape")
    if marked := text.startswith("\ufeff"):
        text = text[1:]
        if not rules.byte_order_mark:
            hint = "save it as UTF-8 without a byte order mark"
            message = f"the file begins with a byte order mark, which {rules.name} takes for a part of the first number"
            findings.append(Finding("byte-order-mark", message, path, 1, hint))
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
                findings.append(Finding("not-text", message, path, number, "save the file as UTF-8"))
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
    findings: list[Finding],
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
        findings += [Finding(remark.id, remark.message, path, number, remark.hint) for remark in remarks]
    return np.array(rows, dtype=np.float32).reshape(-1, 6), np.array(lines, dtype=np.int64), tuple(polygons)

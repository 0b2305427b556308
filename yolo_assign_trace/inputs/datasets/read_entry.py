"""The labels of one image of a dataset, and how large the image is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...basics.errors import SHOWN_AT_MOST, InputError
from ...basics.plural import and_more, count
from ...basics.printable import printable
from ..labels.findings import ERROR, Finding
from ..labels.row import BOXES
from ..labels.rules import DROP_IMAGE, STOP, LabelRules
from ..labels.text import LabelTable, parse_labels
from ..reading.files import read_bytes
from .entries import Entry
from .image_files import NearMisses, image_size

FOUND, MISSING, EMPTY = "found", "missing", "empty"
"""States of an image's label file. A file of blank lines is empty."""

_NO_ROWS = LabelTable(np.zeros((0, 6), np.float32), np.zeros(0, np.int64), BOXES, (), failed=False)


@dataclass(frozen=True)
class ReadEntry:
    """Labels as read, with how their file was found; ``path`` is how findings call it."""

    table: LabelTable
    state: str
    path: str


def read_entry(entry: Entry, rules: LabelRules, nc: int | None, near: NearMisses | None = None) -> ReadEntry:
    """Read the labels of one image. Whatever is wrong becomes a finding.

    Args:
        entry: image and label file.
        rules: of the release to read as.
        nc: number of classes, None if unknown.
        near: looks for labels that are missing; one for many images lists a folder once.
    """
    if entry.table is not None:
        return ReadEntry(entry.table, FOUND if len(entry.table.rows) else EMPTY, entry.label)
    path = entry.label
    try:
        data = read_bytes(Path(path), "label file")
    except InputError as error:
        if error.id == "no-such-file":
            return ReadEntry(replace(_NO_ROWS, findings=_about_missing(entry, near or NearMisses())), MISSING, path)
        finding = Finding("not-readable", error.message, path, hint=error.hint)
        return ReadEntry(replace(_NO_ROWS, findings=(finding,), failed=True), FOUND, path)
    table = parse_labels(data, path, rules, nc, batch=entry.batch)
    if not len(table.rows) and not table.findings:
        return ReadEntry(
            replace(table, findings=(Finding("label-empty", "the label file is empty", path),)), EMPTY, path
        )
    return ReadEntry(table, FOUND, path)


def _about_missing(entry: Entry, finder: NearMisses) -> tuple[Finding, ...]:
    near = finder.of(entry.image, entry.label) if entry.image else []
    if near:
        message = f"there is no such label file; is {near[0]} meant?"
        hint = f"training looks for {entry.label} only"
        return (Finding("label-misplaced", message, entry.label, hint=hint),)
    return (Finding("label-missing", "there is no such label file", entry.label),)


def apply_policy(read: ReadEntry, on_bad: str) -> tuple[LabelTable, list[Finding], str]:
    """What is left of an image's labels under ``on_bad``.

    Returns:
        The rows to use, the findings that end the run, and what was dropped in words.
    """
    table = read.table
    if not table.failed:
        return table, [], ""
    bad = [found for found in table.findings if found.grade == ERROR]
    if on_bad == STOP:
        return table, bad, ""
    dropped = dropped_text(read.path, table, bad, on_bad)
    if on_bad == DROP_IMAGE:
        table = replace(table, rows=table.rows[:0], lines=table.lines[:0])
    return table, [], dropped


def dropped_text(path: str, table: LabelTable, bad: Sequence[Finding], on_bad: str) -> str:
    """What ``on_bad`` drops because of ``bad``, and why."""
    whole = on_bad == DROP_IMAGE or not bad[0].line  # without a line nothing of the file could be read
    what = f"{count(len(bad), 'row')} of {path}, kept {len(table.rows)}"
    if whole:
        what = f"the image of {path}" if on_bad == DROP_IMAGE else f"the whole of {path}"
    reasons = [f"{f'line {found.line}: ' if found.line else ''}{found.message} [{found.id}]" for found in bad]
    more = and_more(len(bad), SHOWN_AT_MOST)
    return printable(f"dropped {what}: {'; '.join(reasons[:SHOWN_AT_MOST])}{more and f';{more}'}")


def size_of(entry: Entry) -> tuple[int, int] | None:
    """Width and height of an image as it is shown; None without an image.

    Raises:
        InputError: the image cannot be read.
    """
    if entry.size is not None:
        return entry.size
    return image_size(entry.image) if entry.image is not None else None

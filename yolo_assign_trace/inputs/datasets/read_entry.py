"""The labels of one image of a dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...basics.errors import InputError
from ..labels.findings import Finding
from ..labels.rules import LabelRules
from ..labels.text import EMPTY, FOUND, MISSING, LabelTable, no_rows, parse_labels
from ..reading.files import read_bytes
from .entries import Entry
from .image_files import NearMisses


def read_entry(entry: Entry, rules: LabelRules, nc: int | None, near: NearMisses | None = None) -> LabelTable:
    """Read the labels of one image. Whatever is wrong becomes a finding.

    Args:
        entry: image and label file.
        rules: of the release to read as.
        nc: number of classes, None if unknown.
        near: looks for labels that are missing; one for many images lists a folder once.
    """
    if entry.table is not None:
        return entry.table
    path = entry.label
    try:
        data = read_bytes(Path(path), "label file") if entry.data is None else entry.data
    except InputError as error:
        if error.id == "no-such-file":
            return no_rows(path, MISSING, _about_missing(entry, near or NearMisses()))
        return no_rows(path, FOUND, Finding("not-readable", error.message, path, hint=error.hint))
    table = parse_labels(data, path, rules, nc, batch=entry.data is not None)
    if not len(table.rows) and not table.findings:
        return replace(table, findings=(Finding("label-empty", "the label file is empty", path),), state=EMPTY)
    return table


def _about_missing(entry: Entry, finder: NearMisses) -> Finding:
    near = finder.of(entry.image, entry.label) if entry.image else []
    if near:
        message = f"there is no such label file; is {near[0]} meant?"
        return Finding("label-misplaced", message, entry.label, hint=f"training looks for {entry.label} only")
    return Finding("label-missing", "there is no such label file", entry.label)

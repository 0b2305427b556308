"""Label rows of the images that a trace begins with: from one file, or picked from a dataset."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...basics.arrays import Array
from ...basics.errors import InputError
from ...basics.printable import printable
from ..datasets.read_entry import dropped_text
from ..reading.files import display_name, read_bytes
from .findings import ERROR, KINDS, NOTE, Finding, as_error
from .row import BATCH
from .rules import DROP_IMAGE, STOP, TODAY, LabelRules
from .text import LabelTable, parse_labels

_SHOWN = 3
"""Places of a kind that a trace names; the report of all of them is another command."""

_TOLD_OTHERWISE = frozenset({"label-missing", "label-empty", "not-a-label-file"})
"""Notes that a trace counts as the states of its label files."""


@dataclass(frozen=True)
class Labels:
    """Label rows of a single file.

    Attributes:
        name: the file's name without folders, so that a log does not depend on where it was made.
        path: as the user gave it.
        table: the rows, as training reads the file.
        digest: first hex digits of the SHA-256 of the text, without the line ends' form.
        remarks: what was dropped or changed, in sentences.
    """

    name: str
    path: str
    table: LabelTable
    digest: str
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> Array:
        """(box, 6) float64: image, class, cx, cy, w, h (normalised)."""
        rows: Array = self.table.rows.astype(np.float64)
        return rows

    @property
    def has_images(self) -> bool:
        """Did the file have the image column?"""
        return self.table.form == BATCH

    @property
    def images(self) -> int:
        """One more than the largest image number; at least 1."""
        return int(self.table.rows[:, 0].max(initial=0)) + 1

    @property
    def classes(self) -> int:
        """One more than the largest class; 0 without rows."""
        return int(self.table.rows[:, 1].max()) + 1 if len(self.table.rows) else 0


def read_labels(path: Path, rules: LabelRules = TODAY, on_bad: str = STOP) -> Labels:
    """Read a single file: rows of six numbers (image, class, cx, cy, w, h), of five (one image), or polygons.

    An empty file is an image without boxes.

    Args:
        path: of the file.
        rules: of the release to read as.
        on_bad: what to do with rows that fail, one of :data:`~.rules.ON_BAD`.

    Raises:
        InputError: with file and line; all bad rows of a file are named in one error.
    """
    data = read_bytes(path, "label file")
    table = parse_labels(data, str(path), rules, batch=True)
    bad = [found for found in table.findings if found.grade == ERROR]
    if bad and on_bad == STOP:
        raise as_error(bad)
    remarks = said(table.findings)
    if bad and on_bad == DROP_IMAGE and table.form == BATCH:
        hint = "use --on-bad drop-row: training never reads such a file, so it drops no image for it"
        raise InputError("rows-of-a-batch", "the rows are of several images", where=str(path), hint=hint)
    if bad:
        remarks = (dropped_text(str(path), table, bad, on_bad), *remarks)
    # the same text gives the same digest whatever system wrote it
    digest = hashlib.sha256(data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    if bad and on_bad == DROP_IMAGE:
        table = replace(table, rows=table.rows[:0], lines=table.lines[:0])
    return Labels(display_name(path), str(path), table, digest.hexdigest()[:12], remarks)


def said(findings: Iterable[Finding]) -> tuple[str, ...]:
    """What is to be said although the rows pass.

    Changes and oddities with their consequence, the first of a kind; notes by number.
    """
    told, lines = Counter[str](), []
    for found in findings:
        if found.grade == ERROR or found.id in _TOLD_OTHERWISE:
            continue
        told[found.id] += 1
        if found.grade != NOTE and told[found.id] <= _SHOWN:
            lines.append(f"{printable(f'{found.where}: {found.message}')}; {found.consequence} [{found.id}]")
    for kind, number in told.items():
        if KINDS[kind].grade == NOTE:
            lines.append(f"{number} [{kind}]: {KINDS[kind].consequence}; yolo-assign labels names them")
        elif number > _SHOWN:
            lines.append(f"{number - _SHOWN} more of [{kind}]; yolo-assign labels lists them")
    return tuple(lines)

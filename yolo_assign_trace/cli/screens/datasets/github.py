"""Annotations as GitHub's log reads them: lines that it shows beside a file and its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....audit.report import Report
from ....inputs.labels.findings import ERROR, NOTE, WARNING, Finding
from ..terminal import print_line

_AT_MOST = 10
"""Of a kind in one step; GitHub drops those behind."""

_COMMANDS = {ERROR: "error", WARNING: "warning", NOTE: "notice"}


def annotated(report: Report, broken: Sequence[str]) -> Iterator[str]:
    """What broke a limit, the findings in labels but for notes, and boxes without a candidate; gravest first."""
    for sentence in broken[:_AT_MOST]:
        yield _line("error", "", 0, "audit", f"over the limit {sentence}")
    room = {ERROR: _AT_MOST - len(broken), WARNING: _AT_MOST}
    for kind, group in report.tally.read[0].survey.ordered():
        for finding in group.first:
            if room.get(finding.grade, 0) > 0:
                room[finding.grade] -= 1
                yield _of(finding, kind)
    one, counted = report.rows[0]
    for place in counted.never[: room[WARNING]]:
        size = f"the box of class {report.class_name(place.label)} is {place.width:g}x{place.height:g} px"
        line = place.line if report.dataset.entries[0].table is None else 0
        yield _line("warning", place.path, line, "never", f"{size} at {one.name}: it has no candidate")


def _of(finding: Finding, kind: str) -> str:
    text = f"{finding.message}; {finding.consequence}"
    return _line(_COMMANDS[finding.grade], finding.path, finding.line, kind, text)


def _line(command: str, path: str, line: int, title: str, text: str) -> str:
    """One annotation.

    >>> _line("error", "labels/a,b.txt", 3, "not-a-number", "'x' is no number: 100%")
    "::error file=labels/a%2Cb.txt,line=3,title=not-a-number::'x' is no number: 100%25"
    """
    parts = [("file", path), ("line", str(line) if line else ""), ("title", title)]
    properties = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in parts if value)
    return f"::{command} {properties}::{_escaped(text, '')}"


def _escaped(text: str, more: str) -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def print_annotations(lines: Iterator[str]) -> None:
    for line in lines:
        print_line(line)

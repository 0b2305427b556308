"""Limits that a dataset is held to in CI: ``never>0.5%``, ``errors>0``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..basics.errors import InputError, Parameter, did_you_mean
from ..inputs.labels.findings import ERROR, KINDS, WARNING
from .report import Report
from .tally import Counted, Read

OF_BOXES: Mapping[str, Callable[[Counted], int]] = {
    "never": lambda counted: counted.without,
    "few": lambda counted: counted.lacking,
    "beyond": lambda counted: counted.beyond,
    "shared": lambda counted: counted.shared,
    "twins": lambda counted: counted.twins,
}
"""What is counted by combination; a share is one of its boxes."""

OF_FINDINGS: Mapping[str, Callable[[Read], int]] = {
    "errors": lambda read: read.survey.graded(ERROR),
    "warnings": lambda read: read.survey.graded(WARNING),
    "dropped": lambda read: read.survey.dropped,
    "nested": lambda read: read.nested,
} | {kind: lambda read, kind=kind: _found(read, kind) for kind in KINDS}
"""What is counted by release; a share is one of all images."""


def _found(read: Read, kind: str) -> int:
    group = read.survey.groups.get(kind)
    return group.count if group else 0


@dataclass(frozen=True)
class Limit:
    """``name`` must not be above ``most``, a number or a share of everything."""

    text: str
    name: str
    most: float
    share: bool

    def broken(self, report: Report) -> list[str]:
        """What is above the limit, in sentences."""
        sentences = []
        if self.name in OF_BOXES:
            for one, counted in zip(report.question.combinations, report.tally.counted, strict=True):
                number = OF_BOXES[self.name](counted)
                if self._above(number, counted.boxes):
                    sentences.append(f"{self.text}: {number:,} of {counted.boxes:,} boxes at {one.name}")
            return sentences
        for settings, read in zip(report.question.readings, report.tally.read, strict=True):
            number = OF_FINDINGS[self.name](read)
            if self._above(number, read.survey.images):
                of = f" of {read.survey.images:,} images" if self.share else ""
                sentences.append(f"{self.text}: {number:,}{of}, read as {settings.rules.name}")
        return sentences

    def _above(self, number: int, of: int) -> bool:
        return number * 100 > self.most * of if self.share else number > self.most


def parse_limit(text: str) -> Limit:
    """A limit as written.

    >>> parse_limit("never > 0.5%")
    Limit(text='never > 0.5%', name='never', most=0.5, share=True)

    Raises:
        InputError: no such form, or nothing of that name is counted.
    """
    match = re.fullmatch(r"\s*([a-z0-9-]+)\s*>\s*([0-9]+(?:\.[0-9]+)?)\s*(%?)\s*", text)
    where = Parameter("fail_on")
    if match is None:
        hint = "write a name, > and a number or a share, such as never>0.5% or errors>0"
        raise InputError("wrong-limit", f"{text!r} is no limit", where=where, hint=hint)
    name = match[1]
    if name not in OF_BOXES and name not in OF_FINDINGS:
        known = [*OF_BOXES, "errors", "warnings", "dropped", "nested", *KINDS]
        hint = did_you_mean(name, known)
        raise InputError("wrong-limit", f"nothing called {name!r} is counted", where=where, hint=hint)
    return Limit(text, name, float(match[2]), bool(match[3]))

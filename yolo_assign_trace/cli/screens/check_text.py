"""What ``yolo-assign check`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...basics.plural import count
from ...tracers.text_page import Column, Page
from .terminal import result_console

if TYPE_CHECKING:
    from ...check.compare import Tolerance
    from ...check.run import Report

_STYLES = {"equal": "green", "equal but for ties": "yellow", "different": "bold red", "failed": "bold red"}


def print_report(candidate: str, report: Report, tolerance: Tolerance) -> None:
    """The verdict of every case, and what all of them say together."""
    page = Page(result_console())
    reference, verdicts = report.reference, report.verdicts
    page.line((candidate, "bold"), f" against {reference.name} ({reference.releases})", indent=0)
    within = f"floats within {tolerance.atol:g} + {tolerance.rtol:g} of the value"
    page.line((f"{reference.parameters}; {within}", "dim"), indent=0)
    page.gap()
    cases = Column("", [verdict.case for verdict in verdicts], right=False)
    texts = [verdict.verdict for verdict in verdicts]
    words = Column("", texts, right=False, styles=[_STYLES[text] for text in texts])
    for row, verdict in zip(page.rows([cases, words]), verdicts, strict=True):
        page.add(row)
        if not verdict.good:
            others = ", ".join(report.agrees[verdict.case]) or "no generation"
            page.line(str(verdict.first or verdict.failure), indent=cases.width + 4, hang=0)
            page.line((f"in this case it agrees with {others}", "dim"), indent=cases.width + 4, hang=0)
    page.gap()
    bad = [verdict for verdict in verdicts if not verdict.good]
    if bad:
        first = next((verdict.first for verdict in bad if verdict.first is not None), None)
        tail = f"; the first output that differs is {first.output}" if first else ""
        page.line((f"different in {len(bad)} of {count(len(verdicts), 'case')}", "bold red"), tail, indent=0)
    else:
        ties = sum(verdict.verdict == "equal but for ties" for verdict in verdicts)
        tail = f", in {ties} of them but for the order of equal values" if ties else ""
        page.line((f"equal in all {count(len(verdicts), 'case')}{tail}", "bold green"), indent=0)
    page.line(f"it agrees in every case with {', '.join(report.agrees_everywhere) or 'no generation'}", indent=0)
    page.print()

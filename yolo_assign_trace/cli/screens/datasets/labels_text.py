"""What ``yolo-assign labels`` prints."""

from __future__ import annotations

from ....assignment.releases import dotted
from ....basics.plural import and_more, count
from ....inputs.datasets.entries import Dataset
from ....inputs.datasets.survey import STATES, Survey, SurveySettings
from ....inputs.labels.findings import GRADES, KINDS
from ....tracers.text_page import Page
from ..terminal import result_console

SHOWN = 3
"""Places of a finding that are shown without --all."""

_COLOURS = {"error": "red", "warning": "yellow", "note": ""}


def _as_which_release(settings: SurveySettings) -> str:
    """By which release labels are read; by which boxes are placed too, unless it is the same, in validation."""
    placing, read = settings.placing, f"read as {settings.rules.name}"
    if placing.release == settings.rules.release and not placing.training:
        return read
    return f"{read}, placed as {dotted(placing.release)} does in {'training' if placing.training else 'validation'}"


def print_survey(dataset: Dataset, settings: SurveySettings, counts: Survey, shown: int) -> None:
    page = Page(result_console())
    for remark in dataset.remarks:
        page.line(remark, indent=0)
    states = ", ".join(f"{counts.states[state]} {state}" for state in STATES)
    classes = f"{len(counts.classes)} of {settings.nc} classes" if settings.nc else count(len(counts.classes), "class")
    page.line((f"{count(counts.images, 'image')}, label files: {states}", "bold"), indent=0)
    page.line(f"{count(counts.boxes, 'box')} of {classes}, {_as_which_release(settings)}", indent=0)
    if counts.polygons:
        page.line(f"{count(counts.polygons, 'file')} of polygons, read as the boxes around them", indent=0)
    if counts.image_files:
        how = "decoded" if settings.decode else "by header and end; --decode-images looks at their pixels"
        page.line(f"{count(counts.image_files, 'image file')} looked at, {how}", indent=0)
    if counts.dropped:
        page.line((f"training drops {count(counts.dropped, 'image')}", "bold red"), indent=0)
    print_groups(page, counts, shown)
    page.gap()
    page.line(", ".join(count(counts.graded(grade), grade) for grade in GRADES), indent=0)
    page.print()


def print_groups(page: Page, counts: Survey, shown: int) -> None:
    """The findings by kind, gravest first, each with ``shown`` places."""
    for kind, group in counts.ordered():
        grade = KINDS[kind].grade
        places = f" in {count(group.files, 'file')}" if group.files != group.count else ""
        page.gap()
        text = f"{grade}  {kind}  {group.count}{places}: {KINDS[kind].consequence}"
        page.line((text, _COLOURS[grade]), indent=0)
        for finding in group.first[:shown]:
            page.line(f"{finding.where}: {finding.message}")
        if group.count > shown:
            page.line(f"...{and_more(group.count, shown)}")
        hints = list(dict.fromkeys(finding.hint for finding in group.first if finding.hint))
        for hint in hints[:1]:
            page.line(f"hint: {hint}")

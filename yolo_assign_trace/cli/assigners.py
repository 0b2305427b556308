"""``yolo-assign assigners``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..assignment.assigner import Assigner
from ..assignment.generations import ASSIGNERS, GENERATIONS
from .screens.terminal import print_json, result_console

if TYPE_CHECKING:
    from ..tracers.text_page import Column


def assigners(
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the assigners: generations of the original with what differs, and the names that --assigner takes."""
    if json:
        document = {"generations": _as_json(GENERATIONS), "names": _as_json(ASSIGNERS)}
        print_json(document)
        return
    from ..tracers.text_page import Page

    page = Page(result_console())
    page.heading("Generations")
    titles = ("release that brought it", "reproduces", "stages that differ from the one above")
    page.table(_columns(titles, list(_generations())), indent=0)
    page.heading("Names")
    rows = [(one.name, one.generation, str(one.parameters), one.note) for one in ASSIGNERS.values()]
    page.table(_columns(("--assigner", "generation", "parameters", "note"), rows), indent=0)
    page.gap()
    page.line("Any release works as well, as ultralytics==8.4.190 or 8.4.190.", indent=0)
    page.print()


def _columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    from ..tracers.text_page import Column

    named = zip(titles, zip(*rows, strict=True), strict=True)
    return [Column(title, cells, right=False, wrap=title != titles[0]) for title, cells in named]


def _generations() -> Iterator[tuple[str, str, str]]:
    """A row for every change that a generation brought, told from the lists of stages themselves."""
    generations = list(GENERATIONS.values())
    for before, assigner in zip([None, *generations], generations, strict=False):
        changes = assigner.differences(before) if before else ()
        first, *others = [f"{stage.name}: {stage.result.differs}" for stage in changes] or ["-"]
        yield assigner.generation, assigner.releases, first
        yield from (("", "", other) for other in others)


def _as_json(assigners: Mapping[str, Assigner]) -> list[dict[str, Any]]:
    return [
        {
            "name": assigner.name,
            "generation": assigner.generation,
            "releases": assigner.releases,
            "parameters": assigner.settings,
            "stages": {stage.name: stage.function for stage in assigner.stages},
            "note": assigner.note,
        }
        for assigner in assigners.values()
    ]

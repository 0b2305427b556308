"""What ``yolo-assign assigners`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...assignment.generations import ASSIGNERS, GENERATIONS
from ...tracers.text_page import Column, Page
from .terminal import in_flags, result_console


def print_assigners() -> None:
    """The generations with what differs, and the names with their parameters."""
    page = Page(result_console())
    page.heading("Generations")
    titles = ("release that brought it", "reproduces", "stages that differ from the one above")
    page.table(_columns(titles, list(_generations())), indent=0)
    page.heading("Names")
    rows = [(one.name, one.generation, str(one.parameters), in_flags(one.note)) for one in ASSIGNERS.values()]
    page.table(_columns(("--assigner", "generation", "parameters", "note"), rows), indent=0)
    page.gap()
    page.line("Any release works as well, as ultralytics==8.4.190 or 8.4.190.", indent=0)
    page.print()


def _columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
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

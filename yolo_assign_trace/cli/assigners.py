"""``yolo-assign assigners``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any

import typer

from ..assignment.assigner import Assigner
from ..assignment.generations import ASSIGNERS, GENERATIONS
from .screens.terminal import in_flags, print_json, result_console


def assigners(
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the assigners: generations of the original with what differs, and the names that --assigner takes."""
    if json:
        document = {"generations": _as_json(GENERATIONS), "names": _as_json(ASSIGNERS)}
        print_json(document)
        return
    from rich.table import Table

    console = result_console()
    table = Table(title="Generations", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("release that brought it", "reproduces", "stages that differ from the one above"):
        table.add_column(column, header_style="dim")
    for assigner, differences in zip(GENERATIONS.values(), _differences(), strict=True):
        table.add_row(assigner.generation, assigner.releases, differences)
    console.print(table)
    console.print()
    table = Table(title="Names", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("--assigner", "generation", "parameters", "note"):
        table.add_column(column, header_style="dim")
    for assigner in ASSIGNERS.values():
        table.add_row(assigner.name, assigner.generation, str(assigner.parameters), in_flags(assigner.note))
    console.print(table)
    console.print("\nAny release works as well, as ultralytics==8.4.190 or 8.4.190.", soft_wrap=True)


def _differences() -> list[str]:
    """What each generation changes, told from the lists of stages themselves."""
    texts = ["-"]
    generations = list(GENERATIONS.values())
    for before, after in pairwise(generations):
        changed = after.differences(before)
        texts.append("\n".join(f"{stage.name}: {stage.result.differs}" for stage in changed))
    return texts


def _as_json(assigners: Mapping[str, Assigner]) -> list[dict[str, Any]]:
    return [
        {
            "name": assigner.name,
            "generation": assigner.generation,
            "releases": assigner.releases,
            "parameters": assigner.settings,
            "stages": {stage.name: stage.function for stage in assigner.stages},
            "note": in_flags(assigner.note),
        }
        for assigner in assigners.values()
    ]

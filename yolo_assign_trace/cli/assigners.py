"""``yolo-assign assigners``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from ..assignment.assigner import Assigner
from ..assignment.generations import ASSIGNERS, GENERATIONS
from .options.declared import option
from .screens.terminal import in_flags, print_json


def assigners(
    json: Annotated[bool, option("json", panel="")] = False,
) -> None:
    """List the assigners: generations of the original with what differs, and the names that --assigner takes."""
    if json:
        document = {"generations": _as_json(GENERATIONS), "names": _as_json(ASSIGNERS)}
        print_json(document)
        return
    from .screens.assigners_text import print_assigners

    print_assigners()


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

"""docs/architecture.md is a map of the house as it is: every room, file and function on it exists."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.house.floors import FLOORS, PACKAGE

MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TOKENS = re.compile(r"`([^`\n]+)`")
STEPS = 10
"""As many as a way may have."""


def defined_in(path: Path) -> set[str]:
    """Names that a file defines at its top level."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def named(text: str) -> list[tuple[str, str]]:
    """Files and folders on the map, each with the name that stands behind it, empty if none does."""
    tokens = [(match.start(), match.end(), match[1]) for match in TOKENS.finditer(text)]
    places = []
    for (_, end, token), (start, _, following) in pairwise([*tokens, (len(text), len(text), "")]):
        if re.fullmatch(r"[\w/.]+(\.py|/)", token):
            places.append((token, following if start - end == 1 and following.isidentifier() else ""))
    return places


def test_the_map_names_files_and_functions():
    """The tests below mean nothing if they find none."""
    places = named(MAP)
    assert ("inputs/load.py", "open_inputs") in places
    assert ("basics/", "") in places
    assert len(places) > 50


@pytest.mark.parametrize(("place", "name"), sorted(set(named(MAP))))
def test_what_the_map_names_is_there(place: str, name: str) -> None:
    path = ROOT / place if place.startswith(("tests/", "benchmarks/")) else PACKAGE / place
    assert path.exists()
    if name:
        assert name in defined_in(path)


def test_the_floors_of_the_map_are_those_that_are_kept():
    blocks = re.findall(r"subgraph f\d+ \[[^\]]+\]\n(.*?)    end\n", MAP, re.DOTALL)
    assert [tuple(block.split()) for block in blocks] == list(FLOORS)


def test_every_room_has_its_line():
    rooms = re.findall(r"^\| `([\w/]+)/` \|", MAP, re.MULTILINE)
    assert sorted(rooms) == sorted(room.replace(".", "/") for floor in FLOORS for room in floor)


@pytest.mark.parametrize("way", ["The way of a label row", "The way of an anchor"])
def test_a_way_has_no_more_steps_than_one_remembers(way: str) -> None:
    section = MAP.partition(f"## {way}")[2].partition("\n## ")[0]
    steps = re.findall(r"^(\d+)\. ", section, re.MULTILINE)
    assert steps == [str(number) for number in range(1, len(steps) + 1)]
    assert 1 < len(steps) <= STEPS


def test_where_to_put_the_six_most_likely_additions():
    section = MAP.partition("## Where do I put")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\* \*\*", section, re.MULTILINE)) == 6


def test_what_contributors_are_pointed_to_exists():
    links = re.findall(r"\]\(([^)]+)\)", CONTRIBUTING) + re.findall(r"`([\w/]+(?:\.\w+|/))`", CONTRIBUTING)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []

"""The house: rooms on floors, arrows of import that never run up, no circle, no room that grows into a hall."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from tests.commands import ROOT
from tests.house.floors import FLOORS, PACKAGE
from yolo_assign_trace.cli.main import app

NAME = "yolo_assign_trace"
TESTS = ROOT / "tests"
LONGEST, MOST = 300, 15

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MAY_IMPORT_TORCH = ("assignment", "assignment.untraced", "assignment.loss", "run", "training")
"""Everywhere else only inside a function, so that help, errors and readers do not wait for it."""


@dataclass(frozen=True)
class Arrow:
    """One import: where it stands, what it names, and does it run as soon as its module is loaded?"""

    place: str
    room: str
    target: str
    at_once: bool

    @property
    def to(self) -> str:
        return room_of(self.target)


def room_of(module: str) -> str:
    """The room of a module of the package, by its dotted name without the package's; empty for all others."""
    if not module.startswith(f"{NAME}."):
        return ""
    parts = module.split(".")[1:]
    return next((room for n in (2, 1) if (room := ".".join(parts[:n])) in FLOOR), "")


def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return name.startswith(f"{NAME}.") and (path.with_suffix(".py").exists() or (path / "__init__.py").exists())


def arrows_of(path: Path, text: str | None = None) -> Iterator[Arrow]:
    """All imports of a file, wherever in it they stand."""
    relative = path.relative_to(PACKAGE)
    package = [NAME, *relative.parent.parts]
    room = room_of(".".join([*package, "x"]))

    def within(node: ast.AST, at_once: bool) -> Iterator[Arrow]:
        for inner in ast.iter_child_nodes(node):
            place = f"{relative}:{getattr(inner, 'lineno', 0)}"
            if isinstance(inner, ast.Import):
                yield from (Arrow(place, room, alias.name, at_once) for alias in inner.names)
            elif isinstance(inner, ast.ImportFrom):
                base = package[: len(package) - inner.level + 1] if inner.level else []
                module = ".".join([*base, *([inner.module] if inner.module else [])])
                for alias in inner.names:  # `from . import stages` imports a module, `from .grid import Grid` a name
                    name = f"{module}.{alias.name}"
                    yield Arrow(place, room, name if is_module(name) else module, at_once)
            later = isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(inner, ast.If) and ast.unparse(inner.test) == "TYPE_CHECKING"
            )
            yield from within(inner, at_once and not later)

    yield from within(ast.parse(text or path.read_text(encoding="utf-8")), True)


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)
ARROWS = [arrow for path in FILES for arrow in arrows_of(path)]


def runs_up(arrow: Arrow) -> bool:
    return bool(arrow.to) and FLOOR[arrow.to] < FLOOR[arrow.room]


def needs_torch_too_early(arrow: Arrow) -> bool:
    return arrow.at_once and arrow.target.split(".")[0] == "torch" and arrow.room not in MAY_IMPORT_TORCH


PLANTED = [
    # a line in a file, the rule that finds it
    ("run/facts.py", "from ..explain.view import View", runs_up),
    ("inputs/labels/text.py", "from ...tracers import memory", lambda arrow: not runs_up(arrow)),  # it runs down
    ("inputs/reading/files.py", "from ..labels.row import read_row", runs_up),
    ("explain/box.py", "import torch", needs_torch_too_early),
    ("explain/box.py", "def f():\n    import torch", lambda arrow: not needs_torch_too_early(arrow)),
    ("assignment/boxes.py", "import torch", lambda arrow: not needs_torch_too_early(arrow)),
]


@pytest.mark.parametrize(("file", "line", "rule"), PLANTED)
def test_the_rules_find_what_is_planted(file, line, rule):
    """The tests below mean nothing if they do not."""
    assert rule(next(arrows_of(PACKAGE / file, line)))


def test_every_file_stands_in_a_room():
    assert [str(path.relative_to(PACKAGE)) for path in FILES if not room_of(f"{NAME}.{dotted(path)}")] == []


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def test_no_arrow_runs_up():
    assert [f"{a.place}: {a.room} must not use {a.to}, which stands above it" for a in ARROWS if runs_up(a)] == []


def test_no_circle_between_rooms():
    uses = {(arrow.room, arrow.to) for arrow in ARROWS if arrow.to and arrow.to != arrow.room}
    assert sorted(pair for pair in uses if pair[::-1] in uses) == []
    neighbours = {pair for pair in uses if FLOOR[pair[0]] == FLOOR[pair[1]]}
    reached = set(neighbours)
    for _ in FLOOR:
        reached |= {(a, d) for a, b in reached for c, d in neighbours if b == c}
    assert [room for room in FLOOR if (room, room) in reached] == []


def test_torch_is_imported_where_it_computes_and_elsewhere_only_inside_functions():
    wrong = [arrow for arrow in ARROWS if needs_torch_too_early(arrow)]
    assert [f"{a.place}: torch at module level outside {', '.join(MAY_IMPORT_TORCH)}" for a in wrong] == []


FORBIDDEN = [
    # rooms, what none of them may import
    (lambda room: not room.startswith("cli"), "typer"),
    (lambda room: not room.startswith(("cli", "tracers")), "rich"),
    (lambda room: room != "draw", "matplotlib"),
]


@pytest.mark.parametrize(("rooms", "library"), FORBIDDEN, ids=["typer", "rich", "matplotlib"])
def test_libraries_of_a_trade_stay_in_their_rooms(rooms, library):
    assert [a.place for a in ARROWS if rooms(a.room) and a.target.split(".")[0] == library] == []


# --- parameters and flags --------------------------------------------------------------------------------------------

FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
COMMAND = re.compile(r"yolo-assign( +[^\s,;:()]+)*")
"""A whole command line, which anyone can type whoever reads it."""
PARAMETER = re.compile(r"(?<![`:])`([a-z][a-z0-9_]*)(?:=[^`]*)?`(?!`)")
KNOWN = {name for command in get_command(app).commands.values() for option in command.params for name in option.opts}


def texts_of(path: Path, text: str | None = None) -> Iterator[tuple[int, str]]:
    """Line and text of every string of a file; what an f-string fills in is ``{}``."""

    def within(node: ast.AST) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield node.lineno, "".join(parts)
            inner: list[ast.AST] = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        else:
            inner = list(ast.iter_child_nodes(node))
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.lineno, node.value
        for child in inner:
            yield from within(child)

    yield from within(ast.parse(text or path.read_text(encoding="utf-8")))


def flags_in(text: str) -> list[str]:
    """Flags that stand in no whole command line."""
    return FLAG.findall(COMMAND.sub("", text))


BELOW_CLI = [path for path in FILES if not path.is_relative_to(PACKAGE / "cli")]
SENTENCES = [
    # text, flags that the core must not name, parameters that it names
    ("leave --imgsz out", ["--imgsz"], []),
    ("leave `imgsz` out, or choose `shapes=yolov8`", [], ["imgsz", "shapes"]),
    ("yolo-assign trace --save, or log with --digits 9", ["--digits"], []),
    ("says: yolo-assign explain TRACE --image {image} --gt {gt}", [], []),
    ("``code`` and :data:`NAMES`, 1 -- 2", [], []),
]


@pytest.mark.parametrize(("text", "flags", "parameters"), SENTENCES)
def test_flags_and_parameters_are_told_apart(text, flags, parameters):
    assert (flags_in(text), PARAMETER.findall(text)) == (flags, parameters)


def test_the_core_names_parameters_and_the_command_line_names_flags():
    wrong = [(path, line, flag) for path in BELOW_CLI for line, text in texts_of(path) for flag in flags_in(text)]
    assert [f"{path.relative_to(PACKAGE)}:{line}: {flag}" for path, line, flag in wrong] == []


def test_every_parameter_that_is_named_is_a_flag_of_a_command():
    named = []
    for path in BELOW_CLI:
        messages = [text for _, text in texts_of(path) if "\n" not in text]  # other texts are Markdown
        names = [name for text in messages for name in PARAMETER.findall(text)]
        names += re.findall(r'\bParameter\(f?"(\w+)', path.read_text(encoding="utf-8"))
        named += [(str(path.relative_to(PACKAGE)), name) for name in names]
    assert len(named) > 60
    assert [(path, name) for path, name in named if f"--{name.replace('_', '-')}" not in KNOWN] == []


CORE = {"stages", "boxes", "cells", "ranking", "grid", "arithmetic"}


@pytest.mark.parametrize("module", sorted(CORE))
def test_the_algorithm_imports_nothing_of_ours_but_itself_its_declarations_and_errors(module):
    ours = {a.target for a in arrows_of(PACKAGE / "assignment" / f"{module}.py") if a.target.startswith(NAME)}
    allowed = {f"{NAME}.assignment.{name}" for name in CORE | {"outputs"}} | {f"{NAME}.basics.errors"}
    assert ours <= allowed


def test_the_root_holds_the_package_and_rooms_and_nothing_else():
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files <= {"__init__.py", "__main__.py", "py.typed"}
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == {room for room in FLOOR if "." not in room}


def test_no_file_is_too_long():
    files = [*PACKAGE.rglob("*.py"), *TESTS.rglob("*.py"), *PACKAGE.rglob("*.js"), *PACKAGE.rglob("*.css")]
    lines = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in files}
    assert {path: count for path, count in lines.items() if count > LONGEST} == {}


def test_no_folder_is_too_full():
    folders = {path.parent for top in (PACKAGE, TESTS) for path in top.rglob("*.py")}
    numbers = {str(f.relative_to(ROOT)): sum(path.suffix == ".py" for path in f.iterdir()) for f in folders}
    assert {folder: number for folder, number in numbers.items() if number > MOST} == {}


def test_tests_stand_in_the_rooms_of_what_they_test():
    more = {"house", "hostile", "live", "live/shims"}  # the house itself, all rooms under fire, and real trainings
    known = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")} | more
    rooms = {str(path.parent.relative_to(TESTS)) for path in TESTS.rglob("*.py")}
    assert rooms <= known


def test_no_test_file_imports_from_another():
    wrong = []
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if any(part.startswith("test_") for name in (module, *names) for part in name.split(".")):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []

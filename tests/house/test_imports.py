"""What imports what: help and errors do not wait for torch, and arrows between modules point one way."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from conftest import ROOT, python
from typer.main import get_command

import yolo_assign_trace
from yolo_assign_trace.cli.main import app

PACKAGE = Path(yolo_assign_trace.__file__).parent
NAME = "yolo_assign_trace"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 300


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports, anywhere in it; those of the package without the package's name."""
    found = set()
    package = [NAME, *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
            # `from . import stages` imports a module, `from .grid import Grid` a name
            found.update(name if is_module(name) else module for name in names)
    return {name.removeprefix(f"{NAME}.") for name in found}


def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return name.startswith(f"{NAME}.") and (path.with_suffix(".py").exists() or (path / "__init__.py").exists())


IMPORTS = {module_name(path): imports_of(path) for path in FILES}
OURS = set(IMPORTS)
CORE = {"stages", "boxes", "grid", "cells", "ranking"}


def test_the_reader_of_imports_finds_them():
    """The tests below mean nothing if it does not."""
    assert {"torch", "boxes", "cells", "grid", "outputs", "ranking"} <= IMPORTS["stages"]
    assert {"cli.terminal", "inputs.load", "cli.input_options", "typer"} <= IMPORTS["cli.trace"] | IMPORTS["cli.main"]


@pytest.mark.parametrize("module", sorted(CORE))
def test_the_algorithm_imports_nothing_of_ours_but_itself_outputs_and_errors(module):
    assert IMPORTS[module] & OURS <= CORE | {"outputs", "errors"}


NEED_TORCH = ("compare.isolate", "compare.rerun", "compare.recorded")
SWEEP_RUN = "sweep.run"

LAYERS = [
    # modules, what they must not import
    (lambda module: not module.startswith("cli") and module != "__main__", ("typer", "cli")),
    # files of torch.save can be read by torch alone
    (
        lambda module: module.startswith("inputs") and module != "inputs.torch_file",
        ("torch", "tracers", "trace", "stages", "cli"),
    ),
    (lambda module: module.startswith("tracers"), ("torch", "inputs", "trace", "stages", "cli")),
    (lambda module: module.startswith("compare") and module not in NEED_TORCH, ("torch", *NEED_TORCH, "runner", "cli")),
    (lambda module: module.startswith("explain"), ("torch", "rich", "tracers", "runner", "stages", "cli")),
    (
        lambda module: module.startswith("sweep") and module != SWEEP_RUN,
        ("torch", SWEEP_RUN, "runner", "stages", "inputs", "cli"),
    ),
    (lambda module: module == SWEEP_RUN, ("typer", "rich", "inputs", "cli")),
    (lambda module: module.startswith("draw"), ("torch", "tracers", "trace", "runner", "stages", "cli")),
    (
        lambda module: module.startswith("page"),
        ("torch", "matplotlib", "tracers", "trace", "runner", "stages", "cli", "draw.theme"),
    ),
    (lambda module: module in ("outputs", "grid", "errors", "number_text"), ("record", "assigners", "trace")),
]


@pytest.mark.parametrize(
    ("chosen", "forbidden"),
    LAYERS,
    ids=["typer", "inputs", "tracers", "compare", "explain", "sweep", "sweep.run", "draw", "page", "declarations"],
)
def test_arrows_point_one_way(chosen, forbidden):
    modules = [module for module in OURS if chosen(module)]
    assert modules
    wrong = {
        (module, name)
        for module in modules
        for name in IMPORTS[module]
        if name.startswith(tuple(f"{word}." for word in forbidden)) or name in forbidden
    }
    assert wrong == set()


def loaded_after(code: str) -> set[str]:
    """Names of all modules that are loaded after ``code`` in a fresh interpreter."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    return set(json.loads(python("-c", script).stderr.splitlines()[-1]))


def test_readers_and_declarations_need_no_torch():
    modules = [module for module in OURS if module.startswith(("inputs", "explain", "in_memory", "sweep"))]
    modules.remove(SWEEP_RUN)
    modules += ["outputs", "grid", "record", "statistics", "errors", "log_grammar"]
    loaded = loaded_after("".join(f"import {NAME}.{module}\n" for module in sorted(modules)))
    assert f"{NAME}.inputs.run_log" in loaded
    assert "torch" not in loaded


COMMANDS = [
    # arguments, exit code
    ([], 2),
    (["--help"], 0),
    (["--version"], 0),
    *(([name, "--help"], 0) for name in get_command(app).commands),
    (["unknown"], 2),
    (["trace"], 2),  # without the required option
    (["trace", "--unknown"], 2),
    (["diff"], 2),
    (["explain"], 2),
    (["explain", "x", "--labels", "y"], 2),
    (["sweep"], 2),
    (["trace", "--labels", "x", "--nc", "many"], 2),
]


def test_help_version_and_usage_errors_import_neither_torch_nor_what_only_a_trace_needs():
    """In one interpreter: what any of them imports is loaded at the end."""
    codes = [code for _, code in COMMANDS]
    loaded = loaded_after(
        f"from {NAME}.cli.main import run\nassert [run(arguments) for arguments, _ in {COMMANDS!r}] == {codes}"
    )
    assert loaded & {"torch", "yaml", "orjson", "safetensors", "rich.progress", "numpy.random", "matplotlib"} == set()
    assert "typer" in loaded


WITHOUT_TORCH = [
    # what works on finished traces and on labels, exit code
    (["explain", "run.log"], 0),
    (["explain", "run.log", "--image", "0", "--gt", "1", "--json"], 0),
    (["explain", "run.log", "--image", "0", "--gt", "0", "--anchor", "12"], 0),
    (["diff", "run.log", "run.log"], 0),
    (["diff", "run.log", "run.log", "--isolate"], 0),  # nothing differs, so nothing is run
    (["labels", "sample_inputs/labels.txt"], 0),
    (["assigners"], 0),
]


def test_what_works_on_finished_traces_and_labels_runs_without_torch():
    script = f"import sys; sys.modules['torch'] = None\nfrom {NAME}.cli.main import run\n"
    script += f"print([run(arguments) for arguments, _ in {WITHOUT_TORCH!r}], file=sys.stderr)"
    done = python("-c", script, cwd=ROOT)
    assert done.stderr.splitlines()[-1] == str([code for _, code in WITHOUT_TORCH]), done.stderr


def test_no_room_is_too_large():
    lines = {module_name(path): path.read_text(encoding="utf-8").count("\n") for path in FILES}
    assert {module: count for module, count in lines.items() if count > LONGEST} == {}

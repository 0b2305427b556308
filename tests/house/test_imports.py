"""What is loaded when: help, errors and finished traces do not wait for torch."""

from __future__ import annotations

from pathlib import Path

from typer.main import get_command

import yolo_assign_trace
from tests.commands import ROOT, loaded_after, python
from yolo_assign_trace.cli.main import app

NAME = "yolo_assign_trace"


WITHOUT_TORCH_ROOMS = (
    "inputs",
    "traces",
    "explain",
    "sweep",
    "compare",
    "check",
    "draw",
    "page",
    "history",
    "tracers",
    "formats",
    "cli",
)


def test_only_what_computes_needs_torch():
    """All modules but those of two rooms are loaded, with everything that they load in turn."""
    package = Path(yolo_assign_trace.__file__).parent
    files = [path for room in WITHOUT_TORCH_ROOMS for path in (package / room).rglob("*.py")]
    modules = sorted(".".join((NAME, *path.relative_to(package).with_suffix("").parts)) for path in files)
    loaded = loaded_after("".join(f"import {module}\n" for module in modules if not module.endswith("__init__")))
    assert f"{NAME}.traces.run_log" in loaded
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


def test_help_does_not_even_wait_for_numpy():
    helps = [arguments for arguments, code in COMMANDS if not code]
    loaded = loaded_after(f"from {NAME}.cli.main import run\nassert not any([run(one) for one in {helps!r}])")
    assert "numpy" not in loaded
    assert f"{NAME}.inputs.request" in loaded  # whose fields are options


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

"""The benchmarks are run by hand; what they import from the package must be there all the same."""

from __future__ import annotations

import ast
from importlib import import_module

import pytest

from tests.commands import ROOT

SCRIPTS = sorted((ROOT / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_names_that_benchmarks_import_exist(script):
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("yolo_assign_trace"):
            module = import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name), f"{node.module}.{name.name}"

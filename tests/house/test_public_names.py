"""What ``import yolo_assign_trace`` offers, as a user's first lines meet it: in a fresh interpreter."""

from __future__ import annotations

import pytest

import yolo_assign_trace
from tests.commands import python


def _run(code: str) -> str:
    return python("-c", code).stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        # the line of the package's docstring
        "from yolo_assign_trace import trace; print(trace.__class__.__name__)",
        # twice: loading the module of the same name must not take the function's place
        "import yolo_assign_trace as y; y.trace; print(y.trace.__class__.__name__)",
        # after someone has loaded that module
        "import yolo_assign_trace.run.runner; from yolo_assign_trace import trace; print(trace.__class__.__name__)",
    ],
)
def test_trace_is_the_function_not_the_module_of_that_name(code: str) -> None:
    assert _run(code) == "function"


@pytest.mark.parametrize("name", ["InputError", "Inputs", "Record", "Run", "Tracer"])
def test_the_other_classes_are_there(name: str) -> None:
    assert isinstance(getattr(yolo_assign_trace, name), type)


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match=r"'yolo_assign_trace' has no attribute 'nothing'"):
        _ = yolo_assign_trace.nothing

"""A YAML file of keys and values, with the line that each key stands in."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Any

from ...basics.errors import InputError
from .files import read_text

MERGED_AT_MOST = 100_000
"""Keys that ``<<`` may make; a few lines of them can stand for any number."""


def read_yaml(path: Path, what: str, docs: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The top-level keys with their values and line numbers.

    Args:
        path: of the file.
        what: the file holds, for messages.
        docs: the page that describes it.

    Raises:
        InputError: not readable, not YAML, no keys and values, or a key twice; with file and line.
    """
    import yaml  # here, because most runs read no YAML

    class Loader(yaml.SafeLoader):
        merged = 0

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            self.merged += len(node.value)
            if self.merged > MERGED_AT_MOST:
                problem = f"merge keys (<<) make more than {MERGED_AT_MOST:,} keys"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            super().flatten_mapping(node)

    try:
        loader = Loader(read_text(path, what))
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise InputError("wrong-yaml", f"a {what} holds keys and values", where=str(path), hint=f"see {docs}")
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in values:
                raise InputError("duplicate-key", f"{key} stands here and in line {lines[key]}", where=f"{path}:{line}")
            lines[key] = line
            try:
                values[key] = loader.construct_object(value_node, deep=True)
            except yaml.YAMLError:
                raise
            except Exception as error:  # such as a date that does not exist; yaml lets many kinds through
                message = f"the value of {key} cannot be read: {error}"
                raise InputError("wrong-yaml", message, where=f"{path}:{line}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        raise InputError("wrong-yaml", f"this is not valid YAML: {problem}", where=where) from None
    except RecursionError:
        raise InputError("wrong-yaml", "this YAML is nested too deeply", where=str(path)) from None
    return values, lines


_SHORT = reprlib.Repr()  # cuts on the way: a few aliases can stand for millions of values
_SHORT.maxlevel, _SHORT.maxstring = 3, 80


def short(value: object) -> str:
    """``value`` as an error shows it."""
    text = _SHORT.repr(value)
    return text if len(text) <= 40 else text[:37] + "..."

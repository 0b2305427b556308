"""The argument that stands for ``--labels``, or for ``--data`` where it is a YAML file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from ...basics.errors import InputError
from ...inputs.request import Request

YAML = (".yaml", ".yml")


def source_argument() -> Any:
    """What typer reads beside the type of the parameter."""
    return typer.Argument(metavar="PATH", help="The same as --labels PATH; a data.yaml: as --data PATH.")


def with_source(request: Request, source: Path | None) -> Request:
    """The request with the argument in the place of its option.

    Raises:
        InputError: both were given.
    """
    if source is None:
        return request
    is_data = source.suffix.lower() in YAML
    name, given = ("data", request.data) if is_data else ("labels", request.labels)
    if given is not None:
        message = f"the argument stands for `{name}`, which was given as well: {given}"
        raise InputError("options-exclude", message, where=str(source), hint="leave one of them out")
    return replace(request, data=source) if is_data else replace(request, labels=source)

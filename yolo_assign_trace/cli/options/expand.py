"""Groups of options: a dataclass stands in a command's signature for the options of its fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_type_hints

from .declared import OPTIONS

_CALLED = {"at_once": "batch", "rules": "labels_as"}
"""Fields whose option is called otherwise."""


def expanded(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """``command`` with every parameter that is a dataclass replaced by the options of its fields.

    typer reads a command's options off its signature. An option that the command declares itself takes the place of
    that of a field, and the field keeps its default.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if isinstance(kind, type) and is_dataclass(kind)}
    signature = inspect.signature(command).parameters
    own = {name: one.replace(annotation=hints[name]) for name, one in signature.items() if name not in groups}
    parameters: dict[str, inspect.Parameter] = {}
    for name in signature:
        parameters |= _parameters(groups[name]) if name in groups else {name: own[name]}
    parameters |= own  # also in the place of those of fields

    @wraps(command)
    def call(**values: Any) -> int | None:
        for name, kind in groups.items():
            options = {one.name: _CALLED.get(one.name, one.name) for one in fields(kind)}
            chosen = {field: values.pop(option) for field, option in options.items() if option not in own}
            values[name] = kind(**{field: value for field, value in chosen.items() if value is not None})
        return command(**values)

    keyword_only = [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in parameters.values()]
    call.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in keyword_only}
    return call


def _parameters(group: type[Any]) -> dict[str, inspect.Parameter]:
    """For each field of a group the parameter of a command, by the name of its option and in the order of the help."""
    types = get_type_hints(group)
    parameters = {}
    for one in fields(group):
        option = OPTIONS[_CALLED.get(one.name, one.name)]
        kind = Any if option.parser else types[one.name]
        default = None if option.parser and not isinstance(one.default, str) else one.default  # no text to parse
        annotation = Annotated[kind, option.for_typer()]  # type: ignore[valid-type]
        parameters[option.name] = inspect.Parameter(
            option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
    return {name: parameters[name] for name in OPTIONS if name in parameters}

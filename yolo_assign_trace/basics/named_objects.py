"""Things that users name as package.module:attribute."""

from __future__ import annotations

import difflib
import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

from .errors import InputError


def load_object(name: str, what: str, where: str) -> Any:
    """The object called ``package.module:attribute``; modules in the current folder are found too.

    Args:
        name: as the user wrote it.
        what: what it is meant to be, for messages: "tracer".
        where: the option that named it.

    Raises:
        InputError: not of that form, not importable, or no such attribute.
    """
    module, colon, attribute = name.partition(":")
    if not colon or not module or not attribute:
        hint = "write package.module:name"
        raise InputError(f"wrong-{what}-name", f"{name!r} names no {what}", where=where, hint=hint)
    names: list[str] = []
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:  # an installed command does not look here by itself
        sys.path.append(here)  # behind all else: a torch.py that lies here is nobody's torch
    try:
        target = importlib.import_module(module)
        for part in attribute.split("."):
            names = [name for name in dir(target) if not name.startswith("_")]
            target = getattr(target, part)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            hint = "is it installed, or in the current folder?"
            raise InputError(f"unknown-{what}", f"there is no module {error.name!r}", where=where, hint=hint) from None
        raise InputError(f"broken-{what}", f"{module} cannot be imported: {error}", where=where) from None
    except AttributeError as error:
        near = difflib.get_close_matches(attribute.rpartition(".")[2], names, n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise InputError(f"unknown-{what}", f"{name}: {error}", where=where, hint=hint) from None
    except (Exception, SystemExit) as error:  # whatever the user's module does when it is imported
        message = f"{module} cannot be imported: {type(error).__name__}: {error}"
        raise InputError(f"broken-{what}", message, where=where) from None
    return target


def place_of(error: BaseException) -> str:
    """`` (file.py:12)``, where in the user's code an exception came from; empty if it did not get that far."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _ours(frame.filename)]
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


def _ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(Path(__file__).parents[1]) or "torch" in path.parts

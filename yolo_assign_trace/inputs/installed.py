"""The release of the ultralytics package that is installed beside us, by its metadata; nothing of it is imported."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from ..assignment.releases import Release, dotted, parse_release
from ..basics.errors import InputError
from ..run.release_choice import ReleaseChoice
from .labels.rules import rules_of


def installed_release() -> Release | None:
    """None if the package is not there, or calls itself something that is no release."""
    try:
        return parse_release(version("ultralytics"))
    except (PackageNotFoundError, InputError):
        return None


def require_ultralytics() -> Release:
    """The release that is installed here, for what cannot do without.

    Raises:
        InputError: none is.
    """
    release = installed_release()
    if release is None or find_spec("ultralytics") is None:
        message = "the ultralytics package, which loads and runs models, is not installed here"
        raise InputError("no-ultralytics", message, hint="pip install 'yolo-assign-trace[ultralytics]'")
    return release


def about_installed(choice: ReleaseChoice, *, labels: bool) -> str:
    """What the installed release would do otherwise, in a sentence; empty if nothing.

    Args:
        choice: the release that is used.
        labels: are labels read at all?
    """
    installed = installed_release()
    if installed is None:
        return ""
    reads = replace(rules_of(installed), release=choice.release) != rules_of(choice.release)
    differing = [*(["reads labels"] if labels and reads else []), *choice.differs_in(installed)]
    if not differing:
        return ""
    there = dotted(installed)
    return f"ultralytics {there} is installed here, which {', '.join(differing)} otherwise: `release={there}`"

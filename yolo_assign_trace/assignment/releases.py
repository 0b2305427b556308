"""Release numbers of the ultralytics package, as people write them."""

from __future__ import annotations

import re

from ..basics.errors import InputError

Release = tuple[int, int, int]
OLDEST: Release = (8, 0, 0)
NEWEST_MEASURED: Release = (8, 4, 190)


def parse_release(text: str, where: str = "") -> Release | None:
    """The release written as ``ultralytics==8.4.190``, ``v8.4.190`` or ``8.4``; None for anything else.

    Raises:
        InputError: a release before the first one.
    """
    match = re.fullmatch(r"(?:ultralytics\s*==\s*)?v?(\d+)\.(\d+)(?:\.(\d+))?(?:\.?(?:post|dev)\d+)?", text.strip())
    if match is None:
        return None
    release = (int(match[1]), int(match[2]), int(match[3] or 0))
    if release < OLDEST:
        message = f"ultralytics {dotted(release)} has no task-aligned assigner"
        raise InputError("unknown-release", message, where=where, hint="the first release that has it is 8.0.0")
    return release


def about_newer(release: Release) -> str:
    """What is said of a release that nobody has measured yet; empty for all others."""
    if release <= NEWEST_MEASURED:
        return ""
    newest = dotted(NEWEST_MEASURED)
    return f"{dotted(release)} is newer than {newest}, the newest that was measured, and is taken to be as that"


def dotted(release: Release) -> str:
    return ".".join(map(str, release))

"""What the header of a trace says about pictures. The only place that reads these lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PLACED = re.compile(
    r"(?P<name>.+), \d+x\d+ px, scale (?P<gain>[0-9.e+-]+), left (?P<left>[0-9.e+-]+), top (?P<top>[0-9.e+-]+)"
)


@dataclass(frozen=True)
class Placement:
    """Where a picture lies on the network input: its file name, px per picture pixel, and its top left corner in px.

    ``gain`` is None where only the name is known.
    """

    name: str
    gain: float | None = None
    left: float = 0.0
    top: float = 0.0


def placement(header: Mapping[str, str], image: int) -> Placement | None:
    """What the header says about the picture of ``image``; None if it says nothing.

    >>> placement({"image[0]": "000000000009.jpg, 640x480 px, scale 1, left 0, top 80"}, 0)
    Placement(name='000000000009.jpg', gain=1.0, left=0.0, top=80.0)
    """
    line = header.get(f"image[{image}]")
    if not line:
        return None
    match = _PLACED.fullmatch(line)
    try:
        if match:
            gain, left, top = (float(match[part]) for part in ("gain", "left", "top"))
            if 0 < gain < float("inf"):
                return Placement(match["name"], gain, left, top)
    except ValueError:
        pass  # a number such as 1.2.3: the name is still good
    return Placement(line.split(", ")[0])


def plain(text: str) -> str:
    """``text`` on one line, with what cannot be printed (or stand in XML) escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)

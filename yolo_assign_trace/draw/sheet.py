"""A sheet measured in px from its top left corner, with text that is cut or wrapped to the room it has."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from ..basics.arrays import Array
from .theme import COLOUR_MAP, DPI, Theme, families

MOST_TICKS = 10
SMALL, NORMAL, LARGE = 11.5, 13.0, 19.0
"""Heights of text in px; nothing is smaller than the first."""


def points(px: float) -> float:
    """px of the sheet as points."""
    return px * 72 / DPI


class Sheet:
    """A figure of ``width`` x ``height`` px."""

    def __init__(self, width: float, height: float, theme: Theme) -> None:
        self.width, self.height, self.theme = width, height, theme
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        self._renderer = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]
        self._widths: dict[tuple[str, float, bool], float] = {}

    def axes(self, x: float, y: float, width: float, height: float, **more: Any) -> Axes:
        """Axes whose top left corner is at ``x``, ``y`` px."""
        place = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        axes: Axes = self.figure.add_axes(place, **more)
        return axes

    def measure(self, text: str, size: float = NORMAL, bold: bool = False) -> float:
        """Width of ``text`` in px."""
        key = (text, size, bold)
        if key not in self._widths:
            font = FontProperties(family=families(), size=points(size), weight="bold" if bold else "normal")
            self._widths[key] = self._renderer.get_text_width_height_descent(text, font, False)[0]
        return self._widths[key]

    def cut(self, text: str, width: float, size: float = NORMAL, bold: bool = False) -> str:
        """``text``, ended with … where it is wider than ``width`` px."""
        if self.measure(text, size, bold) <= width:
            return text
        low, high = 0, len(text)
        while low < high:  # the longest beginning that fits
            middle = (low + high + 1) // 2
            if self.measure(text[:middle] + "…", size, bold) <= width:
                low = middle
            else:
                high = middle - 1
        return text[:low] + "…"

    def wrap(self, text: str, width: float, size: float = NORMAL) -> list[str]:
        """``text`` in lines of at most ``width`` px."""
        lines = [""]
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.measure(longer, size) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return [self.cut(line, width, size) for line in lines]

    def text(
        self, x: float, y: float, text: str, *, size: float = NORMAL, color: str = "", bold: bool = False, **more: Any
    ) -> Text:
        """``text`` in a line that begins ``y`` px from the top; all texts of that line stand on one baseline."""
        more = {"va": "baseline", "ha": "left"} | more
        return self.figure.text(
            x / self.width,
            1 - (y + 0.93 * size) / self.height,
            text,
            fontsize=points(size),
            color=color or self.theme.text,
            fontweight="bold" if bold else "normal",
            **more,
        )


def colour_bar(sheet: Sheet, axes: Axes, norm: Normalize, orientation: Literal["horizontal", "vertical"]) -> None:
    """The colours of ``norm`` in ``axes``; numbers as everywhere else, not as powers in mathematical type."""
    bar = sheet.figure.colorbar(ScalarMappable(norm, COLOUR_MAP), cax=axes, orientation=orientation)
    if isinstance(norm, LogNorm):
        low, high = math.ceil(math.log10(norm.vmin or 1)), math.floor(math.log10(norm.vmax or 1))
        powers = range(low, high + 1, 1 + (high - low) // MOST_TICKS)
        bar.set_ticks([10.0**power for power in powers], labels=[f"1e{power}" for power in powers])
        bar.minorticks_off()
    bar.ax.tick_params(labelsize=points(SMALL), length=3, width=0.6)
    bar.outline.set_linewidth(0.4)


class Room:
    """What of a panel is taken by labels: a label that would lie on another is not placed.

    Rectangles are left, top, right, bottom in px of the panel.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._taken = np.empty((64, 4))
        self._count = 0

    def take(self, width: float, height: float, corners: list[tuple[float, float]]) -> tuple[float, float] | None:
        """The first of ``corners`` (left, top) at which a label of this size is free, now taken; None if none is."""
        taken = self._taken[: self._count]
        for left, top in corners:
            right, bottom = left + width, top + height
            if left < 0 or top < 0 or right > self.width or bottom > self.height:
                continue
            over = (taken[:, 0] < right) & (taken[:, 2] > left) & (taken[:, 1] < bottom) & (taken[:, 3] > top)
            if not over.any():
                self._add(np.array([left, top, right, bottom]))
                return left, top
        return None

    def _add(self, rectangle: Array) -> None:
        if self._count == len(self._taken):
            self._taken = np.concatenate([self._taken, np.empty_like(self._taken)])
        self._taken[self._count] = rectangle
        self._count += 1

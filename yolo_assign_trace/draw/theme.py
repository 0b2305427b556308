"""Colours, fonts and matplotlib's settings: the same on every machine, whatever its matplotlibrc says."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

DPI = 100
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILION = "#56B4E9", "#D55E00"
"""The palette of Okabe and Ito, which people with any colour vision can tell apart."""

CJK_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "STHeiti", "Microsoft YaHei", "SimHei"),
    *("Noto Sans CJK JP", "Noto Sans CJK TC", "Noto Sans CJK KR", "Droid Sans Fallback", "Arial Unicode MS"),
)
"""Fonts with Chinese characters, in the order in which they are preferred."""

COLOUR_MAP = "viridis"


@dataclass(frozen=True)
class Theme:
    """One set of colours; ``boxes`` repeat over the boxes of an image."""

    name: str
    page: str
    panel: str
    text: str
    muted: str
    line: str
    candidate: str
    selected: str
    bad: str
    screened: str
    boxes: tuple[str, ...]
    levels: tuple[str, ...]

    def box(self, gt: int) -> str:
        return self.boxes[gt % len(self.boxes)]


THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "light": Theme(
            "light",
            page="#ffffff",
            panel="#f3f3f1",
            text="#1b1b1b",
            muted="#5c5f63",
            line="#d4d4d0",
            candidate="#7d8288",
            selected="#B97F00",
            bad=VERMILION,
            screened=PURPLE,
            boxes=(BLUE, GREEN, "#9A5B87", "#2F8FCB", "#A87400"),
            levels=(BLUE, ORANGE, PURPLE, GREEN, SKY),
        ),
        "dark": Theme(
            "dark",
            page="#14161a",
            panel="#1f2227",
            text="#ececec",
            muted="#a6acb3",
            line="#363b43",
            candidate="#8d939a",
            selected=ORANGE,
            bad="#FF7A2B",
            screened=PURPLE,
            boxes=(SKY, "#2CC295", "#DE93BC", "#4A9BE0", ORANGE),
            levels=(SKY, ORANGE, PURPLE, "#2CC295", BLUE),
        ),
    }
)


@cache
def families() -> tuple[str, ...]:
    """The fonts to draw with: DejaVu Sans, which comes with matplotlib, then what this machine has for Chinese."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in CJK_FONTS if name in known))


@contextmanager
def settings(theme: Theme) -> Iterator[None]:
    """matplotlib's own defaults and what these pictures need; the caller's settings come back afterwards."""
    ours: Any = {  # matplotlib's own type names every key there is
        "font.family": list(families()),
        "text.parse_math": False,  # a class called $x$ is a name, no formula
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "yolo-assign",
        "text.color": theme.text,
        "axes.edgecolor": theme.line,
        "axes.labelcolor": theme.muted,
        "axes.facecolor": theme.panel,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "figure.facecolor": theme.page,
        "savefig.facecolor": theme.page,
        "path.simplify": False,
    }
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # said once, by the command
        mpl.rcdefaults()
        mpl.rcParams.update(ours)
        yield


@cache
def _characters() -> frozenset[int]:
    characters: set[int] = set()
    for family in families():
        path = font_manager.findfont(family, fallback_to_default=True)
        characters.update(FT2Font(str(path)).get_charmap())
    return frozenset(characters)


def undrawable(texts: Iterator[str]) -> str:
    """The characters of ``texts`` that no font here has, each once, in order."""
    known = _characters()
    return "".join(dict.fromkeys(char for text in texts for char in text if ord(char) not in known))

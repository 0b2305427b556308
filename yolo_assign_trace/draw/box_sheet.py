"""The sheet of one box: score, overlap and metric over the cells of each level, with the k-th value marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle

from ..assignment.grid import Level
from ..basics.arrays import Array
from ..basics.plural import count
from ..basics.printable import printable
from ..formats.number_text import number_text
from .image_sheet import FOOT, HEAD, MARGIN, foot, head
from .panel import DASHED, DOTTED
from .scene import Box, ImageScene, Pairs
from .sheet import NORMAL, SMALL, Sheet, colour_bar, points
from .theme import COLOUR_MAP, VERMILION, Theme

WIDTH, NAME, BAR, GAP = 1500.0, 150.0, 120.0, 30.0
TALLEST = 380.0
CAPTION, TICKS = 26.0, 26.0
AROUND, FEWEST = 1, 4
"""Cells shown around the box, and shown at least."""
DIGITS = (3, 2)
UNDER, OVER = "#000000", "#ffffff"
"""A frame of white on black stands out from every colour of the map."""
LARGEST_METRIC_SPAN = 1e-6
"""The metric's colours begin at this part of its largest value: it falls with a high power of the overlap."""


@dataclass(frozen=True)
class Window:
    """The cells of a level that are shown: ``top`` to ``bottom`` and ``left`` to ``right``, ends not included."""

    level: Level
    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        return self.right - self.left, self.bottom - self.top


def box_sheet(
    scene: ImageScene, gt: int, header: Mapping[str, str], name: str, theme: Theme, topk: int | None = None
) -> Sheet:
    """The sheet of box ``gt``; ``name`` is the file name of its image, ``topk`` how many a box selects, if known."""
    box, levels = scene.boxes[gt], scene.grid.levels
    pairs = scene.pairs.where(scene.pairs.gt == gt)
    windows = [window(level, box, scene, pairs) for level in levels]
    each = (WIDTH - 2 * MARGIN - NAME - BAR - len(levels) * GAP) / len(levels)
    row = max(min(each * rows / columns, TALLEST) for columns, rows in (seen.size for seen in windows))
    top = HEAD + 44
    sheet = Sheet(WIDTH, top + 3 * (row + TICKS) + CAPTION + FOOT, theme)
    line = box.line
    title = f"Image {scene.image}, gt {gt}: {printable(box.class_name)}, {line.width:.1f}x{line.height:.1f} px"
    head(sheet, f"{title}{f', in {printable(name)}' if name else ''}", _subtitle(box, len(pairs.gt)))
    sheet.text(MARGIN, HEAD - 8, sheet.cut(_cut_text(box, pairs, scene, topk), WIDTH - 2 * MARGIN)).set_gid("cut")
    _legend(sheet, box, HEAD + 14)

    y = top + CAPTION
    for what, values in (("score", pairs.score), ("overlap", pairs.overlap), ("metric", pairs.metric)):
        norm = _norm(what, values)
        sheet.text(MARGIN, y + 4, _NAMES[what], bold=True)
        for i, part in enumerate(sheet.wrap(_MEANINGS[what], NAME - 40, SMALL)):
            sheet.text(MARGIN, y + 26 + 15 * i, part, size=SMALL, color=theme.muted)
        for i, seen in enumerate(windows):
            x = MARGIN + NAME + i * (each + GAP)
            columns, rows = seen.size
            cell = min(each / columns, row / rows)
            axes = sheet.axes(x, y, cell * columns, cell * rows)
            axes.set_gid(f"{what}-{seen.level.name}")
            _heat(sheet, axes, seen, pairs, values, norm, cell, what, box)
            if what == "score":
                sheet.text(x, top + 4, sheet.cut(_place(seen), each, NORMAL, bold=True), bold=True)
        _bar(sheet, what, norm, box.cutoff, WIDTH - MARGIN - BAR + 12, y, row, highest=_highest(values))
        y += row + TICKS
    foot(sheet, header)
    return sheet


_NAMES = {"score": "score s", "overlap": "overlap u", "metric": "metric"}
_MEANINGS = {
    "score": "of the box's class at each candidate",
    "overlap": "of the predicted box with the box",
    "metric": "s^α · u^β, on a logarithmic scale; blank cells are no candidates",
}


def window(level: Level, box: Box, scene: ImageScene, pairs: Pairs) -> Window:
    """The cells around the box as screening saw it, and around all its candidates."""
    left, top, right, bottom = (box.corners if box.screened is None else box.screened).astype(np.float64).tolist()
    stride = level.stride
    columns = _range(left / stride, right / stride, level.width)
    rows = _range(top / stride, bottom / stride, level.height)
    return Window(level, columns[0], rows[0], columns[1], rows[1])


def _range(low: float, high: float, cells: int) -> tuple[int, int]:
    """First and last cell + 1 to show of ``cells``, for a side from ``low`` to ``high`` in cells."""
    low, high = 0 if np.isnan(low) else low, cells if np.isnan(high) else high
    first, last = int(np.clip(np.floor(low), 0, cells - 1)), int(np.clip(np.ceil(high), 1, cells))
    more = max(AROUND, -(-(FEWEST - (last - first)) // 2))
    return max(0, first - more), min(cells, max(last, first + 1) + more)


def _heat(
    sheet: Sheet,
    axes: Axes,
    seen: Window,
    pairs: Pairs,
    values: Array,
    norm: Normalize,
    cell: float,
    what: str,
    box: Box,
) -> None:
    """The values of the candidates of one level as coloured cells, and what became of them."""
    level, theme = seen.level, sheet.theme
    here = (pairs.anchor >= level.first) & (pairs.anchor < level.first + level.anchors)
    y, x = np.divmod(pairs.anchor[here] - level.first, level.width)
    field = np.full((seen.bottom - seen.top, seen.right - seen.left), np.nan)
    blank = np.ones(field.shape, dtype=bool)
    inside = (y >= seen.top) & (y < seen.bottom) & (x >= seen.left) & (x < seen.right)
    at = y[inside] - seen.top, x[inside] - seen.left
    shown = values[here][inside].astype(np.float64)
    field[at], blank[at] = shown, False
    colours = mpl.colormaps[COLOUR_MAP](norm(np.nan_to_num(field, posinf=norm.vmax, neginf=norm.vmin)))
    colours[blank, 3] = 0
    colours[~blank & ~np.isfinite(field)] = mpl.colors.to_rgba(theme.bad)
    extent = (seen.left, seen.right, seen.bottom, seen.top)
    axes.imshow(colours, extent=extent, interpolation="nearest", aspect="auto")
    axes.tick_params(labelsize=points(SMALL), length=2, pad=2)
    columns, rows = _ticks(seen.left, seen.right, cell), _ticks(seen.top, seen.bottom, cell)
    axes.set_xticks([tick + 0.5 for tick in columns], list(map(str, columns)))
    axes.set_yticks([tick + 0.5 for tick in rows], list(map(str, rows)))
    axes.set_xlim(seen.left, seen.right)
    axes.set_ylim(seen.bottom, seen.top)
    _outlines(axes, level, box, theme)
    inner = pairs.where(here).where(inside)
    for name, marked, colour, wide in _marked(inner, what, box):
        for anchor, row, column in zip(inner.anchor[marked], y[inside][marked], x[inside][marked], strict=True):
            place = column + 0.07, row + 0.07
            axes.add_artist(Rectangle(place, 0.86, 0.86, fill=False, ec=UNDER, lw=wide + 1.8, zorder=4))
            frame = Rectangle(place, 0.86, 0.86, fill=False, ec=colour, lw=wide, zorder=4)
            frame.set_gid(f"{what}-anchor-{anchor}-{name}")
            axes.add_artist(frame)
    _numbers(sheet, axes, colours[at], x[inside], y[inside], shown, cell)


def _marked(pairs: Pairs, what: str, box: Box) -> list[tuple[str, Array, str, float]]:
    """Which cells get a frame: the selected ones, and in the metric those at the k-th value."""
    frames = [("selected", np.flatnonzero(pairs.selected), OVER, 1.6)]
    if what == "metric":
        frames.append(("kth", np.flatnonzero(pairs.selected & (pairs.metric == box.cutoff)), VERMILION, 2.6))
    return frames


def _outlines(axes: Axes, level: Level, box: Box, theme: Theme) -> None:
    for corners, colour, dash in (
        (box.screened, theme.screened, DOTTED),
        (box.corners, theme.bad if box.cause else theme.box(box.gt), DASHED if box.cause else "-"),
    ):
        if corners is not None:
            left, top, right, bottom = (corners.astype(np.float64) / level.stride).tolist()
            axes.add_artist(Rectangle((left, top), right - left, bottom - top, fill=False, ec=colour, lw=1.5, ls=dash))


def _numbers(sheet: Sheet, axes: Axes, colours: Array, x: Array, y: Array, values: Array, cell: float) -> None:
    """The values in the cells, where every one of them fits."""
    if cell < 18 or not len(values):
        return
    for digits in DIGITS:
        texts = [number_text(float(value), digits) for value in values]
        if max(sheet.measure(text, SMALL) for text in texts) <= cell * 0.84:
            break
    else:
        return
    light = colours[:, :3] @ np.array([0.299, 0.587, 0.114]) > 0.55
    for text, column, row, bright in zip(texts, x, y, light, strict=True):
        colour = "#111111" if bright else "#ffffff"
        size = points(SMALL)
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=colour)


def _highest(values: Array) -> float:
    """The largest number among ``values``, 0 if there is none above it."""
    return float(values[np.isfinite(values)].max(initial=0))


def _norm(what: str, values: Array) -> Normalize:
    highest = _highest(values)
    if what != "metric":
        return Normalize(0, highest if highest > 0 else 1, clip=True)
    return LogNorm(max(highest * LARGEST_METRIC_SPAN, 1e-300), highest if highest > 0 else 1, clip=True)


def _bar(
    sheet: Sheet, what: str, norm: Normalize, cutoff: float, x: float, y: float, height: float, highest: float
) -> None:
    if not highest:
        sheet.text(x, y + 4, "no value above 0", size=SMALL, color=sheet.theme.muted)
        return
    axes = sheet.axes(x, y, 14, height)
    colour_bar(sheet, axes, norm, "vertical")
    if what == "metric" and np.isfinite(cutoff) and cutoff > 0:
        for colour, width in ((UNDER, 5.0), (VERMILION, 2.6)):
            line = axes.axhline(max(cutoff, float(norm.vmin or 0)), color=colour, lw=width)
        line.set_gid("kth-value")


def _ticks(first: int, last: int, cell: float) -> list[int]:
    """Cells of ``cell`` px that get their number: so many that the numbers stay apart."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000, 10**9) if step * cell >= TICKS)
    return [tick for tick in range(first, last) if tick % step == 0]


def _place(seen: Window) -> str:
    level = seen.level
    if seen.size == (level.width, level.height):
        return str(level)
    return f"{level.name} y{seen.top} to {seen.bottom - 1}, x{seen.left} to {seen.right - 1}"


def _subtitle(box: Box, candidates: int) -> str:
    line = box.line
    text = f"{count(candidates, 'candidate')}, {line.selected} selected, {count(line.positives, 'positive')}"
    return text + (f"   ·   {box.cause}" if box.cause else "")


def _cut_text(box: Box, pairs: Pairs, scene: ImageScene, topk: int | None) -> str:
    which = f"{topk}th largest metric" if topk and topk % 10 not in (1, 2, 3) else "k-th largest metric"
    if topk is not None and which.startswith("k"):
        which += f" (k = {topk})"
    at = np.flatnonzero(pairs.selected & (pairs.metric == box.cutoff))
    text = f"The cut, the {which}: {number_text(box.cutoff, 5)}"
    if box.cutoff == 0:
        return f"{text}; fewer candidates than that have a metric above 0"
    if len(at) == 1:
        text += f", at {scene.grid.address(int(pairs.anchor[at[0]]))}"
    return text


def _legend(sheet: Sheet, box: Box, y: float) -> None:
    theme = sheet.theme
    items = [("selected", OVER), ("at the k-th value", VERMILION)]
    items.append(("the box", theme.bad if box.cause else theme.box(box.gt)))
    if box.screened is not None:
        items.append(("as screening saw it", theme.screened))
    x = MARGIN
    for text, colour in items:
        place = (x / sheet.width, 1 - (y + 13) / sheet.height)
        size = 12 / sheet.width, 12 / sheet.height
        under = [(UNDER, 4.0)] if colour in (OVER, VERMILION) else []
        for edge, wide in [*under, (colour, 2.0)]:
            frame = Rectangle(place, *size, fill=False, ec=edge, lw=wide, transform=sheet.figure.transFigure)
            sheet.figure.add_artist(frame)
        sheet.text(x + 19, y, text)
        x += 19 + sheet.measure(text) + 22

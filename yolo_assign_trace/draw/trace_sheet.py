"""The sheet of a whole trace: its anchors, where positives come from, how many are left at each step, their scores."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..basics.arrays import Array
from ..basics.plural import count
from ..traces.view import TraceView
from .image_sheet import CAPTION, FOOT, GAP, HEAD, MARGIN, foot, head
from .marks import shape_of
from .panel import Panel, scale_of
from .photos import Photo, backdrop
from .sheet import SMALL, Sheet, points
from .theme import Theme

WIDTH, TALLEST = 1500.0, 760.0
SMALLEST_SIDE = 8
BINS = 20


def trace_sheet(view: TraceView, theme: Theme, photo: Photo | None) -> Sheet:
    """The sheet of a whole trace; ``photo`` is that of its first image, if there is one."""
    grid, lines = view.grid, view.lines
    half = (WIDTH - 2 * MARGIN - 2 * GAP) / 2
    upper = max(480.0, scale_of(grid, half, TALLEST) * grid.height)
    lower = 300.0
    sheet = Sheet(WIDTH, HEAD + 2 * CAPTION + upper + lower + 3 * GAP + 30 + FOOT, theme)
    without = sum(not line.positives for line in lines)
    more = f", {without} of them without positives" if without else ""
    head(sheet, "The whole trace", f"{count(len(lines), 'box')} in {count(view.b, 'image')}{more}")

    y = HEAD + CAPTION
    panel = Panel(sheet, grid, MARGIN, y, half, TALLEST)
    panel.axes.set_gid("anchors")
    panel.photo(backdrop(photo, theme.page) if photo is not None else None)
    _anchors(panel, view)
    _caption(sheet, MARGIN, y, f"{grid.anchors} anchors over {grid.width}x{grid.height} px")
    x = MARGIN + half + 2 * GAP
    legend = _level_legend(sheet, view, x, y)
    _caption(sheet, x, y, "Anchors of every level")
    chart = sheet.axes(x + 130, legend + CAPTION + GAP, half - GAP - 130, y + upper - legend - CAPTION - GAP)
    _caption(sheet, x, legend + CAPTION + GAP, "Pairs and anchors left at each step")
    _funnel(sheet, chart, view)

    y += upper + CAPTION + GAP
    _caption(sheet, MARGIN, y, "Positives by side of their box (root of the area, px) and level")
    _by_size(sheet, sheet.axes(MARGIN + 56, y + 8, half - 56, lower), view)
    _caption(sheet, x, y, "Target scores of the positives")
    _histogram(sheet, sheet.axes(x + 56, y + 8, half - GAP - 56, lower), view)
    foot(sheet, view.trace.header)
    return sheet


def _caption(sheet: Sheet, x: float, y: float, text: str) -> None:
    sheet.text(x, y - CAPTION + 4, text, bold=True)


def _anchors(panel: Panel, view: TraceView) -> None:
    theme = panel.sheet.theme
    points_of = view.array("anc_points")
    for i, level in enumerate(view.grid.levels):
        size = float(np.clip(level.stride * panel.scale * 0.3, 1.6, 14))
        colour = theme.levels[i % len(theme.levels)]
        places = points_of[level.first : level.first + level.anchors]
        name = f"anchors-{level.name}"
        panel.marks(name, places, shape_of(i), size, faces=colour, edges=colour, width=0.3, zorder=4 + i)


def _level_legend(sheet: Sheet, view: TraceView, x: float, y: float) -> float:
    theme = sheet.theme
    for i, level in enumerate(view.grid.levels):
        colour = theme.levels[i % len(theme.levels)]
        place = [(x + 10) / sheet.width], [1 - (y + 15) / sheet.height]
        sheet.figure.add_artist(Line2D(*place, marker=shape_of(i), ms=points(10), color=colour, ls="none"))
        cells = f"{level.height}x{level.width} cells of {level.stride} px: {count(level.anchors, 'anchor')}"
        sheet.text(x + 28, y + 7, f"{level.name}   {cells}")
        y += 21
    return y


def _funnel(sheet: Sheet, axes: Axes, view: TraceView) -> None:
    """Counts over all images, from candidates to positives."""
    theme = sheet.theme
    names = ["candidate pairs", "metric above 0", "selected pairs", "positive anchors"]
    with np.errstate(invalid="ignore"):
        counted = [view.metric > 0, view.selected, view.positive]
    values = [len(view.pairs), *(int(mask.sum()) for mask in counted)]
    bars = axes.barh(range(len(values)), values, color=theme.levels[0], height=0.6)
    widest = max([*values, 1])
    for i, (bar, value) in enumerate(zip(bars, values, strict=True)):
        bar.set_gid(f"funnel-{names[i].replace(' ', '-')}")
        before = values[i - 1] if i else 0
        share = f"   {100 * value / before:.3g}% of the line above" if i and before else ""
        text = axes.text(
            widest * 0.012 + value, i, f"{value}{share}", va="center", fontsize=points(SMALL), color=theme.text
        )
        text.set_gid(f"funnel-{names[i].replace(' ', '-')}-count")
    axes.set_xlim(0, widest * 1.42)
    axes.set_yticks(range(len(names)), names, color=theme.text)
    axes.invert_yaxis()
    _quiet(axes, sheet)
    axes.set_xticks([])


def _by_size(sheet: Sheet, axes: Axes, view: TraceView) -> None:
    """Stacked bars over sizes that double; below each, how many boxes are of that size."""
    theme = sheet.theme
    image, gt, anchor = view.positives
    level, side = view.level[anchor], _side_of(view.corners[image, gt])
    boxes = _side_of(np.array([(0, 0, line.width, line.height) for line in view.lines]).reshape(-1, 4))
    largest = max(float(boxes[np.isfinite(boxes)].max(initial=0)), SMALLEST_SIDE * 2)
    edges = SMALLEST_SIDE * 2.0 ** np.arange(np.ceil(np.log2(largest / SMALLEST_SIDE)) + 1)
    edges = np.concatenate([[0], edges])
    at = np.arange(len(edges) - 1)
    bottom = np.zeros(len(at))
    for i, one in enumerate(view.grid.levels):
        values = np.histogram(side[level == i], edges)[0]
        bars = axes.bar(at, values, 0.72, bottom, color=theme.levels[i % len(theme.levels)], label=one.name)
        for bar, low in zip(bars, edges.tolist(), strict=False):
            bar.set_gid(f"positives-{one.name}-from-{low:g}")
        bottom += values
    for x, total in zip(at.tolist(), bottom.tolist(), strict=True):
        axes.text(x, total, f"{total:.0f}", ha="center", va="bottom", fontsize=points(SMALL), color=theme.text)
    counts = np.histogram(boxes, edges)[0].tolist()
    names = [f"{low:g}-{high:g}" for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    axes.set_xticks(at, [f"{name}\n{count(n, 'box')}" for name, n in zip(names, counts, strict=True)])
    axes.set_ylim(0, max(float(bottom.max()), 1) * 1.14)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _quiet(axes, sheet)


def _histogram(sheet: Sheet, axes: Axes, view: TraceView) -> None:
    theme = sheet.theme
    image, _, anchor = view.positives
    score = view.array("norm_align_metric")[image, anchor]
    finite = score[np.isfinite(score)].astype(np.float64)
    if not len(finite):
        axes.text(0.5, 0.5, "no positive anchor", ha="center", transform=axes.transAxes, color=theme.muted)
        axes.set_yticks([])
        _quiet(axes, sheet)
        return
    values, edges = np.histogram(finite, BINS, (0, max(float(finite.max()), 1e-12)))
    bars = axes.bar(edges[:-1], values, np.diff(edges) * 0.94, align="edge", color=theme.levels[0])
    for i, bar in enumerate(bars):
        bar.set_gid(f"target-scores-{i}")
    zero = int((finite == 0).sum())
    odd = len(score) - len(finite)
    text = f"mean {finite.mean():.3g}, largest {finite.max():.3g}"
    text += (f", {zero} of them 0" if zero else "") + (f", {odd} not finite" if odd else "")
    axes.text(
        0.98, 0.95, text, ha="right", va="top", transform=axes.transAxes, fontsize=points(SMALL), color=theme.text
    )
    axes.set_ylim(0, max(int(values.max()), 1) * 1.16)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _quiet(axes, sheet)


@np.errstate(invalid="ignore")  # of infinite boxes
def _side_of(corners: Array) -> Array:
    """Root of the area of boxes (..., xyxy), px."""
    side: Array = np.sqrt(np.maximum(corners[..., 2:].astype(np.float64) - corners[..., :2], 0).prod(axis=-1))
    return side


def _quiet(axes: Axes, sheet: Sheet) -> None:
    axes.tick_params(labelsize=points(SMALL), length=3, width=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)

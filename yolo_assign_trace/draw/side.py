"""The column beside an image: what the marks mean, and the list of boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from ..basics.plural import and_more
from ..basics.printable import printable
from .anchors import DECIDED, SHARES
from .marks import shape_of
from .panel import DASHED, DOTTED
from .scene import Box, ImageScene
from .sheet import NORMAL, SMALL, Sheet, colour_bar, points
from .theme import COLOUR_MAP, Theme

ROW, CAUSE_ROW = 18.0, 15.0
COLUMNS = (("gt", 34.0), ("class", 118.0), ("size px", 84.0), ("cand.", 52.0), ("sel.", 44.0), ("pos.", 44.0))


def draw_side(
    sheet: Sheet, scene: ImageScene, stage: str, scores: Normalize, x: float, y: float, width: float, height: float
) -> None:
    """The column with its upper left corner at ``x``, ``y`` px."""
    end = _legend(sheet, scene, stage, x, y)
    if stage in ("align", "normalize"):
        end = _bar(sheet, stage, scores, x, end, width)
    _list(sheet, scene.boxes, x, end + 12, width, y + height)


def _legend(sheet: Sheet, scene: ImageScene, stage: str, x: float, y: float) -> float:
    """What lines and marks mean; the px at which it ends."""
    at = y + 4
    for text, style in _line_styles(sheet.theme, scene):
        ends = [(x + 4) / sheet.width, (x + 30) / sheet.width]
        sheet.figure.add_artist(Line2D(ends, [1 - (at + 8) / sheet.height] * 2, lw=1.6, **style))
        sheet.text(x + 42, at, text)
        at += 20
    for text, style in _mark_styles(sheet.theme, scene, stage):
        place = [(x + 17) / sheet.width], [1 - (at + 8) / sheet.height]
        sheet.figure.add_artist(Line2D(*place, ms=points(10), ls="none", **{"marker": "o"} | style))
        sheet.text(x + 42, at, text)
        at += 20
    apart = min(96.0, 390.0 / len(scene.grid.levels))
    for i, level in enumerate(scene.grid.levels):
        place = [(x + 17 + i * apart) / sheet.width], [1 - (at + 8) / sheet.height]
        mark = Line2D(*place, marker=shape_of(i), ms=points(9), mfc="none", mec=sheet.theme.text, ls="none")
        sheet.figure.add_artist(mark)
        sheet.text(x + 28 + i * apart, at, f"{level.name} {level.stride} px", size=SMALL)
    return at + 22


def _line_styles(theme: Theme, scene: ImageScene) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "box", {"color": theme.box(0)}
    if any(box.cause for box in scene.boxes):
        yield "box without positives", {"color": theme.bad, "ls": DASHED}
    if any(box.screened is not None for box in scene.boxes):
        yield "as screening saw it, enlarged", {"color": theme.screened, "ls": DOTTED}


def _mark_styles(theme: Theme, scene: ImageScene, stage: str) -> Iterator[tuple[str, dict[str, Any]]]:
    hollow = {"mfc": "none", "mec": theme.candidate, "mew": 0.9}
    viridis = mpl.colormaps[COLOUR_MAP](0.65)
    if stage == "align":
        yield "candidate, by its metric", {"mfc": viridis, "mec": theme.candidate, "mew": 0.5}
    yield "candidate of metric 0" if stage == "align" else "candidate", hollow
    if stage == "topk":
        yield "selected", {"mfc": theme.selected, "mec": theme.text, "mew": 0.6}
    if stage == "resolve":
        yield "positive, in the colour of its box", {"mfc": theme.box(0), "mec": theme.text, "mew": 1}
    if stage == "normalize":
        yield "positive, by target score", {"mfc": viridis, "mec": theme.text, "mew": 1}
    if stage in DECIDED and len(scene.dropped):
        yield "selected and won, but not kept", {"mfc": "none", "mec": theme.selected, "mew": 1.6}
    if stage in DECIDED and scene.lost:
        yield "lost, with the number of the winner", {"marker": "x", "mec": theme.bad, "mew": 1.5}


def _bar(sheet: Sheet, stage: str, scores: Normalize, x: float, y: float, width: float) -> float:
    norm = SHARES if stage == "align" else scores
    colour_bar(sheet, sheet.axes(x + 4, y + 6, width - 40, 12), norm, "horizontal")
    text = "alignment metric over the best of the box" if stage == "align" else "target score"
    sheet.text(x + 4, y + 40, text, size=SMALL, color=sheet.theme.muted)
    return y + 58


def _list(sheet: Sheet, boxes: Sequence[Box], x: float, y: float, width: float, end: float) -> None:
    """As many boxes as there is room for; if not all, those without positives come first."""
    wrapped = {box.gt: sheet.wrap(box.cause, width - 50, SMALL) if box.cause else [] for box in boxes}

    def height(box: Box) -> float:
        return ROW + CAUSE_ROW * len(wrapped[box.gt])

    room = end - y - ROW - 8
    shown = list(boxes)
    if sum(map(height, shown)) > room:
        shown.sort(key=lambda box: (box.line.positives > 0, box.gt))
        ends = np.cumsum([height(box) for box in shown])
        shown = shown[: int(np.searchsorted(ends, room - ROW, side="right"))]
    at = y
    _row(sheet, x, at, [name for name, _ in COLUMNS], sheet.theme.muted)
    at += ROW + 2
    for box in shown:
        line = box.line
        cells = [str(box.gt), printable(box.class_name), f"{line.width:.0f}x{line.height:.0f}"]
        cells += [str(sum(line.candidates)), str(line.selected), str(line.positives)]
        _row(sheet, x, at, cells, sheet.theme.bad if box.cause else sheet.theme.text, f"list-{box.gt}")
        at += ROW
        for part in wrapped[box.gt]:
            written = sheet.text(x + 34, at - 1, part, size=SMALL, color=sheet.theme.bad)
            written.set_gid(f"list-{box.gt}-cause")
            at += CAUSE_ROW
    if not boxes:
        sheet.text(x, at, "no box in this image", color=sheet.theme.muted)
    elif len(shown) < len(boxes):
        without = sum(not box.line.positives for box in boxes if box not in shown)
        of_them = f", {without} of them without positives" if without else ""
        text = f"...{and_more(len(boxes), len(shown), 'box')}{of_them}"
        sheet.text(x, at + 2, text, color=sheet.theme.muted).set_gid("list-more")


def _row(sheet: Sheet, x: float, y: float, cells: Sequence[str], colour: str, name: str = "") -> None:
    for (title, width), cell in zip(COLUMNS, cells, strict=True):
        left = title in ("gt", "class")
        text = sheet.cut(cell, width - 6, NORMAL)
        written = sheet.text(x if left else x + width - 6, y, text, color=colour, ha="left" if left else "right")
        if name:
            written.set_gid(f"{name}-{title.split()[0].rstrip('.')}")
        x += width

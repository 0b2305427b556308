"""The sheet of one image: its boxes, what became of the anchors of all levels together and of each level."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import Normalize

from ..assignment.grid import Level
from ..basics.plural import count
from ..basics.printable import printable
from .anchors import DECIDED, STAGES, Drawn, draw_anchors, scores_of
from .panel import Panel, scale_of
from .photos import Photo, backdrop
from .scene import ImageScene, on_level
from .sheet import LARGE, NORMAL, SMALL, Sheet
from .side import draw_side
from .theme import Theme

WIDTH, MARGIN, GAP, SIDE = 1800.0, 24.0, 24.0, 400.0
HEAD, CAPTION, FOOT = 74.0, 24.0, 52.0
TALLEST, LOWEST = 900.0, 560.0

TITLES: Mapping[str, str] = {
    "screen": "candidates after screening",
    "align": "candidates by alignment metric",
    "topk": "what each box selected",
    "resolve": "positives after conflicts",
    "normalize": "positives by target score",
}


def image_sheet(
    scene: ImageScene, header: Mapping[str, str], name: str, theme: Theme, photo: Photo | None, stage: str = ""
) -> Sheet:
    """The sheet of one image as it stands after ``stage``, at the end if that is empty; ``name`` is its file's."""
    grid, levels = scene.grid, scene.grid.levels
    shown = stage or STAGES[-1]
    wide = (WIDTH - 2 * MARGIN - SIDE - 2 * GAP) / 2
    scale = scale_of(grid, wide, TALLEST)
    upper = max(LOWEST, scale * grid.height)
    each = min(wide, (WIDTH - 2 * MARGIN - (len(levels) - 1) * GAP) / len(levels))
    lower = scale_of(grid, each, TALLEST) * max(level.height * level.stride for level in levels)
    sheet = Sheet(WIDTH, HEAD + CAPTION + upper + GAP + CAPTION + lower + FOOT, theme)
    head(sheet, f"Image {scene.image}{f': {printable(name)}' if name else ''}", _subtitle(scene, shown))

    scores = scores_of(float(scene.target[scene.positive].max(initial=0)))
    faded = backdrop(photo, theme.page) if photo is not None else None
    y = HEAD + CAPTION
    boxes = Panel(sheet, grid, MARGIN, y, wide, TALLEST)
    boxes.photo(photo)
    boxes.boxes(scene.boxes, width=1.6 * scene.thin, ids=True)
    unnamed = _name_boxes(boxes, scene)
    more = f", {count(unnamed, 'label')} left out for want of room" if unnamed else ""
    _caption(sheet, MARGIN, y, f"{count(len(scene.boxes), 'box')}{more}", boxes.width)

    together = Panel(sheet, grid, MARGIN + wide + GAP, y, wide, TALLEST, prefix="all-")
    together.photo(faded)
    together.boxes(scene.boxes, width=scene.thin, ids=True)
    drawn = sum((_level(together, scene, level, shown, scores) for level in reversed(levels)), Drawn())
    _caption(sheet, together.x, y, f"All levels: {TITLES[shown]}{_left_out(drawn)}", together.width)
    draw_side(sheet, scene, shown, scores, WIDTH - MARGIN - SIDE, HEAD, SIDE, upper + CAPTION)

    y += upper + GAP + CAPTION
    for i, level in enumerate(levels):
        panel = Panel(sheet, grid, MARGIN + i * (each + GAP), y, each, TALLEST)
        panel.axes.set_gid(f"{level.name}-panel")
        panel.photo(faded)
        panel.cells(level)
        panel.prefix = f"{level.name}-"
        panel.boxes(scene.boxes, width=scene.thin, ids=False)
        panel.prefix = ""
        drawn = _level(panel, scene, level, shown, scores)
        _caption(sheet, panel.x, y, f"{level.name}: {_counts(scene, level, shown)}{_left_out(drawn)}", panel.width)
    foot(sheet, header)
    return sheet


def head(sheet: Sheet, title: str, subtitle: str) -> None:
    """What a sheet shows, in two lines."""
    room = sheet.width - 2 * MARGIN
    sheet.text(MARGIN, 16, sheet.cut(title, room, LARGE, bold=True), size=LARGE, bold=True).set_gid("title")
    sheet.text(MARGIN, 43, sheet.cut(subtitle, room), color=sheet.theme.muted).set_gid("subtitle")


def foot(sheet: Sheet, header: Mapping[str, str]) -> None:
    """What the trace was made from and with."""
    lines = ("labels", "heads"), ("assigner", "release", "versions")
    for i, keys in enumerate(lines):
        text = "   ".join(f"{key}  {printable(header[key])}" for key in keys if key in header)
        at = sheet.height - FOOT + 14 + i * 16
        sheet.text(MARGIN, at, sheet.cut(text, sheet.width - 2 * MARGIN, SMALL), size=SMALL, color=sheet.theme.muted)


def _subtitle(scene: ImageScene, stage: str) -> str:
    pairs = scene.pairs
    parts = [count(len(scene.boxes), "box"), count(len(pairs.gt), "candidate pair")]
    if stage not in ("screen", "align"):
        parts.append(f"{int(pairs.selected.sum())} selected")
    if stage in DECIDED:
        parts.append(count(int(scene.positive.sum()), "positive anchor"))
        if scene.lost:
            parts.append(f"{len(scene.lost)} lost to another box")
    without = sum(not box.line.positives for box in scene.boxes)
    if without:
        parts.append(f"{count(without, 'box')} without positives")
    return ", ".join(parts) + f"   ·   after the stage {stage}"


def _counts(scene: ImageScene, level: Level, stage: str) -> str:
    text = count(len(on_level(level, np.unique(scene.pairs.anchor))), "candidate")
    if stage == "topk":
        return f"{text}, {len(on_level(level, scene.anchors_of(scene.pairs.selected)))} selected"
    if stage in DECIDED:
        here = scene.positive[level.first : level.first + level.anchors]
        return f"{text}, {int(here.sum())} positive"
    return text


def _left_out(drawn: Drawn) -> str:
    return f"; {count(drawn.unnumbered, 'winner')} not named" if drawn.unnumbered else ""


def _caption(sheet: Sheet, x: float, y: float, text: str, width: float) -> None:
    sheet.text(x, y - CAPTION + 4, sheet.cut(text, width, NORMAL, bold=True), bold=True)


def _level(panel: Panel, scene: ImageScene, level: Level, stage: str, scores: Normalize) -> Drawn:
    return draw_anchors(panel, scene, level, scene.grid.levels.index(level), stage, scores)


def _name_boxes(panel: Panel, scene: ImageScene) -> int:
    """Number and class at every box, just the number where there is little room; how many found none.

    In a crowd a label is no wider than its box, but for the numbers of boxes without positives.
    """
    left_out = 0
    for box in scene.boxes:
        left, top, right, bottom = box.corners.tolist()
        high = 15 / panel.scale
        corners = [(left, top), (left, top + high), (left, bottom + high), (left, bottom), (right, top + high)]
        full = f"{box.gt} {panel.sheet.cut(printable(box.class_name), 130, SMALL)}"
        named = [f"{full}: no positives", full] if not box.line.positives else [full]
        texts = [*named, str(box.gt)]
        if scene.thin < 1:
            wide = (right - left) * panel.scale
            texts = [text for text in texts if panel.width_of(text) <= wide]
            texts += [str(box.gt)] if not box.line.positives else []
        left_out += not panel.tag(f"gt-{box.gt}-label", texts, corners, panel.colour(box))
    return left_out

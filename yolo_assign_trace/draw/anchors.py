"""What became of the anchors after a stage, as marks on a panel."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LogNorm, Normalize

from ..assignment.grid import Level
from .marks import shape_of
from .panel import Panel
from .scene import NO_WINNER, ImageScene, on_level
from .sheet import SMALL
from .theme import COLOUR_MAP

STAGES = ("screen", "align", "topk", "resolve", "normalize")
"""The stages that decide about candidates, each of which can be drawn."""

DECIDED = ("resolve", "normalize")
"""Stages after which every anchor has its owner."""

SHARES = LogNorm(1e-4, 1, clip=True)
"""Colours of the align stage: the metric over the best of its box."""


FINE = 7.0
"""Marks smaller than this, px, are so many that the candidates among them step back."""


@dataclass(frozen=True)
class Drawn:
    """How many winners' numbers found no room."""

    unnumbered: int = 0

    def __add__(self, other: Drawn) -> Drawn:
        return Drawn(self.unnumbered + other.unnumbered)


def scores_of(highest: float) -> Normalize:
    """Colours of target scores up to ``highest`` in the image."""
    return Normalize(0, highest if highest > 0 and np.isfinite(highest) else 1)


def draw_anchors(panel: Panel, scene: ImageScene, level: Level, index: int, stage: str, scores: Normalize) -> Drawn:
    """Marks of the anchors of ``level``, the ``index``-th, as they stand after ``stage``."""
    theme, points, shape, thin = panel.sheet.theme, scene.points, shape_of(index), scene.thin
    size = float(np.clip(level.stride * panel.scale * 0.62, 3.2, 15))
    colours = mpl.colormaps[COLOUR_MAP]
    candidates = on_level(level, np.unique(scene.pairs.anchor))
    hollow = candidates
    if stage == "align":
        share = np.zeros(scene.grid.anchors)
        np.maximum.at(share, scene.pairs.anchor, scene.metric_share)
        above = candidates[share[candidates] > 0]
        hollow = np.setdiff1d(candidates, above)
        faces = colours(SHARES(share[above]))
        ids = [f"anchor-{anchor}-metric" for anchor in above.tolist()]
        panel.marks(
            f"metric-{level.name}",
            points[above],
            shape,
            size,
            faces=faces,
            edges=theme.candidate,
            width=0.5 * thin,
            ids=ids,
        )
    filled = np.zeros(0, dtype=np.intp)
    if stage == "topk":
        filled = on_level(level, scene.anchors_of(scene.pairs.selected))
        ids = [f"anchor-{anchor}-selected" for anchor in filled.tolist()]
        name = f"selected-{level.name}"
        panel.marks(
            name, points[filled], shape, size, faces=theme.selected, edges=theme.text, width=0.6 * thin, ids=ids
        )
    if stage in DECIDED:
        filled = on_level(level, np.flatnonzero(scene.positive))
        if stage == "normalize":
            faces = colours(scores(np.nan_to_num(scene.target[filled])))
        else:
            faces = mpl.colors.to_rgba_array([theme.box(gt) for gt in scene.owner[filled].tolist()])
        ids = [f"anchor-{anchor}-positive" for anchor in filled.tolist()]
        name = f"positives-{level.name}"
        panel.marks(
            name, points[filled], shape, size * 1.15, faces=faces, edges=theme.text, width=thin, ids=ids, zorder=5
        )
        dropped = on_level(level, scene.dropped)
        ids = [f"anchor-{anchor}-dropped" for anchor in dropped.tolist()]
        panel.marks(
            f"dropped-{level.name}", points[dropped], shape, size, edges=theme.selected, width=1.6 * thin, ids=ids
        )
        filled = np.union1d(filled, dropped)
    rest = np.setdiff1d(hollow, filled)
    fine = size * thin < FINE
    small, width = size * (0.6 if fine else 0.8), (0.45 if fine else 0.8) * thin
    panel.marks(f"candidates-{level.name}", points[rest], shape, small, edges=theme.candidate, width=width, zorder=2)
    return _lost(panel, scene, level, size) if stage in DECIDED else Drawn()


def _lost(panel: Panel, scene: ImageScene, level: Level, size: float) -> Drawn:
    """Crosses over the anchors that a box selected and another got, with the number of that other box."""
    lost = [one for one in scene.lost if level.first <= one.anchor < level.first + level.anchors]
    places = scene.points[[one.anchor for one in lost]]
    cross = max(size, 7 * scene.thin)
    ids = [f"anchor-{one.anchor}-lost-by-{one.gt}" for one in lost]
    colour = panel.sheet.theme.bad
    panel.marks(f"lost-{level.name}", places, "x", cross, edges=colour, width=1.5 * scene.thin, ids=ids, zorder=6)
    panel.keep_free(scene.points[on_level(level, np.flatnonzero(scene.positive))], size)
    panel.keep_free(places, cross)
    if scene.thin < 1:
        panel.keep_free(scene.points[on_level(level, np.unique(scene.pairs.anchor))], size)
    unnumbered = 0
    winners = {one.anchor: one.winner for one in lost if one.winner != NO_WINNER}
    for anchor, winner in winners.items():
        x, y = (float(value) for value in scene.points[anchor])
        text = str(winner)
        wide, away = (panel.sheet.measure(text, SMALL) + 6) / panel.scale, (cross / 2 + 1) / panel.scale
        high = 15.0 / panel.scale
        corners = [
            *((x + away, y + high / 2), (x - away - wide, y + high / 2)),
            *((x - wide / 2, y - away), (x - wide / 2, y + away + high)),
            *((x + away, y - away), (x - away - wide, y - away)),
            *((x + away, y + away + high), (x - away - wide, y + away + high)),
            *((x - wide / 2, y - away - high), (x - wide / 2, y + away + 2 * high)),
            *((x + away + wide / 2, y + high / 2), (x - away - 1.5 * wide, y + high / 2)),
        ]
        unnumbered += not panel.tag(f"anchor-{anchor}-winner", [text], corners, colour)
    return Drawn(unnumbered)

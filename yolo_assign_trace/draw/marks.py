"""Marks on anchors: one artist for any number of them, each with an id of its own in an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist, allow_rasterization
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgba
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D

from ..basics.arrays import Array
from .sheet import points as to_points

SHAPES = ("o", "s", "D", "^", "p")
"""Marker of a level, fine first."""


def shape_of(level: int) -> str:
    return SHAPES[level % len(SHAPES)]


class Marks(Artist):
    """Markers of one shape at ``places`` (mark, xy) in data coordinates.

    matplotlib's collections are as fast, but their members have no ids. Here marks with ``ids`` get a group each,
    and marks without share a single call.

    Args:
        size, width: of the marker and its edge, px.
        faces: (mark, rgba), one colour for all, or None for hollow marks.
        edges: (mark, rgba) or one colour.
    """

    def __init__(
        self,
        places: Array,
        shape: str,
        size: float,
        *,
        faces: Any = None,
        edges: Any = "black",
        width: float = 1.0,
        ids: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.places = np.asarray(places, dtype=np.float64).reshape(-1, 2)
        self.style = MarkerStyle(shape)
        self.size, self.width, self.ids = size, width, ids
        self.faces, self.edges = faces, edges

    @allow_rasterization  # type: ignore[untyped-decorator]
    def draw(self, renderer: RendererBase) -> None:
        if not self.get_visible() or not len(self.places) or self.axes is None:
            return
        renderer.open_group("marks", gid=self.get_gid())
        gc = renderer.new_gc()
        gc.set_clip_rectangle(self.get_clip_box())
        pixel: Any = renderer.points_to_pixels(to_points(1))
        gc.set_linewidth(self.width * pixel)
        outline = self.style.get_path()
        scaled = self.style.get_transform() + Affine2D().scale(self.size * pixel)
        transform = self.axes.transData
        if self.ids or not _is_one(self.faces) or not _is_one(self.edges):
            faces, edges = self._each(self.faces), self._each(self.edges)
            for i, place in enumerate(self.places):
                gc.set_foreground(edges[i], isRGBA=True)
                if self.ids:
                    renderer.open_group("mark", gid=self.ids[i])
                renderer.draw_markers(gc, outline, scaled, Outline(place[None]), transform, faces[i])
                if self.ids:
                    renderer.close_group("mark")
        else:
            gc.set_foreground(to_rgba(self.edges), isRGBA=True)
            face = None if self.faces is None else to_rgba(self.faces)
            renderer.draw_markers(gc, outline, scaled, Outline(self.places), transform, face)
        gc.restore()
        renderer.close_group("marks")
        self.stale = False

    def _each(self, colours: Any) -> Any:
        if colours is None:
            return [None] * len(self.places)
        return [to_rgba(colours)] * len(self.places) if _is_one(colours) else [tuple(c) for c in np.asarray(colours)]


def _is_one(colours: Any) -> bool:
    return colours is None or isinstance(colours, str)

"""Masks over anchors as pictures of text."""

from __future__ import annotations

import re

import numpy as np

from yolo_assign_trace.inputs.heads.shapes import layout_grid
from yolo_assign_trace.tracers.pictures import picture


def test_pictures_of_a_real_grid_fit_a_narrow_terminal():
    # 8400 anchors and a box over most of the image: the levels are drawn coarser until they stand side by side
    grid = layout_grid("yolov8", (640, 640))
    codes = np.ones(grid.anchors, dtype=np.uint8)
    for room in (75, 100, 195):
        drawn = picture("image 0 gt 0", codes, grid, b".o#", crop=True, room=room)
        assert drawn.width == max(map(len, drawn.lines)) <= room
        assert re.findall(r"P\d", drawn.lines[1]) == ["P3", "P4", "P5"]

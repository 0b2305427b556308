"""The grid of a call from its anchor points, in every float type, and never a wrong one."""

from __future__ import annotations

import pytest
import torch

from yolo_assign_trace import Grid
from yolo_assign_trace.training.watching.points_grid import Grids, centres, grid_of

SIZES = [
    # height, width, strides
    (640, 640, (8, 16, 32)),
    (672, 672, (8, 16, 32)),  # as a validation at 640 px runs
    (384, 640, (8, 16, 32)),
    (1280, 1280, (4, 8, 16, 32)),
    (1280, 1280, (8, 16, 32, 64)),
    (32, 32, (8, 16, 32)),  # the last level is a single cell
    (8, 64, (8,)),  # one row
    (64, 8, (8,)),  # one column
    (100, 90, (8, 16, 32)),  # levels overhang
]


def grid(height, width, strides):
    return Grid.of((height, width), [(-(-height // s), -(-width // s)) for s in strides], strides)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("height", "width", "strides"), SIZES)
def test_recognised(height, width, strides, dtype):
    expected = grid(height, width, strides)
    assert grid_of(centres(expected).to(dtype), (height, width)) == expected


def test_bfloat16_is_not_exact_there():
    """The table above means something."""
    points = centres(grid(1280, 1280, (8, 16, 32)))
    assert not torch.equal(points.bfloat16().float(), points)


@pytest.mark.parametrize(("height", "width", "strides"), SIZES[:-1])
@pytest.mark.parametrize("imgsz", [None, (7, 9)], ids=["unknown", "of something else"])
def test_without_the_size_of_the_input(height, width, strides, imgsz):
    expected = grid(height, width, strides)
    assert grid_of(centres(expected), imgsz) == expected


POINTS = centres(grid(64, 64, (8, 16, 32)))
WRONG = {
    "cells, not px": POINTS / torch.tensor([8.0] * 64 + [16] * 16 + [32] * 4).unsqueeze(-1),
    "corners": POINTS - 4,
    "coarse level first": POINTS.flip(0),
    "one missing": POINTS[1:],
    "one missing at the end": POINTS[:-1],
    "one moved": torch.cat([POINTS[:30], POINTS[30:31] + 1, POINTS[31:]]),
    "column by column": POINTS.flip(1),
    "nothing": POINTS[:0],
    "nan": POINTS * torch.nan,
}


@pytest.mark.parametrize("what", WRONG)
def test_no_grid(what):
    with pytest.raises(ValueError, match="anc_points"):
        grid_of(WRONG[what], (64, 64))


def test_points_that_were_seen_are_only_compared(monkeypatch):
    grids, made = Grids(), []
    monkeypatch.setattr(
        "yolo_assign_trace.training.watching.points_grid.grid_of", lambda *a: made.append(a) or grid_of(*a)
    )
    for _ in range(3):
        for height, width, strides in SIZES[:3]:
            assert grids.of(centres(grid(height, width, strides)), (height, width)).height == height
    assert len(made) == 3

"""From 8.4.0 on a short side grows around its centre for the screening.

It does so in the arithmetic of the boxes: its rounding decides at the edges.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment import naive
from tests.assignment.scene import centres
from tests.assignment.strategies import examples
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.variant_outputs import ScreenedEnlarged

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)])  # strides 8, 16, 32


@pytest.mark.parametrize("number", [np.float32, np.float64])
@pytest.mark.parametrize(("generation", "short"), [("8.4.0", 8), ("8.4.128", 16), ("8.4.144", 16)])
@examples(60)
@given(data=st.data())
def test_it_holds_the_centres_that_the_judge_says(number, generation: str, short: int, data) -> None:
    # around a corner of cells, so that an enlarged box ends on anchor centres, but for rounding
    middle = data.draw(st.sampled_from([12.0, 20.0, 28.0, 44.0]))
    halves = st.sampled_from([4 - 0.05, 4.0, 7.95, 8.0]) | st.floats(0.01, 20)
    width, height = data.draw(halves), data.draw(halves)
    gt = [float(number(c)) for c in (middle - width, middle - height, middle + width, middle + height)]
    dtype = torch.float32 if number is np.float32 else torch.float64
    screened = _screen(generation, gt, dtype)
    seen = naive.Rules(short=short, enlarged_to=16, rounded=number).screened(gt)
    assert screened.screen_bboxes[0, 0].tolist() == seen
    holds = [anchor for anchor, point in enumerate(centres(GRID).tolist()) if naive.inside(point, seen)]
    assert screened.pairs[:, 2].tolist() == holds


SIDES = (
    # side px, seen by 8.4.0, seen by 8.4.128 and 8.4.144
    (3.0, 16, 16),
    (7.5, 16, 16),
    (8.0, 8, 16),  # as long as the first stride: not shorter
    (15.5, 15.5, 16),
    (16.0, 16, 16),
    (17.0, 17, 17),
)


@pytest.mark.parametrize(("side", "below_first", "below_second"), SIDES)
def test_which_sides_are_short(side: float, below_first: float, below_second: float) -> None:
    for generation, expected in (("8.4.0", below_first), ("8.4.128", below_second), ("8.4.144", below_second)):
        assert _sides(generation, GRID, [20, 20, 20 + side, 60]) == [expected, 40]


def test_the_only_stride_stands_for_the_second() -> None:
    for generation in ("8.4.0", "8.4.128", "8.4.144"):
        assert _sides(generation, Grid.of((64, 64), [(4, 4)], [16]), [20, 20, 35, 60]) == [16, 40]


@pytest.mark.parametrize("generation", ["8.4.0", "8.4.128", "8.4.144"])
def test_padding_stays_as_small_as_it_is(generation: str) -> None:
    assert _sides(generation, GRID, [0, 0, 0, 0], valid=False) == [0, 0]


def _sides(generation: str, grid: Grid, gt: list[float], *, valid: bool = True) -> list[float]:
    x1, y1, x2, y2 = _screen(generation, gt, grid=grid, valid=valid).screen_bboxes[0, 0].tolist()
    return [x2 - x1, y2 - y1]


def _screen(
    generation: str, gt: list[float], dtype: torch.dtype = torch.float32, *, grid: Grid = GRID, valid: bool = True
) -> ScreenedEnlarged:
    return (
        GENERATIONS[generation]
        .stage("screen")
        .call(
            gt_bboxes=torch.tensor([[gt]], dtype=dtype),
            mask_gt=torch.tensor([[[valid]]]),
            anc_points=centres(grid, dtype),
            grid=grid,
        )
    )

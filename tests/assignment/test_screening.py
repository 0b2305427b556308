"""Candidates found by arithmetic are those found by holding every anchor against every box.

From 8.4.0 on a short side grows around its centre for that. It does so in the arithmetic of the boxes: its rounding
decides at the edges.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment import naive
from tests.assignment.scene import centres
from tests.assignment.strategies import examples, grids
from yolo_assign_trace.assignment import stages
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.outputs import Screened
from yolo_assign_trace.assignment.variant_outputs import ScreenedEnlarged

DTYPES = [torch.float32, torch.float64]
EIGHT = Grid.of((64, 64), [(8, 8)], [8])  # centres at 4, 12, 20 ... 60 px


def _screen(boxes: torch.Tensor, grid: Grid, mask: torch.Tensor | None = None) -> Screened:
    mask = torch.ones(*boxes.shape[:2], 1, dtype=torch.bool) if mask is None else mask
    return stages.screen(boxes, mask, centres(grid, boxes.dtype), grid)


def _every_anchor_against_every_box(boxes: torch.Tensor, grid: Grid) -> np.ndarray:
    """(image, gt, anchor): the distances of each centre to the four sides are all > 1e-9 px."""
    points, corners = centres(grid, boxes.dtype).numpy(), boxes.numpy()[:, :, None]  # (a, 2), (b, m, 1, 4)
    with np.errstate(invalid="ignore"):  # inf - inf
        deltas = np.concatenate([points - corners[..., :2], corners[..., 2:] - points], axis=-1)
        return deltas.min(axis=-1) > 1e-9


@st.composite
def coordinates(draw: st.DrawFn, grid: Grid) -> float:
    """A number on, next to, or far from an anchor centre; or none at all."""
    x, y = grid.address(draw(st.integers(0, grid.anchors - 1))).centre
    value = draw(st.sampled_from([x, y]))
    return draw(
        st.sampled_from(
            [
                value,  # the edge lies on a centre
                float(np.nextafter(np.float32(value), np.float32(np.inf))),  # the next float32 on either side
                float(np.nextafter(np.float32(value), np.float32(-np.inf))),
                value + 0.9e-9,  # closer than float64 counts as inside
                value - 1.1e-9,  # just far enough in float64
                value + grid.strides[-1] * draw(st.floats(-20, 20)),
                draw(st.floats(width=32)),  # huge, nan and infinite ones too
            ]
        )
    )


@st.composite
def any_boxes(draw: st.DrawFn) -> tuple[Grid, torch.Tensor]:
    """A grid and (image, gt, 4) boxes in float64; not sorted, so many are inverted."""
    grid = draw(grids())
    images, gts = draw(st.integers(1, 2)), draw(st.integers(0, 5))
    numbers = [draw(coordinates(grid)) for _ in range(images * gts * 4)]
    return grid, torch.tensor(numbers, dtype=torch.float64).view(images, gts, 4)


@pytest.mark.parametrize("dtype", DTYPES)
@examples(150)
@given(any_boxes())
def test_the_candidates_are_those_of_the_plain_form(dtype: torch.dtype, case: tuple[Grid, torch.Tensor]) -> None:
    grid, boxes = case[0], case[1].to(dtype)
    screened = _screen(boxes, grid)
    expected = _every_anchor_against_every_box(boxes, grid)
    # argwhere lists image by image, gt by gt, anchor by anchor: the order that is promised
    np.testing.assert_array_equal(screened.pairs.numpy(), np.argwhere(expected))
    assert screened.mask_in_gts.tolist() == [True] * int(expected.sum())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("box", "columns"),
    [
        ([11.0, 0, 21.0, 8], [1, 2]),  # two centres inside, at 12 and 20
        ([12.0, 0, 21.0, 8], [2]),  # the left edge lies on a centre: not inside
        ([11.0, 0, 20.0, 8], [1]),  # the right edge lies on a centre: not inside
        ([12.0, 0, 12.0, 8], []),  # no width
        ([21.0, 0, 11.0, 8], []),  # inverted
        ([11.0, 8, 21.0, 0], []),  # upside down
        ([5.0, 0, 11.0, 8], []),  # between two centres
        ([-1e30, 0, 1e30, 8], range(8)),  # larger than any image
        ([-np.inf, 0, np.inf, 8], range(8)),  # without end
        ([-500.0, 0, -400.0, 8], []),  # left of the image
        ([500.0, 0, 600.0, 8], []),  # right of the image
        ([np.nan, 0, 21.0, 8], []),  # nan is not larger than anything
        ([11.0, 0, np.nan, 8], []),
        ([np.nan] * 4, []),
    ],
)
def test_a_box_over_the_first_row_holds_these_columns(dtype: torch.dtype, box: list[float], columns: range) -> None:
    screened = _screen(torch.tensor([[box]], dtype=dtype), EIGHT)
    assert screened.pairs[:, 2].tolist() == list(columns)


@pytest.mark.parametrize(
    ("left", "inside"),
    [
        (12 - 2e-9, True),  # float64 tells this from 12, and it is more than 1e-9 px away
        (12 - 0.5e-9, False),  # closer than 1e-9 px does not count as inside
        (12 + 0.5e-9, False),  # outside
    ],
)
def test_a_billionth_of_a_pixel_decides_in_float64(left: float, inside: bool) -> None:
    screened = _screen(torch.tensor([[[left, 0, 16, 8]]], dtype=torch.float64), EIGHT)
    assert len(screened.pairs) == inside


def test_the_distances_belong_to_left_top_right_and_bottom() -> None:
    screened = _screen(torch.tensor([[[10.0, 1, 15, 7]]]), EIGHT)  # holds the centre (12, 4)
    assert screened.bbox_deltas.tolist() == [[2, 3, 3, 3]]


def test_padding_has_no_candidates_whatever_stands_in_it() -> None:
    boxes = torch.tensor([[[0.0, 0, 64, 64], [0, 0, 64, 8]], [[0, 0, 64, 64], [0, 0, 0, 0]]])
    mask = torch.tensor([[[False], [True]], [[False], [False]]])
    screened = _screen(boxes, EIGHT, mask)
    assert screened.pairs.tolist() == [[0, 1, anchor] for anchor in range(8)]


# --- short sides ----------------------------------------------------------------------------------------------------

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
    screened = _screen_by(generation, gt, dtype)
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
    x1, y1, x2, y2 = _screen_by(generation, gt, grid=grid, valid=valid).screen_bboxes[0, 0].tolist()
    return [x2 - x1, y2 - y1]


def _screen_by(
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

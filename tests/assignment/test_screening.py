"""Candidates found by arithmetic are those found by holding every anchor against every box."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.scene import centres
from tests.assignment.strategies import examples, grids
from yolo_assign_trace.assignment import stages
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.outputs import Screened

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

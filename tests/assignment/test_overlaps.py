"""iou, giou, diou and ciou are their formulas, in every generation."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment import naive
from tests.assignment.strategies import examples
from yolo_assign_trace.assignment.boxes import OVERLAPS
from yolo_assign_trace.assignment.generations import GENERATIONS


def _iou(gt: list[float], predicted: list[float]) -> tuple[float, float, list[float]]:
    """IoU, union and the enclosing box."""
    low = [max(one, other) for one, other in zip(gt[:2], predicted[:2], strict=True)]
    high = [min(one, other) for one, other in zip(gt[2:], predicted[2:], strict=True)]
    inter = max(high[0] - low[0], 0) * max(high[1] - low[1], 0)
    eps = naive.EPS  # in the heights and the union, as in every release
    areas = [(x2 - x1) * (y2 - y1 + eps) for x1, y1, x2, y2 in (gt, predicted)]
    union = sum(areas) - inter + eps
    hull = [*map(min, gt[:2], predicted[:2]), *map(max, gt[2:], predicted[2:])]
    return inter / union, union, hull


def _giou(gt: list[float], predicted: list[float]) -> float:
    iou, union, (x1, y1, x2, y2) = _iou(gt, predicted)
    hull = (x2 - x1) * (y2 - y1) + naive.EPS
    return iou - (hull - union) / hull


def _diou(gt: list[float], predicted: list[float]) -> float:
    iou, _, (x1, y1, x2, y2) = _iou(gt, predicted)
    (gx, gy), (px, py) = (((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in (gt, predicted))
    return iou - ((gx - px) ** 2 + (gy - py) ** 2) / ((x2 - x1) ** 2 + (y2 - y1) ** 2 + naive.EPS)


FORMULAS = {"iou": lambda *boxes: _iou(*boxes)[0], "giou": _giou, "diou": _diou, "ciou": naive.ciou}

corner = st.floats(-200, 800)
side = st.floats(0, 400)
box = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], corner, corner, side, side)


@pytest.mark.parametrize("name", OVERLAPS)
@examples(100)
@given(box, box)
def test_it_is_the_formula(name: str, gt: list[float], predicted: list[float]) -> None:
    made = OVERLAPS[name](torch.tensor(gt, dtype=torch.float64), torch.tensor(predicted, dtype=torch.float64))
    # 1e-9: hulls of 800 px and an epsilon of 1e-7 px² leave as much of float64's digits
    assert float(made) == pytest.approx(FORMULAS[name](gt, predicted), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("name", OVERLAPS)
def test_every_generation_aligns_with_the_one_that_it_is_told(name: str, generation: str) -> None:
    gt, predicted = [10.0, 12.0, 50.0, 40.0], [14.0, 6.0, 44.0, 48.0]
    stage = GENERATIONS[generation].stage("align")
    made = stage.call(
        pd_scores=torch.tensor([[[0.25]]]),
        pd_bboxes=torch.tensor([[predicted]]),
        gt_labels=torch.tensor([[[0]]]),
        gt_bboxes=torch.tensor([[gt]]),
        pairs=torch.tensor([[0, 0, 0]]),
        overlap=name,
        alpha=0.5,
        beta=2.0,
    )
    expected = FORMULAS[name](gt, predicted)
    assert float(made.overlaps) == pytest.approx(expected, rel=1e-6)
    assert float(made.align_metric) == pytest.approx(0.5 * expected**2, rel=1e-6)

"""The loss is that of a plain loop over anchors and sides in Python's floats, and its sums add up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.loss.losses import as_double, drawn, loss_of
from tests.assignment.naive import ciou
from tests.assignment.strategies import examples, grids
from yolo_assign_trace import find_assigner
from yolo_assign_trace.assignment.assigner import Gains
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.tracers.memory import Memory

GRID = Grid.of((64, 96), [(8, 12), (4, 6), (2, 3)], [8, 16, 32])
GAINS = Gains(box=3.0, cls=0.25, dfl=2.0)


def naive(made: Memory, gains: Gains, *, least: float, l1: bool) -> tuple[list[float], float]:
    """Box, cls and dfl, and the divisor, from what the stages before the loss recorded."""
    grid, reg_max = made.run.grid, made.run.settings["reg_max"]
    strides = [level.stride for level in grid.levels for _ in range(level.anchors)]
    targets = made["target_scores"].tolist()
    logits, bins, boxes = (made[f"decode.{n}" if n == "pred_bboxes" else n].tolist() for n in INPUTS)
    divisor = max(sum(score for image in targets for row in image for score in row), least)
    total = [0.0, 0.0, 0.0]
    for image, positive in enumerate(made["fg_mask"].tolist()):
        for anchor, is_positive in enumerate(positive):
            row = targets[image][anchor]
            for x, t in zip(logits[image][anchor], row, strict=True):
                total[1] += -t * log_sigmoid(x) - (1 - t) * log_sigmoid(-x)
            if not is_positive:
                continue
            stride, weight = strides[anchor], sum(row)
            target = [side / stride for side in made["target_bboxes"][image, anchor].tolist()]
            total[0] += (1 - ciou(boxes[image][anchor], target)) * weight
            x, y = made["anchor_points"][anchor].tolist()
            distances = [x - target[0], y - target[1], target[2] - x, target[3] - y]
            own = bins[image][anchor]
            if reg_max > 1:
                sides = [own[reg_max * n : reg_max * (n + 1)] for n in range(4)]
                terms = [of_bins(side, at) for side, at in zip(sides, distances, strict=True)]
            else:
                px = [abs(p - t) * stride for p, t in zip(own, distances, strict=True)]
                terms = [d / s for d, s in zip(px, [grid.width, grid.height] * 2, strict=True)] if l1 else [0.0] * 4
            total[2] += sum(terms) / 4 * weight
    scaled = zip(total, (gains.box, gains.cls, gains.dfl), strict=True)
    return [term * gain / divisor if divisor else math.nan for term, gain in scaled], divisor


INPUTS = ("pred_scores", "pred_distri", "pred_bboxes")


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x)) if x > 0 else x - math.log1p(math.exp(x))


def of_bins(logits: list[float], at: float) -> float:
    """Cross-entropy with the two bins around the distance ``at``, which stays short of the last one."""
    at = min(max(at, 0.0), len(logits) - 1 - 0.01)
    low = int(at)
    largest = max(logits)
    normaliser = largest + math.log(sum(math.exp(x - largest) for x in logits))
    return (at - low - 1) * (logits[low] - normaliser) - (at - low) * (logits[low + 1] - normaliser)


RELEASES = [
    # release, least divisor, does L1 count where R = 1?
    ("8.0.0", 0.0, False),
    ("8.0.10", 0.0, False),  # the last one that divides by the plain sum
    ("8.0.11", 1.0, False),
    ("8.3.98", 1.0, False),
    ("8.3.253", 1.0, False),
    ("8.4.0", 1.0, True),
    ("8.4.190", 1.0, True),
]


@pytest.mark.parametrize("boxes", [1, 9])
@pytest.mark.parametrize("reg_max", [1, 2, 16])
@pytest.mark.parametrize(("release", "least", "l1"), RELEASES)
def test_the_loop_gets_the_same(release: str, least: float, l1: bool, reg_max: int, boxes: int) -> None:
    inputs = as_double(drawn(GRID, 7, images=3, boxes=boxes, nc=4, reg_max=reg_max))
    made = loss_of(inputs, find_assigner(release), release, GAINS)
    assert made["fg_mask"].any()
    items, divisor = naive(made, GAINS, least=least, l1=l1)
    np.testing.assert_allclose(made["loss_items"], items, rtol=1e-12)
    np.testing.assert_allclose(made["divisor"], [divisor], rtol=1e-12)
    assert (divisor < 1) == (least == 0 and boxes == 1)  # one box alone has targets below 1, so the rule decides


def test_nothing_positive_and_a_plain_sum_divide_by_zero() -> None:
    """Up to 8.0.10; what the release itself did then."""
    inputs = drawn(GRID, 1, images=1, boxes=0, nc=2, reg_max=16)
    box, cls, dfl = loss_of(inputs, find_assigner("8.0.0"), "8.0.10")["loss_items"].tolist()
    assert (box, dfl) == (0, 0)
    assert math.isinf(cls)


@given(grid=grids(), seed=st.integers(0, 10_000), images=st.integers(1, 3), reg_max=st.sampled_from([1, 16]))
@examples(30)
def test_all_sums_add_up_to_the_items(grid: Grid, seed: int, images: int, reg_max: int) -> None:
    """By level, by image, by class; by box together with what background costs, which belongs to none."""
    topk = min(10, grid.anchors)
    inputs = drawn(grid, seed, images=images, boxes=seed % 7, nc=3, reg_max=reg_max)
    made = loss_of(as_double(inputs), find_assigner("8.4.190").with_parameters(topk=topk))
    items = made["loss_items"]
    positive = made["fg_mask"][..., None]
    background = (made["anchor_loss"] * ~positive).sum((0, 1))
    assert (background[[0, 2]] == 0).all()
    sums = {
        name: made[name].reshape(-1, 3).sum(0) for name in ("level_loss", "image_loss", "label_loss", "anchor_loss")
    }
    sums["gt_loss"] = made["gt_loss"].sum((0, 1)) + background
    for name, total in sums.items():
        np.testing.assert_allclose(total, items, rtol=1e-9, atol=1e-12, err_msg=name)


@given(seed=st.integers(0, 10_000))
@examples(20)
def test_a_distribution_on_its_target_costs_least(seed: int) -> None:
    """Cross-entropy with two bins is at least the entropy of their shares, and never below 0."""
    made = loss_of(as_double(drawn(GRID, seed, images=1, boxes=4, nc=2, reg_max=16)), find_assigner("8.4.190"))
    positive = made["fg_mask"]
    share = made["target_distances"][positive].clip(0, 14.99) % 1
    entropy = -(share * np.log(share.clip(1e-300)) + (1 - share) * np.log1p(-share))
    assert (made["distance_loss"][positive] >= entropy.mean(-1) - 1e-12).all()
    assert (made["class_loss"] >= 0).all()
    assert (made["box_loss"] >= 0).all()
    assert (made["box_loss"] <= 2.5).all()

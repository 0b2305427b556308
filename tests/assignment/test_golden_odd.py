"""Odd numbers spread as in the releases: NaN, infinity, half precision, and metrics a few ulps apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.assignment import golden_cases
from tests.assignment.golden_cases import GoldenCase
from yolo_assign_trace.assignment.generations import GENERATIONS

DECISIONS = ("fg_mask", "target_gt_idx", "target_labels", "target_bboxes")
ON_SCORES = 4e-7  # absolute

NONFINITE = [
    "nonfinite_contested",  # a NaN candidate of two boxes
    "nonfinite_gt_inf",  # an infinite edge of a box
    "nonfinite_gt_nan",  # a NaN edge: the box is invalid
    "nonfinite_inf_box_inside",  # an infinite prediction has the overlap NaN
    "nonfinite_inf_score_inside",
    "nonfinite_nan_box_inside",
    "nonfinite_nan_score_inside",
    "nonfinite_outside_every_box",  # matters in 8.0.0 alone
]
HALF = [
    "half_bf16_ordinary",
    "half_bf16_rounded_centres",  # 1280 px wide: centres beyond 128 cells move by half a cell
    "half_fp16_crowded",
    "half_fp16_low_scores",
    "half_fp16_one_to_one",
    "half_fp16_ordinary",
]
NEAR_TIES = [
    "nearties_between_releases",  # 8.3.253 and 8.4.190 differ themselves
    "nearties_owner",
    "nearties_topk2",
    "nearties_topk_0_ulp",
    "nearties_topk_1_ulp",
    "nearties_topk_2_3_ulps",
    "nearties_topk_4_13_ulps",
]
OWNER = 1  # a kind of flip
ULPS = 13


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("name", NONFINITE)
def test_nan_and_infinity_spread_as_in_the_release(name: str, generation: str) -> None:
    case = golden_cases.load(name, generation)
    results = case.scene.results()
    for output in DECISIONS:
        np.testing.assert_array_equal(results[output], case.answer(output), err_msg=output)
    expected = case.answer("target_scores")
    np.testing.assert_array_equal(np.isnan(np.asarray(results["target_scores"])), np.isnan(expected))
    np.testing.assert_allclose(results["target_scores"], expected, rtol=0, atol=ON_SCORES)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("name", HALF)
def test_half_precision_is_widened_as_autocast_does(name: str, generation: str) -> None:
    case = golden_cases.load(name, generation if name != "half_fp16_one_to_one" else "8.4.144")
    dtype = getattr(torch, str(case.arrays["dtype"]))
    points = torch.from_numpy(case.arrays["anc_points"].astype(np.float32))
    scene = replace(case.scene, pd_scores=case.scene.pd_scores.to(dtype), anc_points=points.to(dtype))
    results = scene.results()
    answer = GoldenCase(case.name, f"{case.generation}/cuda_like", scene, case.arrays).answer
    for output in DECISIONS:
        np.testing.assert_array_equal(results[output], answer(output), err_msg=output)
    assert results["target_scores"].dtype == torch.float32
    np.testing.assert_allclose(results["target_scores"], answer("target_scores"), rtol=0, atol=ON_SCORES)


@pytest.mark.parametrize("generation", ["8.0.52", "8.4.144"])
@pytest.mark.parametrize("name", NEAR_TIES)
def test_only_metrics_a_few_ulps_apart_are_decided_otherwise(name: str, generation: str) -> None:
    """The releases take exp, atan and pow as float32 kernels have them; here they are rounded once."""
    if name == "nearties_topk2" and generation == "8.0.52":
        pytest.skip("this generation has no topk2")
    case = golden_cases.load(name, generation)
    made = case.scene.tensors("fg_mask", "target_gt_idx", "pairs", "overlaps", "align_metric")
    dense = {output: case.scene.dense(made["pairs"], made[output]) for output in ("overlaps", "align_metric")}
    np.testing.assert_array_equal(dense["overlaps"], case.answer("rounded_overlaps"))
    np.testing.assert_array_equal(dense["align_metric"], case.answer("rounded_metric"))

    metric = case.answer("align_metric")  # (b, m, a), the release's own
    topk = case.scene.assigner.parameters.topk
    cut = np.sort(metric, axis=-1)[..., -topk, None]
    near = np.abs(metric.view(np.int32) - cut.view(np.int32)) <= ULPS
    movable = {(image, anchor) for image, _, anchor in np.argwhere(near & (metric > 0)).tolist()}
    for kind, image, first, chosen, instead, _, _ in case.answer("flips").tolist():
        movable |= {(image, first)} if kind == OWNER else {(image, chosen), (image, instead)}
    owner = np.where(made["fg_mask"], made["target_gt_idx"], -1)
    expected = np.where(case.answer("fg_mask"), case.answer("target_gt_idx"), -1)
    assert set(map(tuple, np.argwhere(owner != expected).tolist())) <= movable

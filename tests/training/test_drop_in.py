"""The drop-in answers what the releases answered, in the dtypes of a training step.

Whether it is their last bit as well is asked beside a real release on the same machine: ``make test-live``.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest
import torch

from tests.assignment import golden_cases
from tests.assignment.golden_cases import GoldenCase
from yolo_assign_trace.assignment.call import CALL
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.training import TaskAlignedAssigner

RESULTS = ("target_labels", "target_bboxes", "target_scores", "fg_mask", "target_gt_idx")
DTYPES = (torch.long, torch.float32, torch.float32, torch.bool, torch.long)
RELATIVE = 1e-5
"""Of scores: float32 atan differs by an ulp between processors, and the overlap is taken to the sixth power."""

NEWEST = "8.4.144"
RELEASES = {"8.0.52": "8.3.200", "8.4.0": "8.4.100", "8.4.128": "8.4.130", "8.4.144": None}
"""A release of every generation."""

PLAIN = [
    "all_scores_zero",  # tie order decides everything
    "contested_without_overlap",  # gt 0 wins anchors that it does not contain
    "duplicates_and_nested",
    "edge_on_an_anchor_centre",
    "empty_image",
    "one_level",
    "over_the_border",  # a box that counts as padding
    "small_square_sides",  # boxes that screening enlarges
    "tiny",
    "tood_settings",
    "top1",
]
NONFINITE = [
    "nonfinite_contested",
    "nonfinite_gt_inf",
    "nonfinite_gt_nan",
    "nonfinite_inf_box_inside",
    "nonfinite_inf_score_inside",
    "nonfinite_nan_score_inside",
]
HALF = ["half_bf16_ordinary", "half_bf16_rounded_centres", "half_fp16_low_scores", "half_fp16_ordinary"]


def drop_in(case: GoldenCase, release: str | None = None, **changes: Any) -> TaskAlignedAssigner:
    parameters = case.scene.assigner.parameters
    settings = {
        "topk": parameters.topk,
        "topk2": parameters.topk2,
        "alpha": parameters.alpha,
        "beta": parameters.beta,
        "num_classes": case.scene.pd_scores.shape[2],
        "stride": case.scene.grid.strides,
        "release": release,
    }
    return TaskAlignedAssigner(**settings | changes)


def assert_answers(case: GoldenCase, results: tuple[torch.Tensor, ...], atol: float = 1e-8) -> None:
    for name, made in zip(RESULTS, results, strict=True):
        expected = case.answer(name)
        if name == "target_scores":
            np.testing.assert_allclose(made, expected, rtol=RELATIVE, atol=atol, err_msg=name)
        else:
            np.testing.assert_array_equal(made, expected, err_msg=name)


@pytest.mark.parametrize("generation", RELEASES)
@pytest.mark.parametrize("name", PLAIN + NONFINITE)
def test_every_generation_answers_as_its_releases(name: str, generation: str) -> None:
    case = golden_cases.load(name, generation)
    results = drop_in(case, RELEASES[generation])(*case.scene.inputs.values())
    assert_answers(case, results)
    assert tuple(result.dtype for result in results) == DTYPES


@pytest.mark.parametrize("name", ["one_to_one", "one_to_one_without_overlap"])
def test_topk2(name: str) -> None:
    case = golden_cases.load(name, NEWEST)
    assert_answers(case, drop_in(case)(*case.scene.inputs.values()))


@pytest.mark.parametrize("name", HALF)
def test_half_precision_without_autocast(name: str) -> None:
    """Scores^alpha are computed and rounded in the low dtype; boxes are float32, and so is what comes of both."""
    case = golden_cases.load(name, NEWEST)
    dtype = getattr(torch, str(case.arrays["dtype"]))
    six = case.scene.inputs | {
        "pd_scores": case.scene.pd_scores.to(dtype),
        "anc_points": torch.from_numpy(case.arrays["anc_points"].astype(np.float32)).to(dtype),
    }
    results = drop_in(case)(*six.values())
    assert_answers(GoldenCase(name, f"{NEWEST}/none", case.scene, case.arrays), results, atol=1e-7)
    assert tuple(result.dtype for result in results) == DTYPES


def test_labels_may_be_floats_as_training_passes_them() -> None:
    case = golden_cases.load("duplicates_and_nested", NEWEST)
    six = case.scene.inputs | {"gt_labels": case.scene.gt_labels.float(), "mask_gt": case.scene.mask_gt.float()}
    assert_answers(case, drop_in(case)(*six.values()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_batch_without_any_box_answers_in_the_dtype_of_the_scores(dtype: torch.dtype) -> None:
    case = golden_cases.load("empty_batch", NEWEST)
    six = case.scene.inputs | {"pd_scores": case.scene.pd_scores.to(dtype)}
    labels, boxes, scores, positive, owners = drop_in(case)(*six.values())
    assert (labels == case.scene.pd_scores.shape[2]).all()
    assert not boxes.any() and not scores.any() and not positive.any() and not owners.any()  # noqa: PT018
    assert labels.dtype == owners.dtype == scores.dtype == dtype
    assert positive.dtype == torch.bool


def test_gradients_do_not_reach_it() -> None:
    case = golden_cases.load("duplicates_and_nested", NEWEST)
    six = case.scene.inputs
    six["pd_scores"] = six["pd_scores"].clone().requires_grad_()
    assert not any(result.requires_grad for result in drop_in(case)(*six.values()))


def test_it_changes_none_of_its_inputs() -> None:
    case = golden_cases.load("small_square_sides", NEWEST)
    before = {name: tensor.clone() for name, tensor in case.scene.inputs.items()}
    drop_in(case)(*case.scene.inputs.values())
    assert all(torch.equal(before[name], case.scene.inputs[name]) for name in CALL)


def test_results_are_memory_of_their_own() -> None:
    case = golden_cases.load("duplicates_and_nested", NEWEST)
    assigner = drop_in(case)
    first = assigner(*case.scene.inputs.values())
    kept = [result.clone() for result in first]
    for result in assigner(*case.scene.inputs.values()):
        result.zero_()
    assert all(torch.equal(*pair) for pair in zip(first, kept, strict=True))


def test_it_is_pickled_with_a_model() -> None:
    """By its class; who loads the model needs this package. fast_assigner() leaves nothing in a model."""
    assigner = TaskAlignedAssigner(topk=7, num_classes=3, stride=[4, 8])
    again = pickle.loads(pickle.dumps(assigner))
    assert (again.topk, again.topk2, again.num_classes, again.stride) == (7, 7, 3, [4, 8])
    torch.save(assigner, io.BytesIO())
    assert not list(assigner.parameters()) and not assigner.state_dict()  # noqa: PT018


def test_compiled_it_is_a_boundary_of_the_graph() -> None:
    case = golden_cases.load("duplicates_and_nested", NEWEST)
    assigner = drop_in(case)
    six = tuple(case.scene.inputs.values())

    def step(scores: torch.Tensor) -> torch.Tensor:
        results = assigner(scores * 1, *six[1:])
        return results[2].sum() + 1

    compiled = torch.compile(step, backend="eager")
    assert torch.equal(compiled(six[0]), step(six[0]))


WRONG = [
    # what, id
    ({"topk": 9999}, "fewer-anchors-than-k"),
    ({"num_classes": 1}, "class-too-large"),
    ({"release": "8.0.51"}, "no-drop-in"),
    ({"release": "no release"}, "unknown-release"),
]


@pytest.mark.parametrize(("changes", "id"), WRONG, ids=str)
def test_what_cannot_be_is_said(changes: dict[str, Any], id: str) -> None:
    case = golden_cases.load("duplicates_and_nested", NEWEST)
    with pytest.raises(InputError) as caught:
        drop_in(case, **changes)(*case.scene.inputs.values())
    assert caught.value.id == id


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("pd_scores", (slice(None), slice(7, None))),  # fewer anchors than there are centres
        ("pd_bboxes", (slice(None), slice(1, None))),
        ("anc_points", (slice(1, None),)),
        ("mask_gt", (slice(None), slice(1, None))),  # fewer boxes
        ("gt_bboxes", (..., slice(3))),  # three sides
        ("gt_labels", (slice(1, None),)),  # fewer images
        ("pd_scores", (0,)),  # no axis of images
    ],
    ids=str,
)
def test_tensors_that_do_not_fit_together_are_named(name: str, part: tuple[Any, ...]) -> None:
    case = golden_cases.load("empty_image", NEWEST)
    six = case.scene.inputs
    six[name] = six[name][part]
    with pytest.raises(InputError) as caught:
        drop_in(case)(*six.values())
    assert caught.value.id == "wrong-shape"


def test_a_batch_without_images_is_named() -> None:
    case = golden_cases.load("empty_image", NEWEST)
    six = {name: tensor if name == "anc_points" else tensor[:0] for name, tensor in case.scene.inputs.items()}
    with pytest.raises(InputError) as caught:
        drop_in(case)(*six.values())
    assert caught.value.id == "wrong-shape"

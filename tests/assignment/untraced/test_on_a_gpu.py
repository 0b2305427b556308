"""The untraced form on a GPU. Skipped where there is none; none has been at hand yet, so these have not run."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from tests.assignment import golden_cases
from yolo_assign_trace.assignment.arithmetic import TRAINING
from yolo_assign_trace.assignment.untraced.assign import assign_untraced
from yolo_assign_trace.assignment.untraced.rules import Results, Rules

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

DECISIONS = ("target_labels", "target_bboxes", "fg_mask", "target_gt_idx")
SYNCHRONISATIONS = 2
"""What a call may wait for: how many pairs there are, and whether its numbers are odd."""


def on_gpu(name: str, generation: str) -> Results:
    scene = golden_cases.load(name, generation).scene
    rules = Rules.of(scene.assigner, scene.grid.strides, TRAINING)
    assert rules is not None
    six = {key: tensor.cuda() for key, tensor in scene.inputs.items()}
    return assign_untraced(**six, rules=rules, nc=scene.pd_scores.shape[2])


@pytest.mark.parametrize("generation", ["8.0.52", "8.4.0", "8.4.128", "8.4.144"])
@pytest.mark.parametrize("name", ["duplicates_and_nested", "empty_image", "square_10", "nonfinite_contested", "tiny"])
def test_it_decides_as_the_release_did(name: str, generation: str) -> None:
    case, results = golden_cases.load(name, generation), on_gpu(name, generation)
    for output in DECISIONS:
        np.testing.assert_array_equal(getattr(results, output).cpu(), case.answer(output), err_msg=output)
    np.testing.assert_allclose(results.target_scores.cpu(), case.answer("target_scores"), rtol=1e-5, atol=1e-8)


def test_the_host_waits_twice_at_most() -> None:
    on_gpu("duplicates_and_nested", "8.4.144")  # the grid is known from now on
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as waited:
            warnings.simplefilter("always")
            scene = golden_cases.load("duplicates_and_nested", "8.4.144").scene
            six = {key: tensor.cuda() for key, tensor in scene.inputs.items()}
            waited.clear()
            rules = Rules.of(scene.assigner, scene.grid.strides, TRAINING)
            assert rules is not None
            assign_untraced(**six, rules=rules, nc=scene.pd_scores.shape[2])
        assert len(waited) <= SYNCHRONISATIONS, [str(one.message) for one in waited]
    finally:
        torch.cuda.set_sync_debug_mode("default")

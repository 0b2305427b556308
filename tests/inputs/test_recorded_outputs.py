"""Outputs saved with a call; where no generation reproduces them, what the capture shows that may explain it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.assignment import golden_cases
from tests.inputs.heads.captures import golden_capture
from yolo_assign_trace.assignment.call import RESULTS
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.recorded_outputs import about_outputs, compare_outputs
from yolo_assign_trace.run.given import Call

TOPK = "topk was not saved: 10 is assumed, and no topk2"
HALF = "all its scores are numbers of half precision, of which one flow is reproduced (docs/heads.md)"
NEAR = "owners differ only where metrics or overlaps are equal to 2e-6: near ties"


def recorded(name: str, answers: str) -> Call:
    arrays = golden_cases.load(name, "8.4.144").arrays
    return replace(golden_capture(name), outputs={result: arrays[f"{answers}/{result}"] for result in RESULTS})


EXPLAINED = [
    # case, whose answers, is topk saved, what may explain the differences
    ("nearties_between_releases", "8.4.144", True, [NEAR]),
    ("nearties_owner", "8.0.52", True, [NEAR]),  # in a conflict
    ("half_fp16_ordinary", "8.4.144/none", True, [HALF]),  # no autocast: powers are rounded
    ("top1", "8.4.144", False, [TOPK, HALF]),  # float32, but its scores were rounded to float16
    ("study_grid", "8.4.144", True, []),  # its outputs are changed below
]


@pytest.mark.parametrize(("name", "answers", "is_topk_saved", "explained"), EXPLAINED)
def test_what_may_explain_outputs_that_no_generation_gives(name, answers, is_topk_saved, explained):
    call = recorded(name, answers)
    if not is_topk_saved:
        call = replace(call, parameters={})
    if not explained:
        fg_mask = call.outputs["fg_mask"].copy()
        fg_mask[0, :20] = ~fg_mask[0, :20].astype(bool)
        call = replace(call, outputs=call.outputs | {"fg_mask": fg_mask})
    told, *why = about_outputs(call, compare_outputs(call)).split("; ")[1:]
    assert told.startswith("nearest is ")
    assert why == explained


def test_outputs_of_another_shape_are_refused():
    call = recorded("top1", "8.4.144")
    call = replace(call, outputs={"fg_mask": np.asarray(call.outputs["fg_mask"])[:, 1:]})
    with pytest.raises(InputError, match="beside the inputs of the call, found") as caught:
        compare_outputs(call)
    assert (caught.value.id, caught.value.where) == ("wrong-shape", "output fg_mask")

"""The view of a trace reads what a question needs, and gives what whole arrays would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces.traces import KINDS, traced
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.explain.answer import explain_trace
from yolo_assign_trace.explain.question import Question
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces import stored as stored_module
from yolo_assign_trace.traces.in_memory import stored_trace
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.view import TraceView


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The same trace in memory and in a file."""
    folder = tmp_path_factory.mktemp("study")
    memory = stored_trace(traced(folder, KINDS[0], TensorFile(folder / "t.safetensors")))
    return memory, folder / "t.safetensors"


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.integers(0, 4 * 84 - 1), max_size=40), block=st.sampled_from([1, 100, 1 << 20]))
def test_rows_are_those_of_the_whole_array(study, rows, block):
    """In any order, doubled, none at all, and however many lie in a block."""
    memory, path = study
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_module, "_BLOCK", block)
        for name in ("pd_scores", "target_scores", "pd_bboxes"):
            whole = memory.array(name)
            for trace in (memory, open_trace(path)):
                found = trace.by_name[name].rows(np.array(rows, dtype=np.int64))
                assert found.dtype == whole.dtype
                assert np.array_equal(found, whole.reshape(-1, whole.shape[-1])[rows])


LARGE = ("pred_distri", "pred_scores", "distances", "pd_scores", "pd_bboxes", "target_scores", "one_hot")
QUESTIONS = [Question(), Question(image=2), Question(2, 1), Question(2, None, 19), Question(2, 1, 19), Question(0, 1)]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_explaining_keeps_no_tensor_that_has_a_value_for_every_class_or_side(study, question):
    memory, path = study
    trace = open_trace(path)
    assert explain_trace(trace, question) == explain_trace(memory, question)
    kept = {name for name in LARGE if "array" in vars(trace.by_name[name])}
    assert kept == set()


def test_an_output_that_is_needed_is_missed_at_once(study):
    memory, _ = study
    part = replace(memory, outputs={key: out for key, out in memory.outputs.items() if out.name != "overlaps"})
    with pytest.raises(InputError, match="the trace has no output 'overlaps'") as caught:
        TraceView(part)
    assert caught.value.id == "incomplete-trace"

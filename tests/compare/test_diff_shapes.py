"""One-sided outputs are told; other orders are the same, other shapes and dtypes differ, nonsense is an error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compare.planted import KEYS
from yolo_assign_trace.assignment.outputs import Output
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.compare.rules import Tolerances
from yolo_assign_trace.compare.traces import align_outputs, compare_traces
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.stored import StoredOutput, StoredTrace


def without(trace: StoredTrace, *names: str) -> StoredTrace:
    return replace(trace, outputs={key: out for key, out in trace.outputs.items() if out.name not in names})


def test_what_only_one_side_has_is_told_in_its_place_and_is_no_difference(study):
    whole = open_trace(study)
    part = without(whole, "distances", "rank")
    for a, b, verdict in ((whole, part, "only in A"), (part, whole, "only in B")):
        found = compare_traces(a, b)
        assert found.verdict == "same"
        assert [output.key for output in found.only(verdict)] == ["decode.distances", "topk.rank"]
        assert [output.key for output in found.outputs] == KEYS  # in order of execution


def test_outputs_in_another_order_are_aligned_by_name(study):
    trace = open_trace(study)
    turned = replace(trace, outputs=dict(reversed(trace.outputs.items())))
    assert compare_traces(trace, turned).verdict == "same"
    assert all(x is not None and y is not None and x.name == y.name for x, y in align_outputs(trace, turned))


def test_an_output_that_another_stage_puts_out_is_aligned_by_its_name(study):
    """As in a trace that begins with the six tensors of a call."""
    trace = open_trace(study)
    given = ("pd_scores", "pd_bboxes", "anc_points", "gt_labels", "gt_bboxes", "mask_gt")
    first = {f"capture.{name}": replace(trace.by_name[name], stage="capture") for name in given}
    later = {key: out for key, out in trace.outputs.items() if KEYS.index(key) >= KEYS.index("screen.pairs")}
    captured = replace(trace, outputs=first | later)
    found = compare_traces(captured, trace)
    assert found.verdict == "same"
    assert found.common == len(captured.outputs)
    assert {output.name for output in found.only("only in B")}.isdisjoint(given)
    assert next(output for output in found.outputs if output.name == "pd_scores").other_stage == "scale"


def changed(trace: StoredTrace, name: str, array: np.ndarray, axes: tuple[str, ...] | None = None) -> StoredTrace:
    old = trace.by_name[name]
    output = old.output if axes is None else Output(name, axes, old.output.unit, "")
    key = next(key for key, out in trace.outputs.items() if out.name == name)
    return replace(trace, outputs={**trace.outputs, key: StoredOutput(old.stage, output, array)})


SHAPES = [
    # output, what is done to it, reasons
    ("pd_scores", lambda x: x[:, :, :2], ("shape",)),
    ("pd_scores", lambda x: x.astype(np.float64), ("dtype",)),
    ("pd_scores", lambda x: x.astype(np.float64) + 1, ("dtype", "values")),
    ("pd_scores", lambda x: x.astype(np.int64), ("dtype",)),  # not the same kind of number
    ("claims", lambda x: x.astype(np.int32), ("dtype",)),
    ("claims", lambda x: x.astype(np.uint8) + np.uint8(1), ("dtype", "values")),
    ("fg_mask", lambda x: x[:1], ("shape",)),
]


@pytest.mark.parametrize(("name", "change", "reasons"), SHAPES)
def test_shapes_and_dtypes_are_exact(study, name, change, reasons):
    trace = open_trace(study)
    other = changed(trace, name, change(trace.array(name)))
    for a, b in ((trace, other), (other, trace)):
        found = compare_traces(a, b, Tolerances(rtol=1e-3))
        assert [output.name for output in found.differing] == [name]
        assert found.first.reasons == reasons
        assert found.first.what_a != found.first.what_b


def test_other_axes_of_the_same_sizes_are_a_difference(study):
    trace = open_trace(study)
    other = changed(trace, "cutoff", trace.array("cutoff"), ("gt", "image"))
    assert compare_traces(trace, other).first.reasons == ("axes",)


def test_a_table_that_does_not_have_a_row_a_pair_is_an_error(study):
    trace = open_trace(study)
    with pytest.raises(InputError, match="overlaps has 3 rows, but there are 86 pairs") as caught:
        compare_traces(trace, changed(trace, "overlaps", trace.array("overlaps")[:3]))
    assert caught.value.id == "wrong-trace-file"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_any_number_in_the_place_of_any_other_gives_a_result_or_an_error(study, data):
    """Indices beyond every limit as well; nothing else may be raised."""
    trace = open_trace(study)
    other = trace
    for name in data.draw(st.lists(st.sampled_from([key.partition(".")[2] for key in KEYS]), min_size=1, max_size=3)):
        array = other.array(name).copy()
        bits = array.reshape(-1).view(f"i{array.dtype.itemsize}") if array.dtype.kind != "b" else array.reshape(-1)
        limit = 8 * array.dtype.itemsize - 1
        value = data.draw(st.booleans() if array.dtype.kind == "b" else st.integers(-(2**limit), 2**limit - 1), name)
        bits[data.draw(st.integers(0, bits.size - 1), "place")] = value
        other = changed(other, name, array)
    for a, b in ((trace, other), (other, trace)):
        try:
            verdict = compare_traces(a, b).verdict
        except InputError as error:
            verdict = error.id
        assert verdict in ("same", "different", "ties", "wrong-trace-file")


def test_comparing_nothing_is_an_error(study):
    trace = open_trace(study)
    nothing = replace(trace, outputs={})
    empty = replace(trace, outputs={"a.b": StoredOutput("a", Output("b", ("image",), "px", ""), np.zeros(0))})
    for a, b in ((trace, nothing), (nothing, trace), (nothing, nothing), (empty, empty), (trace, empty)):
        with pytest.raises(InputError) as caught:
            compare_traces(a, b)
        assert caught.value.id == "nothing-to-compare"

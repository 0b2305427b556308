"""`--swap stage=module:function`: one's own function as a stage, marked in the trace, held to the stage's promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.assignment.swapped_stages import NEEDED
from tests.traces.traces import assert_same_bits
from yolo_assign_trace.assignment.assigner import Assigner
from yolo_assign_trace.assignment.call import RESULTS
from yolo_assign_trace.assignment.generations import ASSIGNERS, YOLOV8, find_assigner
from yolo_assign_trace.assignment.swap import swap, swap_named
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.traces.run_log import read_run_log
from yolo_assign_trace.traces.tensors import read_trace_file

TRACE = ("trace", "--labels", "labels.txt")


def traced(assigner: Assigner) -> Memory:
    """The study inputs under ``assigner``; the labels are in the working folder."""
    inputs, _ = load_inputs(Request(Path("labels.txt"), "study"))
    memory = Memory()
    trace(inputs, assigner, [memory])
    return memory


def assert_same_trace(made: Memory, expected: Memory, *, without: set[str] = frozenset()) -> None:
    assert set(made.records) == set(expected.records) - without
    for key, record in made.records.items():
        assert_same_bits(record.array, expected.records[key].array)


pytestmark = pytest.mark.usefixtures("folder")


class TestRight:
    @pytest.mark.parametrize(
        "function",
        [
            "dictionary",  # in any order
            "result_of_the_package",
            "own_dataclass",
            "named_tuple",
            "plain_tuple",  # in declared order
            "callable_object",
            "other_order_and_defaults",  # parameters are passed by name; ones with a default of its own stay
            "everything_a_stage_can_ask_for",
        ],
    )
    def test_the_trace_is_that_of_the_original(self, function: str) -> None:
        made, expected = traced(swap_named(YOLOV8, f"topk=swapped_stages:{function}", RESULTS)), traced(YOLOV8)
        assert_same_trace(made, expected)
        assert (made.facts, made.boxes) == (expected.facts, expected.boxes)

    def test_where_later_stages_need_one_output_that_tensor_will_do(self) -> None:
        made = traced(swap_named(YOLOV8, "topk=swapped_stages:single_tensor", RESULTS))
        assert_same_trace(made, traced(YOLOV8), without={"topk.rank", "topk.cutoff", "topk.tie_order"})

    @pytest.mark.parametrize("name", ["tood", "yolo26-one2one", "8.0.0"])
    def test_any_assigner_can_have_a_stage_swapped(self, name: str) -> None:
        assigner = find_assigner(name)
        made = traced(swap_named(assigner, "topk=swapped_stages:plain_tuple", RESULTS))
        assert_same_trace(made, traced(assigner))

    def test_several_stages_can_be_swapped(self, yolo_assign) -> None:
        swaps = [("--swap", f"{stage}=swapped_stages:minimal.{stage}") for stage in NEEDED]
        outcome = yolo_assign(*TRACE, *(argument for pair in swaps for argument in pair))
        assert outcome.code == 0
        marked = ", ".join(f"{stage}=swapped_stages:minimal.{stage}" for stage in NEEDED)
        assert f"SWAPPED {marked}\n" in outcome.out

    def test_swapping_leaves_the_named_assigner_as_it_was(self) -> None:
        swap_named(YOLOV8, "topk=swapped_stages:plain_tuple", RESULTS)
        assert all(stage.swapped is None for assigner in ASSIGNERS.values() for stage in assigner.stages)

    def test_a_function_that_changes_its_input_is_refused_as_that_was_traced_before(self) -> None:
        with pytest.raises(InputError, match="changed its input align_metric in place; work on a copy"):
            traced(swap_named(YOLOV8, "topk=swapped_stages:changes_its_input", RESULTS))

    def test_a_function_without_a_name_can_be_swapped_in_too(self) -> None:
        def mine(align_metric, topk=3):
            assert topk == 10  # what the run says, not the default
            return align_metric > align_metric.mean()

        made = traced(swap(YOLOV8, "topk", mine))
        assert made["mask_topk"].sum() == (made["align_metric"] > made["align_metric"].mean()).sum()


class TestMarks:
    def test_console_log_json_and_file_say_which_stage_is_swapped_by_what(self, yolo_assign, folder: Path) -> None:
        arguments = (*TRACE, "--swap", "topk=swapped_stages:plain_tuple", "--save", "t.safetensors")
        outcome = yolo_assign(*arguments)
        header = (
            "yolov8: topk 10, alpha 0.5, beta 6, CIoU, float32; SWAPPED topk=swapped_stages:plain_tuple"  # parameters
        )
        mark = "SWAPPED: computed by swapped_stages:plain_tuple"
        log = (folder / "run.log").read_text()
        assert f"assigner  {header}\n" in outcome.out
        assert f"# assigner  {header}\n" in log
        assert mark in outcome.out.split("\n 8 topk ", 1)[1].split("\n 9 resolve ", 1)[0]
        assert f"-- {mark}\n" in log.split("\n== 8 topk", 1)[1].split("\n== 9 resolve", 1)[0]
        assert log.count("SWAPPED") == outcome.out.count("SWAPPED") == 2
        assert read_run_log(folder / "run.log").header["assigner"] == header
        assert read_trace_file(folder / "t.safetensors").header["assigner"] == header

        document = yolo_assign(*arguments, "--json").document
        assert document["assigner"] == header
        formulas = {stage["name"]: stage["formula"] for stage in document["stages"]}
        assert formulas["topk"] == [mark]
        assert not any("SWAPPED" in line for name in formulas.keys() - {"topk"} for line in formulas[name])

    def test_what_the_original_would_do_is_not_claimed(self, yolo_assign) -> None:
        outcome = yolo_assign(*TRACE, "--stage", "topk", "--swap", "topk=swapped_stages:plain_tuple")
        original = yolo_assign(*TRACE, "--stage", "topk")
        says = "There is no threshold"
        assert says in original.out
        assert says not in outcome.out


class TestOptionalOutputs:
    """A function may leave out what no later stage needs; everything goes on without it."""

    @pytest.mark.parametrize("stage", NEEDED)
    def test_console_log_json_and_saved_file_do_without_it(self, yolo_assign, folder: Path, stage: str) -> None:
        arguments = (*TRACE, "--swap", f"{stage}=swapped_stages:minimal.{stage}")
        outcome = yolo_assign(*arguments, "--digits", "9", "--save", "t.safetensors")
        assert outcome.code == 0, outcome.err
        expected = traced(YOLOV8)
        declared = {f"{stage}.{output.name}" for output in YOLOV8.stage(stage).outputs}
        left_out = declared - {f"{stage}.{name}" for name in NEEDED[stage]} - {"screen.mask_in_gts"}  # told by pairs

        saved, logged = read_trace_file(folder / "t.safetensors"), read_run_log(folder / "run.log")
        for stored in (saved, logged):
            assert set(stored.outputs) == set(expected.records) - left_out
            for key, output in stored.outputs.items():
                assert_same_bits(output.array, expected.records[key].array)

        document = yolo_assign(*arguments, "--json", "--no-log").document
        told = {f"{part['name']}.{output['name']}" for part in document["stages"] for output in part["outputs"]}
        assert told == set(expected.records) - left_out

    @pytest.mark.parametrize("stage", NEEDED)
    def test_the_results_are_those_of_the_original(self, stage: str) -> None:
        inputs, _ = load_inputs(Request(Path("labels.txt"), "study"))
        made = trace(inputs, swap_named(YOLOV8, f"{stage}=swapped_stages:minimal.{stage}", RESULTS))
        inputs, _ = load_inputs(Request(Path("labels.txt"), "study"))
        for name, tensor in trace(inputs).items():
            np.testing.assert_array_equal(made[name], tensor)

    def test_no_pair_at_all_is_fine(self, yolo_assign, folder: Path) -> None:
        outcome = yolo_assign(*TRACE, "--swap", "screen=swapped_stages:no_pairs", "--save", "t.safetensors")
        assert outcome.code == 0
        assert not read_trace_file(folder / "t.safetensors").array("fg_mask").any()

    def test_more_padding_than_needed_is_refused(self, yolo_assign) -> None:
        outcome = yolo_assign(*TRACE, "--swap", "ground_truth=swapped_stages:gts_padded_further")
        assert outcome.code == 2
        assert "returned gt_labels of another shape: expected [image 4, gt 3, one 1], found [4, 5, 1]" in outcome.err


WRONG = [
    # option, id, what the sentence says, hint
    ("topk", "wrong-swap", "'topk' is no swap", "--swap topk=package.module:function"),
    ("tokp=swapped_stages:dictionary", "unknown-stage", "has no stage 'tokp'", "did you mean topk?"),
    ("select=swapped_stages:dictionary", "unknown-stage", "has no stage 'select'", ""),
    ("topk=no_such_module:f", "unknown-function", "there is no module 'no_such_module'", "current folder"),
    ("topk=swapped_stages:dictionari", "unknown-function", "no attribute 'dictionari'", ""),
    ("topk=swapped_stages", "wrong-function-name", "'swapped_stages' names no function", "package.module:name"),
    ("topk=swapped_stages:not_callable", "wrong-swap", "swapped_stages:not_callable is not callable", ""),
    # signature: told before anything runs
    ("topk=swapped_stages:asks_for_nothing_known", "wrong-swap", "asks for 'align_metrics'", "align_metric"),
    ("topk=swapped_stages:asks_for_a_later_output", "wrong-swap", "'fg_mask', which the stage topk cannot get", ""),
    ("topk=swapped_stages:by_position_only", "wrong-swap", "position", ""),
    # result
    ("topk=swapped_stages:raises", "wrong-swap", "failed: ZeroDivisionError: no candidates", ""),
    (
        "topk=swapped_stages:returns_nothing",
        "wrong-swap",
        "returned NoneType; expected a dictionary with mask_topk",
        "",
    ),
    ("topk=swapped_stages:returns_a_number", "wrong-swap", "returned int; expected a dictionary with mask_topk", ""),
    ("topk=swapped_stages:returns_two_of_four", "wrong-swap", "returned tuple of 2; expected a dictionary", ""),
    ("topk=swapped_stages:misses_an_output", "wrong-swap", "did not return mask_topk, which later stages need", ""),
    ("topk=swapped_stages:another_output", "wrong-swap", "returned 'mask', which topk does not put out", ""),
    ("topk=swapped_stages:numpy_array", "wrong-swap", "returned ndarray as mask_topk; expected a tensor", ""),
    # axes
    ("topk=swapped_stages:one_too_few", "wrong-swap", "mask_topk of another shape: expected [pair 86], found [85]", ""),
    ("topk=swapped_stages:dense", "wrong-swap", "of another shape: expected [pair 86], found [4, 3, 84]", ""),
    ("targets=swapped_stages:one_class_of_three", "wrong-swap", "expected [image 4, anchor 84, class 3]", ""),
    ("ground_truth=swapped_stages:too_many_images", "wrong-swap", "expected [image 4, gt ", ""),
    ("ground_truth=swapped_stages:gts_that_disagree", "wrong-swap", "gt_labels of another shape: expected", ""),
    ("screen=swapped_stages:pairs_transposed", "wrong-swap", "expected [pair ?, triple 3], found [3, 86]", ""),
    # dtype
    ("topk=swapped_stages:as_float", "wrong-swap", "returned mask_topk as float32; expected bool", ""),
    ("topk=swapped_stages:cutoff_in_double", "wrong-swap", "returned cutoff as float64; expected float32", ""),
    ("screen=swapped_stages:pairs_in_int32", "wrong-swap", "returned pairs as int32; expected int64", ""),
    # device
    ("topk=swapped_stages:on_another_device", "wrong-swap", "returned mask_topk on meta; expected cpu", ""),
    ("screen=swapped_stages:pairs_on_meta", "wrong-swap", "returned pairs on meta; expected cpu", ""),
    # values that later stages use as indices
    ("screen=swapped_stages:pairs_backwards", "wrong-swap", "not sorted by image, gt, anchor", ""),
    ("screen=swapped_stages:pairs_twice", "wrong-swap", "or not distinct", ""),
    ("screen=swapped_stages:pairs_of_anchors_beyond", "wrong-swap", "pairs beyond the images, gts or anchors", ""),
    ("screen=swapped_stages:pairs_before_the_first", "wrong-swap", "pairs beyond the images, gts or anchors", ""),
    ("resolve=swapped_stages:owners_beyond_the_gts", "wrong-swap", "returned target_gt_idx", ""),
    ("ground_truth=swapped_stages:labels_beyond_the_classes", "wrong-swap", "returned gt_labels", ""),
]


@pytest.mark.parametrize(("option", "id", "says", "hint"), WRONG, ids=[option for option, *_ in WRONG])
def test_a_wrong_swap_is_bad_input_in_one_sentence(yolo_assign, folder: Path, option, id, says, hint) -> None:
    (folder / "run.log").write_text("the old log")
    outcome = yolo_assign(*TRACE, "--quiet", "--swap", option)
    assert outcome.code == 2, outcome.err
    first, *rest = outcome.err.splitlines()
    assert first.startswith("error: --swap: ")
    assert first.endswith(f" [{id}]")
    assert says in first
    assert hint in "".join(rest)
    assert len(rest) <= 1
    assert (folder / "run.log").read_text() == "the old log"
    if "stages:" in option and id == "wrong-swap":
        assert option.partition("=")[2] in first  # which function


def test_the_dtype_that_is_expected_is_that_of_the_run(yolo_assign) -> None:
    right = (*TRACE, "--quiet", "--no-log", "--dtype", "float64", "--swap")
    assert yolo_assign(*right, "topk=swapped_stages:cutoff_in_double").code == 0
    assert yolo_assign(*right, "topk=swapped_stages:dictionary").code == 0

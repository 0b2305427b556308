"""`--isolate` and `--assigner`: B's stages on A's recorded inputs, and what that proves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.compare.planted import another, compare, plant, saved
from tests.traces.traces import KINDS
from yolo_assign_trace.assignment.generations import ASSIGNERS, GENERATIONS, find_assigner
from yolo_assign_trace.assignment.swap import swap
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.compare.isolate import isolate
from yolo_assign_trace.compare.rerun import rerun
from yolo_assign_trace.compare.traces import compare_traces
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.run.trace_settings import TraceSettings
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.open_trace import open_trace

CROWD = "".join(
    f"0 {i % 3} {x / 16:.4f} {y / 16:.4f} {w:.3f} {w:.3f}\n"
    for i, (x, y, w) in enumerate((x, y, w) for x in range(3, 14, 3) for y in range(3, 14, 3) for w in (0.04, 0.1, 0.3))
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Traces the same crowd of small and large boxes with any assigner; the path of the saved trace."""
    folder = tmp_path_factory.mktemp("crowd")
    (folder / "labels.txt").write_text(CROWD)
    made: dict[str, Path] = {}

    def run(assigner, **changes) -> Path:
        name = f"{assigner.name}{changes}{assigner.swaps}"
        if name not in made:
            inputs, _ = load_inputs(Request(folder / "labels.txt", "yolov8", (128, 128)))
            made[name] = folder / f"{len(made)}.safetensors"
            tracers = [TensorFile(made[name]), RunLog(made[name].with_suffix(".log"))]
            trace(inputs, assigner.with_parameters(**changes), tracers)
        return made[name]

    return run


def isolated(a: Path, b: Path) -> dict[str, str]:
    """What every differing stage turns out to be, the strongest word of its outputs."""
    first, second = open_trace(a), open_trace(b)
    found = isolate(compare_traces(first, second), first, second, where=str(a))
    stages: dict[str, set[str]] = {}
    for output in found.differing:
        stages.setdefault(output.stage, set()).add(output.isolated)
    return {
        stage: min(words, key=["introduced", "not reproduced", "inherited", "not rerun"].index)
        for stage, words in stages.items()
    }


PAIRS_OF_RELEASES = [("8.0.0", "8.0.52"), ("8.0.52", "8.4.0"), ("8.0.52", "8.4.128"), ("8.0.0", "8.4.144")]


@pytest.mark.parametrize(("old", "new"), PAIRS_OF_RELEASES)
def test_only_stages_that_differ_between_two_releases_introduce_anything(run, old, new):
    stages = isolated(run(GENERATIONS[old]), run(GENERATIONS[new]))
    changed = {stage.name for stage in GENERATIONS[new].differences(GENERATIONS[old])}
    introduced = {stage for stage, word in stages.items() if word == "introduced"}
    assert introduced
    assert introduced <= changed
    assert {word for stage, word in stages.items() if stage not in introduced} <= {"inherited"}
    assert "targets" in stages  # something was inherited


PARAMETERS = [
    # parameters of B, stage that introduces the difference
    ({"topk": 3}, "topk"),
    ({"beta": 2.0}, "align"),
    ({"overlap": "iou"}, "align"),
]


@pytest.mark.parametrize(("changes", "stage"), PARAMETERS)
@pytest.mark.parametrize("suffix", [".safetensors", ".log"])
def test_a_parameter_is_introduced_by_the_stage_that_takes_it(run, changes, stage, suffix):
    """B may be a log: its parameters stand in its settings."""
    b = run(ASSIGNERS["yolov8"], **changes).with_suffix(suffix)
    stages = isolated(run(ASSIGNERS["yolov8"]), b)
    assert [name for name, word in stages.items() if word == "introduced"] == [stage]
    assert stages["targets"] == "inherited"


@pytest.mark.parametrize("key", ["decode.distances", "align.overlaps", "topk.cutoff", "normalize.target_scores"])
def test_a_changed_value_cannot_be_reproduced(tmp_path, key):
    """On the inputs of A, which are also those of B, B's stage gives what A has."""
    a = saved(tmp_path, KINDS[0])
    array = open_trace(a).outputs[key].array
    b = plant(a, tmp_path / "b.safetensors", key, 1, another(array, 1))
    assert isolated(a, b) == {key.partition(".")[0]: "not reproduced"}


def test_what_comes_from_files_is_not_rerun(tmp_path):
    a = saved(tmp_path, KINDS[0])
    array = open_trace(a).outputs["flatten.pred_scores"].array
    b = plant(a, tmp_path / "b.safetensors", "flatten.pred_scores", 1, another(array, 1))
    first, second = open_trace(a), open_trace(b)
    found = isolate(compare_traces(first, second), first, second, where="a").first
    assert (found.isolated, found.why) == ("not rerun", "it starts from files, which a trace does not hold")


def my_topk(align_metric):
    """Takes everything."""
    return {"mask_topk": align_metric >= 0}


def test_a_swapped_stage_is_named_and_not_run(run):
    first = open_trace(run(ASSIGNERS["yolov8"]))
    second = open_trace(run(swap(ASSIGNERS["yolov8"], "topk", my_topk)))
    found = isolate(compare_traces(first, second), first, second, where="a")
    by_name = {output.name: output for output in found.differing}
    assert by_name["mask_topk"].isolated == "not rerun"
    assert "my_topk here, a user's own function" in by_name["mask_topk"].why
    assert by_name["fg_mask"].isolated == "inherited"


def test_an_assigner_that_nobody_knows_is_told_for_every_stage(run):
    first, second = open_trace(run(ASSIGNERS["yolov8"])), open_trace(run(ASSIGNERS["yolov8"], topk=3))
    for name in ("mine", ""):
        unknown = replace(second, settings=replace(second.settings, assigner=name))
        found = isolate(compare_traces(first, unknown), first, unknown, where="a")
        assert {output.isolated for output in found.differing} == {"not rerun"}
        assert all("assigner" in output.why for output in found.differing)


def test_a_stage_whose_inputs_were_not_recorded_is_not_rerun(run):
    first, second = open_trace(run(ASSIGNERS["yolov8"])), open_trace(run(ASSIGNERS["yolov8"], beta=2.0))
    part = replace(first, outputs={key: out for key, out in first.outputs.items() if out.name != "pd_bboxes"})
    found = isolate(compare_traces(part, second), part, second, where="a")
    by_name = {output.name: output for output in found.differing}
    assert by_name["align_metric"].why == "A has not recorded pd_bboxes"


def test_recorded_inputs_that_no_run_could_have_made_are_told(run):
    first, second = open_trace(run(ASSIGNERS["yolov8"])), open_trace(run(ASSIGNERS["yolov8"], beta=2.0))
    key = "ground_truth.gt_labels"
    labels = replace(first.outputs[key], values=np.full(first.outputs[key].shape, 77))
    odd = replace(first, outputs={**first.outputs, key: labels})
    found = isolate(compare_traces(odd, second), odd, second, where="a")
    whys = {output.stage: output.why for output in found.differing if output.isolated == "not rerun"}
    assert "fails on A's inputs" in whys["align"]


def test_a_log_with_few_digits_is_no_input_for_stages(run):
    log, b = (open_trace(path) for path in (run(ASSIGNERS["yolov8"]).with_suffix(".log"), run(GENERATIONS["8.0.0"])))
    for call in (
        lambda: isolate(compare_traces(log, b), log, b, where="a.log"),
        lambda: rerun(log, GENERATIONS["8.0.0"], where="a.log"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert (caught.value.id, caught.value.where) == ("not-exact", "a.log")


# --- --assigner -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*GENERATIONS, "tood", "yolo26-one2one"])
def test_a_rerun_is_the_trace_that_the_other_assigner_makes(run, name):
    """The judge is a run from the label file on."""
    other = find_assigner(name)
    made, remarks = rerun(open_trace(run(ASSIGNERS["yolov8"])), other, where="a")
    found = compare_traces(made, open_trace(run(other)))
    assert (found.verdict, found.only("only in A"), found.only("only in B"), remarks) == ("same", (), (), [])
    assert not found.header


def test_a_release_takes_over_the_parameters_and_a_name_brings_its_own(run):
    a = open_trace(run(ASSIGNERS["yolov8"], topk=3, beta=2.0))
    made, _ = rerun(a, find_assigner("8.4.190"), where="a")
    assert made.header["assigner"].startswith("ultralytics==8.4.190 (generation 8.4.144): topk 3, alpha 0.5, beta 2,")
    made, _ = rerun(a, find_assigner("tood"), where="a")
    assert made.header["assigner"].startswith("tood: topk 13, alpha 1, beta 6,")


def test_a_parameter_that_the_other_release_does_not_have_is_left_out_with_a_remark(run):
    made, remarks = rerun(open_trace(run(ASSIGNERS["yolo26-one2one"])), find_assigner("8.0.0"), where="a")
    assert remarks == ["ultralytics==8.0.0 has no topk2; A's topk2 1 is left out"]
    assert "topk 7, alpha" in made.header["assigner"]


def test_a_trace_that_begins_at_the_call_can_be_rerun(run):
    """Its first stage has another name, and nothing before the six tensors was recorded."""
    whole = open_trace(run(ASSIGNERS["yolov8"]))
    given = ("pd_scores", "pd_bboxes", "anc_points", "gt_labels", "gt_bboxes", "mask_gt")
    outputs = {f"capture.{name}": replace(whole.by_name[name], stage="capture") for name in given}
    captured = replace(whole, outputs=outputs, settings=TraceSettings())
    made, _ = rerun(captured, GENERATIONS["8.4.144"], where="a")
    assert compare_traces(made, open_trace(run(GENERATIONS["8.4.144"]))).verdict == "same"


def test_a_trace_without_the_inputs_cannot_be_rerun(run):
    whole = open_trace(run(ASSIGNERS["yolov8"]))
    part = replace(whole, outputs={key: out for key, out in whole.outputs.items() if out.stage != "scale"})
    with pytest.raises(InputError, match="has not recorded pd_scores, pd_bboxes, anc_points") as caught:
        rerun(part, GENERATIONS["8.0.0"], where="a")
    assert caught.value.id == "no-recorded-inputs"


def test_running_stages_leaves_the_trace_as_it_was(run):
    path = run(ASSIGNERS["yolov8"])
    held = open_trace(path)
    before = {key: out.array.copy() for key, out in held.outputs.items()}
    made, _ = rerun(held, GENERATIONS["8.4.144"], where="a")
    isolate(compare_traces(held, made), held, made, where="a")
    assert all(np.array_equal(held.outputs[key].array, array) for key, array in before.items())
    assert compare(path, path).verdict == "same"

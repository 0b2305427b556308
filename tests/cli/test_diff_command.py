"""`yolo-assign diff`: what it prints, its exit codes, and what it says about files that are no whole traces."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.commands import python
from tests.compare.planted import plant, saved
from tests.traces.traces import KINDS
from yolo_assign_trace.traces.open_trace import open_trace


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return saved(tmp_path_factory.mktemp("whole"), KINDS[0])


@pytest.fixture
def files(folder: Path, whole: Path) -> Path:
    """a.safetensors and a.log of one run; b.safetensors, in which anchor 20 of image 0 went to gt 1."""
    (folder / "a.safetensors").write_bytes(whole.read_bytes())
    (folder / "a.log").write_bytes(whole.with_name("t.log").read_bytes())
    owner = open_trace(whole).array("target_gt_idx")
    flat = int(np.flatnonzero(open_trace(whole).array("fg_mask")[0])[0])
    plant(whole, folder / "b.safetensors", "resolve.target_gt_idx", flat, 1 - int(owner[0, flat]))
    return folder


# --- exit codes and streams -----------------------------------------------------------------------------------------

OUTCOMES = [
    # arguments, exit code, part of stdout or, for 2, of stderr
    (("a.safetensors", "a.safetensors"), 0, "same in all 36 outputs"),
    (("a.log", "a.safetensors"), 0, "compared at 5 digits"),
    (("a.safetensors", "b.safetensors"), 1, "different: 1 of 36 outputs differ"),
    (("a.safetensors", "b.safetensors", "--exit-zero"), 0, "different: 1 of 36 outputs differ"),
    (("a.safetensors", "b.safetensors", "--only", "align"), 0, "same in all 3 outputs"),
    (("a.safetensors", "b.safetensors", "--only", "align", "--only", "resolve"), 1, "1 of 9 outputs"),
    (("a.safetensors", "--assigner", "8.0.52"), 0, "same in all 36"),
    (("a.safetensors", "--assigner", "8.4.190"), 1, "introduced in screen"),
    (("a.safetensors",), 2, "[no-second-trace]"),
    ((), 2, "[usage]"),
    (("a.safetensors", "b.safetensors", "--assigner", "yolov8"), 2, "[two-second-traces]"),
    (("a.safetensors", "--assigner", "yolov9"), 2, "did you mean yolov8"),
    (("a.log", "--assigner", "yolov8"), 2, "[not-exact]"),
    (("a.log", "b.safetensors", "--isolate"), 2, "[not-exact]"),
    (("a.safetensors", "b.safetensors", "--tol", "overlap=1"), 2, "did you mean overlaps"),
    (("a.safetensors", "b.safetensors", "--tol", "overlaps"), 2, "[wrong-tolerance]"),
    (("a.safetensors", "b.safetensors", "--tol", "overlaps=x"), 2, "[wrong-tolerance]"),
    (("a.safetensors", "b.safetensors", "--tol", "overlaps=-1"), 2, "[wrong-tolerance]"),
    (("a.safetensors", "b.safetensors", "--tol", "overlaps=nan"), 2, "[wrong-tolerance]"),
    (("a.safetensors", "b.safetensors", "--rtol", "inf"), 2, "[wrong-tolerance]"),
    (("a.safetensors", "b.safetensors", "--only", "resolv"), 2, "did you mean resolve"),
    (("a.safetensors", "c.safetensors"), 2, "error: c.safetensors: there is no such trace [no-such-file]"),
    (("a.safetensors", "."), 2, "[is-a-folder]"),
    (("a.safetensors", "labels.txt"), 2, "neither a run.log nor a saved trace"),
    (("a.safetensors", os.devnull), 2, "[not-a-file]"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), OUTCOMES, ids=[" ".join(row[0]) for row in OUTCOMES])
def test_exit_codes(yolo_assign, files, arguments, code, says):
    outcome = yolo_assign("diff", *arguments)
    assert outcome.code == code, outcome.err
    assert says in (outcome.err if code == 2 else outcome.out)
    assert (outcome.out == "") is (code == 2)
    assert code == 2 or outcome.err == ""


def test_the_kind_of_file_is_told_by_its_content(yolo_assign, files):
    (files / "a.log").rename(files / "x.safetensors")
    (files / "a.safetensors").rename(files / "y.txt")
    assert yolo_assign("diff", "x.safetensors", "y.txt").code == 0


# --- the screen -----------------------------------------------------------------------------------------------------


def test_the_screen_names_verdict_element_consequence_and_the_next_command(yolo_assign, files):
    trace = open_trace(files / "a.safetensors")
    anchor = int(np.flatnonzero(trace.array("fg_mask")[0])[0])
    old = int(trace.array("target_gt_idx")[0, anchor])
    address = trace.grid.address(anchor)
    lines = yolo_assign("diff", "a.safetensors", "b.safetensors").out.split("\n")
    assert lines == [
        "A a.safetensors  exact",
        "B b.safetensors  exact",
        "",
        "different: 1 of 36 outputs differ",
        "",
        "First divergence  stage 9 resolve, target_gt_idx (index)",
        f"  target_gt_idx[0,{anchor}] {address}",
        f"  A {old}",
        f"  B {1 - old}",
        "  1 of 336 elements differ",
        "",
        "Consequence  1 anchor changes owner; positives 38 -> 38",
        f"  image 0 {address}: gt {old} -> gt {1 - old}",
        "  image 0 gt 1: positives 0 -> 1 (1 won from other boxes)",
        "  image 0 gt 0: positives 10 -> 9 (1 moved to other boxes)",
        "",
        f"yolo-assign explain b.safetensors --image 0 --anchor {anchor}",
        "",
    ]


def test_floats_are_told_whole_with_the_tolerance_that_passes(yolo_assign, files):
    trace = open_trace(files / "a.safetensors")
    flat = int(trace.array("overlaps").argmax())
    value = trace.array("overlaps")[flat]
    near = np.nextafter(value, np.float32(0))
    plant(files / "a.safetensors", files / "c.safetensors", "align.overlaps", flat, near)
    outcome = yolo_assign("diff", "a.safetensors", "c.safetensors")
    assert f"  A {value!s}\n  B {near!s}\n" in outcome.out  # numpy too prints the shortest form
    tolerance = outcome.out.partition("--tol ")[2].split()[0]
    assert tolerance.startswith("overlaps=")
    assert yolo_assign("diff", "a.safetensors", "c.safetensors", "--tol", tolerance).code == 0
    within = yolo_assign("diff", "a.safetensors", "c.safetensors", "--atol", "1e-6")
    assert "1 value unequal but within tolerance" in within.out
    for other in (("--tol", "align_metric=1"), ("--rtol", "1e-12")):
        assert yolo_assign("diff", "a.safetensors", "c.safetensors", *other).code == 1


def test_a_tolerance_of_one_output_stands_for_the_general_ones(yolo_assign, files):
    flat = int(open_trace(files / "a.safetensors").array("overlaps").argmax())
    plant(files / "a.safetensors", files / "c.safetensors", "align.overlaps", flat, 0.0)
    arguments = ("diff", "a.safetensors", "c.safetensors", "--atol", "1")
    assert yolo_assign(*arguments).code == 0
    assert yolo_assign(*arguments, "--tol", "overlaps=0").code == 1


def test_a_difference_on_background_is_told_as_one_that_training_does_not_read(yolo_assign, files):
    flat = int((~open_trace(files / "a.safetensors").array("fg_mask")).argmax())
    plant(files / "a.safetensors", files / "c.safetensors", "targets.target_labels", flat, 2)
    outcome = yolo_assign("diff", "a.safetensors", "c.safetensors")
    assert "all on background, which training does not read" in outcome.out
    assert "no anchor changes its owner" in outcome.out


def test_no_tolerance_passes_a_nan(yolo_assign, files):
    plant(files / "a.safetensors", files / "c.safetensors", "align.overlaps", 3, np.nan)
    outcome = yolo_assign("diff", "a.safetensors", "c.safetensors", "--rtol", "9", "--atol", "9")
    assert outcome.code == 1
    assert "  B nan\n" in outcome.out
    assert "no tolerance passes" in outcome.out


def test_a_file_name_with_a_space_is_quoted_in_the_command(yolo_assign, files):
    (files / "b.safetensors").rename(files / "my b.safetensors")
    outcome = yolo_assign("diff", "a.safetensors", "my b.safetensors")
    assert "yolo-assign explain 'my b.safetensors' --image 0 --anchor " in outcome.out


def test_lines_of_the_header_that_differ_are_shown_and_are_no_difference(yolo_assign, files):
    text = (files / "a.log").read_text().replace("# labels    ", "# labels    other ", 1)
    (files / "b.log").write_text(text)
    outcome = yolo_assign("diff", "a.log", "b.log")
    assert outcome.code == 0
    assert "  labels    A " in outcome.out
    assert "            B other " in outcome.out


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_json_holds_everything_under_stable_names(yolo_assign, files):
    outcome = yolo_assign("diff", "a.safetensors", "b.safetensors", "--json", "--isolate", "--tol", "overlaps=1e-4")
    assert outcome.code == 1
    document = outcome.document
    assert list(document) == [
        *("a", "b", "verdict", "compared", "differing", "first", "tolerances", "header", "outputs", "consequences"),
        "explain",
    ]
    assert document["a"]["name"] == "a.safetensors"
    assert document["a"]["digits"] is None
    assert document["first"] == "resolve.target_gt_idx"
    assert document["tolerances"] == {"rtol": 0.0, "atol": 0.0, "by_name": {"overlaps": 1e-4}}
    assert len(document["outputs"]) == document["compared"] == 36
    (output,) = (output for output in document["outputs"] if output["verdict"] != "same")
    assert (output["isolated"], output["reasons"], output["differ"]) == ("not reproduced", ["values"], 1)
    anchor = output["worst"]["anchor"]
    assert output["worst"]["index"] == [0, anchor]
    assert (output["worst"]["a"], output["worst"]["b"]) == (0, 1)
    change = document["consequences"]["owner_changes"]
    assert [(row["image"], row["anchor"], row["a"], row["b"]) for row in change] == [(0, anchor, 0, 1)]
    assert document["consequences"]["positives"] == {"a": 38, "b": 38}
    assert document["explain"].endswith(f"--image 0 --anchor {anchor}")


def test_json_of_equal_traces_and_of_nan(yolo_assign, files):
    document = yolo_assign("diff", "a.log", "a.safetensors", "--json").document
    assert (document["verdict"], document["first"], document["explain"]) == ("same", None, None)
    assert document["a"]["digits"] == 5
    plant(files / "a.safetensors", files / "c.safetensors", "align.overlaps", 3, -np.inf)
    plant(files / "c.safetensors", files / "c.safetensors", "align.class_scores", 3, np.nan)
    document = yolo_assign("diff", "a.safetensors", "c.safetensors", "--json").document
    worst = {output["name"]: output["worst"]["b"] for output in document["outputs"] if output["worst"]}
    assert worst == {"overlaps": "-inf", "class_scores": "nan"}


# --- files that are no whole traces ---------------------------------------------------------------------------------


def lines_of(files: Path) -> list[str]:
    return (files / "a.log").read_text().split("\n")


LOGS = [
    # what happened to the log, how, which line is named
    ("cut off", lambda lines: lines[:200], 200),
    ("cut off within a line", lambda lines: [*lines[:200], lines[200][:20]], 201),
    ("two lines changed places", lambda lines: [*lines[:99], lines[100], lines[99], *lines[101:]], 100),
    ("a number became a word", lambda lines: [*lines[:99], lines[99].rpartition(" ")[0] + " x", *lines[100:]], 100),
    ("a line was lost", lambda lines: [*lines[:99], *lines[100:]], 100),
    ("another format", lambda lines: ["# yolo-assign trace, format 7", *lines[1:]], 1),
]


@pytest.mark.parametrize(("change", "number"), [row[1:] for row in LOGS], ids=[row[0] for row in LOGS])
@pytest.mark.parametrize("side", [0, 1])
def test_a_log_that_was_changed_is_an_error_with_its_line(yolo_assign, files, change, number, side):
    (files / "b.log").write_text("\n".join(change(lines_of(files))))
    names = ["a.log", "a.log"]
    names[side] = "b.log"
    outcome = yolo_assign("diff", *names)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: b.log:{number}: ") or outcome.err.startswith(f"error: b.log:{number + 1}: ")
    assert "[wrong-log]" in outcome.err


def test_another_format_says_exactly_why(yolo_assign, files):
    (files / "b.log").write_text("\n".join(["# yolo-assign trace, format 0", *lines_of(files)[1:]]))
    error = yolo_assign("diff", "a.log", "b.log").err
    assert error.startswith("error: b.log:1: this log has format 0, this version reads format 1")


@pytest.mark.parametrize("length", [0, 5, 20, 3000, -1])
def test_a_saved_trace_that_was_cut_off_is_an_error(yolo_assign, files, length):
    (files / "c.safetensors").write_bytes((files / "a.safetensors").read_bytes()[:length])
    outcome = yolo_assign("diff", "a.safetensors", "c.safetensors")
    assert outcome.code == 2
    assert outcome.err.startswith("error: c.safetensors: ")


def test_somebody_elses_safetensors_is_an_error(yolo_assign, files):
    save_file({"weight": np.zeros(3)}, files / "c.safetensors")
    assert "was not written by --save" in yolo_assign("diff", "a.safetensors", "c.safetensors").err


def test_a_trace_without_boxes_is_compared_like_any_other(yolo_assign, folder):
    (folder / "none.txt").write_text("")
    arguments = ("trace", "--labels", "none.txt", "--nc", "2", "--quiet", "--log")
    for name in ("a.log", "b.log"):
        assert yolo_assign(*arguments, name).code == 0
    assert yolo_assign("diff", "a.log", "b.log").code == 0


# --- without torch --------------------------------------------------------------------------------------------------


def test_comparing_stored_traces_does_not_import_torch(files):
    script = (
        "import json, sys\nfrom yolo_assign_trace.cli.main import run\n"
        "codes = [run(['diff', 'a.safetensors', 'b.safetensors']), run(['diff', 'a.log', 'a.safetensors', '--json'])]\n"
        "print(json.dumps([codes, 'torch' in sys.modules]), file=sys.stderr)"
    )
    assert json.loads(python("-c", script).stderr) == [[1, 0], False]


def test_stages_that_are_the_same_have_no_anchor_to_explain(yolo_assign, files):
    """The traces differ further on, but that was not asked."""
    outcome = yolo_assign("diff", "a.safetensors", "b.safetensors", "--only", "flatten")
    assert outcome.code == 0
    assert "yolo-assign explain" not in outcome.out
    assert (
        yolo_assign("diff", "a.safetensors", "b.safetensors", "--only", "flatten", "--json").document["explain"] is None
    )

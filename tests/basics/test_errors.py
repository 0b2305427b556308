"""Bad input: exit code 2, an error with its id, the place, what is wrong and a hint; never a traceback."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.commands import python
from tests.inputs.bad_input import ARGUMENTS, LABELS, Bad
from tests.inputs.heads.bad_heads import HEADS
from tests.inputs.heads.bad_shapes import SHAPES
from yolo_assign_trace import InputError, find_assigner

EVERY = [*LABELS, *SHAPES, *HEADS, *ARGUMENTS]


def prepare(folder: Path, bad: Bad) -> None:
    for name, content in bad.files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "a_folder").mkdir(exist_ok=True)
    if callable(bad.heads):
        bad.heads(folder / "heads.npz")
    elif bad.heads is not None:
        np.savez(folder / "heads.npz", **{name: np.zeros(shape, np.float32) for name, shape in bad.heads.items()})
    (folder / "run.log").write_text("the old log")


@pytest.mark.parametrize("bad", EVERY, ids=str)
def test_bad_input_is_told_with_id_place_message_and_hint(yolo_assign, folder, bad):
    prepare(folder, bad)
    outcome = yolo_assign("trace", *bad.arguments)
    assert "Traceback" not in outcome.err
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    first, *rest = outcome.err.splitlines()
    place = f"{bad.place}: " if bad.place else ""
    assert first.startswith(f"error: {place}"), outcome.err
    assert first.endswith(f" [{bad.id}]")
    assert bad.says in first
    hints = [line.removeprefix("  hint: ") for line in rest if line.startswith("  hint: ")]
    if bad.hint:
        assert bad.hint in hints[0]
    assert (folder / "run.log").read_text() == "the old log"
    assert not list(folder.glob("*.part")) + list(folder.glob(".*.part"))


SCRIPT = """
import contextlib, io, json, sys
from yolo_assign_trace.cli.main import run
errors = []
for arguments in json.load(sys.stdin):
    sys.modules["torch"] = None  # an import of torch fails now
    with contextlib.redirect_stderr(io.StringIO()) as err:
        run(["trace", *arguments])
    errors.append(err.getvalue())
json.dump(errors, sys.stdout)
"""


def test_bad_input_is_told_without_importing_torch(folder):
    """Importing torch takes seconds; a typing mistake must not cost them."""
    calls = []
    for number, bad in enumerate(EVERY):
        own = folder / str(number)
        own.mkdir()
        prepare(own, bad)
        taken = {*bad.files, "a_folder", "heads.npz", "run.log"}
        calls.append([f"{own}/{word}" if word in taken else word for word in bad.arguments])
        if "--log" not in bad.arguments:
            calls[-1] += ["--log", f"{own}/run.log"]
    done = python("-c", SCRIPT, input=json.dumps(calls))
    found = zip(EVERY, json.loads(done.stdout), strict=True)
    needing_torch = [str(bad) for bad, err in found if "import of torch halted" in err]
    assert needing_torch == []


def test_all_bad_rows_of_a_file_are_named_in_one_go(yolo_assign, folder):
    rows = ["0 .5 .5 .5 .5", "x .5 .5 .5 .5", "0 .5 .5 .5", *["0 2 .5 .5 .5"] * 12]
    (folder / "my.txt").write_text("\n".join(rows))
    err = yolo_assign("trace", "--labels", "my.txt").err
    assert [int(number) for number in re.findall(r"my\.txt:(\d+): ", err)] == list(range(2, 12))
    assert err.endswith("... and 4 more\n")


def test_the_first_of_several_wrong_files_is_told(yolo_assign, folder):
    outcome = yolo_assign("trace", "--labels", "missing.txt", "--shapes", "yolov9", "--heads", "missing.npz")
    assert outcome.code == 2
    assert outcome.err == "error: missing.txt: there is no such label file [no-such-file]\n"


def test_python_is_told_parameters_and_the_command_line_flags(yolo_assign):
    with pytest.raises(InputError) as caught:
        find_assigner("tood").with_parameters(topk2=1)
    assert caught.value.where == "topk2"
    assert str(caught.value) == (
        "`topk2`: the stages of tood (8.0.52 - 8.3.253) have no topk2 [no-topk2]\n"
        "  hint: it came with 8.4.0: `assigner=ultralytics==8.4.0` or later"
    )
    assert yolo_assign("trace", "--labels", "one.txt", "--assigner", "tood", "--topk2", "1").err == (
        "error: --topk2: the stages of tood (8.0.52 - 8.3.253) have no topk2 [no-topk2]\n"
        "  hint: it came with 8.4.0: --assigner ultralytics==8.4.0 or later\n"
    )


def test_a_file_called_like_a_parameter_is_no_flag(yolo_assign, folder):
    (folder / "images").mkdir()
    assert yolo_assign("labels", "images").err.startswith("error: images: neither images nor label files lie here")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_label_file_without_permission(yolo_assign, folder):
    (folder / "one.txt").chmod(0)
    outcome = yolo_assign("trace", "--labels", "one.txt")
    assert outcome.code == 2
    assert "one.txt: this label file cannot be read: permission denied [not-readable]" in outcome.err


NAN_CASES = [
    # edits of the first number of a map, stage and tensor where it appears, index, address
    ({"p3": float("nan")}, "flatten", "pred_distri[0,0,0] is nan, #0 P3 y0 x0 (40, 40 px)"),
    ({"p4": float("inf")}, "flatten", "pred_distri[0,64,0] is inf, #64 P4 y0 x0 (80, 80 px)"),
    ({"p5": float("-inf"), "p4": float("nan")}, "flatten", "pred_distri[0,64,0] is nan, #64 P4 y0 x0 (80, 80 px)"),
]


@pytest.mark.parametrize(("edits", "stage", "text"), NAN_CASES)
def test_nan_in_heads_is_traced_and_named_where_it_appears_first(yolo_assign, save_heads, edits, stage, text):
    arguments = ("trace", "--labels", "one.txt", "--heads", save_heads(**edits))
    outcome = yolo_assign(*arguments)
    assert outcome.code == 0
    assert "Warning" not in outcome.err
    assert outcome.out.count("nan or infinity appears here first") == 1
    assert f"! nan or infinity appears here first: {text}" in outcome.out
    assert f"-- ! nan or infinity appears here first: {text}" in Path("run.log").read_text(encoding="utf-8")
    stages = yolo_assign(*arguments, "--json").document["stages"]
    assert [s["name"] for s in stages for fact in s["facts"] if fact["id"] == "non-finite"] == [stage]

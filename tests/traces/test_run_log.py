"""run.log: complete, diffable, readable, and read back into the arrays it was made from."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.commands import ROOT
from tests.traces.traces import KINDS, SMALL, assert_same_bits, traced
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.traces.run_log import read_run_log


def log_of(folder, kind, digits=5):
    """The log of a trace, and the trace in memory."""
    path = folder / "run.log"
    return path, traced(folder, kind, RunLog(path, digits=digits))


# --- re-readable ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_nine_digits_give_every_array_back_exactly(tmp_path, kind):
    path, memory = log_of(tmp_path, kind, digits=9)
    log = read_run_log(path)
    assert list(log.outputs) == list(memory.records)  # everything, in order
    for key, record in memory.records.items():
        assert_same_bits(log.outputs[key].array, record.array)


@pytest.mark.parametrize("digits", [1, 3, 4, 5, 8])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_fewer_digits_round_numbers_and_nothing_else(tmp_path, kind, digits):
    path, memory = log_of(tmp_path, kind, digits)
    log = read_run_log(path)
    assert log.digits == digits
    for key, record in memory.records.items():
        array, exact = log.outputs[key].array, record.array
        if exact.dtype.kind != "f":
            assert_same_bits(array, exact)
            continue
        assert (array.dtype, array.shape) == (exact.dtype, exact.shape)
        assert np.array_equal(np.isnan(array), np.isnan(exact))
        odd = ~np.isfinite(exact)
        assert np.array_equal(array[odd], exact[odd], equal_nan=True)
        float32 = np.finfo(np.float32)  # half a unit of the last digit, and the rounding to float32
        tolerance = 0.5 * 10.0 ** (1 - digits) + float32.eps
        np.testing.assert_allclose(array[~odd], exact[~odd], rtol=tolerance, atol=float32.smallest_subnormal)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_declarations_header_and_grid_are_given_back(tmp_path, kind):
    path, memory = log_of(tmp_path, kind)
    log = read_run_log(path)
    assert log.header == memory.run.header()
    assert log.settings == memory.run.trace_settings()
    assert log.grid == memory.run.grid
    declared = {f"{result.stage}.{output.name}": output for result in STAGE_RESULTS for output in result.outputs()}
    assert {key: stored.output for key, stored in log.outputs.items()} == declared
    assert [stored.stage for stored in log.outputs.values()] == [key.partition(".")[0] for key in declared]
    assert (log.array("fg_mask") == memory["fg_mask"]).all()


# --- diffable ------------------------------------------------------------------------------------------------------

VALUES = re.compile(r"(?P<start>(?P<name>\w+)(\[[\d,]+\])?( P\d+ y\d+( x\d+)?| P\d+)?)  (?P<values>\S.*)")
TENSOR = re.compile(r"\w+  (float32|int64|bool) \[[^\]]+\] \w+  .*\S")
REST = re.compile(r"|# .*\S|== .*\S|-- .*\S")


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_value_line_begins_with_its_own_name_and_index(tmp_path, kind):
    """So a line of a diff needs no context, and grep finds a value."""
    path, memory = log_of(tmp_path, kind)
    names = {record.name for record in memory.records.values()}
    starts = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if TENSOR.fullmatch(line) or REST.fullmatch(line):
            continue
        match = VALUES.fullmatch(line)
        assert match, f"{number}: {line}"
        assert match["name"] in names
        starts.append(match["start"])
    assert len(set(starts)) == len(starts)


def test_grep_for_a_pair_finds_its_line_in_every_table(tmp_path):
    path, memory = log_of(tmp_path, KINDS[0])
    lines = path.read_text(encoding="utf-8").splitlines()
    image, gt, anchor = memory["pairs"][5].tolist()
    start = f"align_metric[{image},{gt},{anchor}] {memory.run.grid.address(anchor).short}  class_scores="
    assert sum(line.startswith(start) for line in lines) == 1
    assert (
        sum(line.startswith("align_metric[2,1,") for line in lines) == (memory["pairs"][:, :2] == [2, 1]).all(1).sum()
    )


def test_nothing_in_a_log_depends_on_when_where_or_how_often_it_was_made(tmp_path):
    texts = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        path, _ = log_of(folder, KINDS[0])
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
    text = texts[0].decode("utf-8")
    assert str(tmp_path) not in text
    assert "\r" not in text
    assert not re.search(r"\d\d:\d\d|20\d\d-\d\d|0x[0-9a-f]{6}", text)
    assert [line.split()[1] for line in text.split("\n")[1:9]] == [
        *("labels", "grid", "heads", "release", "assigner", "digits", "versions", "settings"),
    ]


ODD_NAMES = [
    # label file names that a header must survive
    b"with spaces  and # marks.txt",
    b"two\nlines.txt",
    "größe·箱.txt".encode(),
    b"not utf-8 \xff.txt",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_label_file_may_have_any_name(yolo_assign, folder, name):
    path = os.fsdecode(name)
    Path(path).write_text(SMALL.labels)
    outcome = yolo_assign("trace", "--labels", path, "--quiet")
    assert outcome.code == 0, outcome.err
    assert read_run_log(Path("run.log")).outputs


def test_the_committed_log_is_the_trace_of_the_samples(yolo_assign, folder):
    committed = ROOT / "run.log"
    if not committed.exists():
        pytest.skip("no run.log at the root")
    inputs = ROOT / "sample_inputs"
    arguments = [
        f"--{name}={inputs / file}"
        for name, file in (
            ("labels", "labels.txt"),
            ("shapes", "shapes.yaml"),
            ("heads", "random_heads.npz"),
        )
    ]
    assert yolo_assign("trace", "--quiet", *arguments).code == 0
    found, expected = ((path.read_text(encoding="utf-8")) for path in (folder / "run.log", committed))
    version = re.compile(r"^# versions .*$", re.MULTILINE)
    if version.search(found)[0] != version.search(expected)[0]:
        pytest.skip("the committed log was made with other versions")
    assert found == expected


# --- readable ------------------------------------------------------------------------------------------------------


def test_a_mask_looks_like_its_box(tmp_path):
    path, _ = log_of(tmp_path, KINDS[0])
    text = path.read_text(encoding="utf-8")
    # image 3's box covers 174.4 to 271.04 px by 257.6 to 409.28 px: two cells of P3, one of P4, none of P5
    assert re.findall(r"^mask_in_gts\[3,0\] (.*)$", text, re.MULTILINE) == [
        "P3 y3  . . # . . . . .",
        "P3 y4  . . # . . . . .",
        "P4 y2  . # . .",
    ]
    assert "\nfg_mask[3] P3 y3  . . # . . . . .\n" in text


def test_a_tensor_line_has_type_sizes_unit_and_statistics_with_the_index_of_the_extremes(tmp_path):
    path, memory = log_of(tmp_path, KINDS[6])  # with nan and infinity
    text = path.read_text(encoding="utf-8")
    logits = memory["pred_distri"]
    finite = np.where(np.isfinite(logits), logits, 0)
    highest = ",".join(str(i) for i in np.unravel_index(finite.argmax(), finite.shape))
    line = re.search(r"^pred_distri  float32 \[image 4, anchor 84, channel 64\] logit  .*$", text, re.MULTILINE)[0]
    assert f"  max 3.4028e+38 at [{highest}]  " in line
    assert f"  zero {(logits == 0).sum()}  nan {np.isnan(logits).sum()}  inf {np.isinf(logits).sum()}" in line
    claims = memory["claims"]
    line = re.search(r"^claims  int64 \[image 4, anchor 84\] count  .*$", text, re.MULTILINE)[0]
    assert f"min 0 at [0,0]  max {claims.max()} at " in line
    assert line.endswith(f"  distinct {len(np.unique(claims))}")
    line = re.search(r"^fg_mask  bool \[image 4, anchor 84\] mask  .*$", text, re.MULTILINE)[0]
    assert line.endswith(f"  true {memory['fg_mask'].sum()} of {4 * 84}")
    pairs = len(memory["pairs"])
    assert f"\noverlaps  float32 [pair {pairs} of image 4, gt 3, anchor 84] overlap  " in text  # zero elsewhere

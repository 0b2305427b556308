"""`yolo-assign trace`: what every option about the output does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.filesize import decimal

from yolo_assign_trace.assignment.outputs import STAGE_RESULTS
from yolo_assign_trace.traces.run_log import read_run_log

STAGES = [result.stage for result in STAGE_RESULTS]
JSON = ("--json", "--no-log")


def facts_of(document):
    return {fact["id"]: fact["text"] for stage in document["stages"] for fact in stage["facts"]}


def test_log_save_no_log_say_what_is_written(yolo_assign, folder):
    before = {path.name for path in folder.iterdir()}
    cases = [
        # arguments, files written
        ((), ["run.log"]),
        (("--log", "other.log"), ["other.log"]),
        (("--no-log",), []),
        (("--no-log", "--save", "t.safetensors"), ["t.safetensors"]),
        (("--save", "t.safetensors"), ["run.log", "t.safetensors"]),
    ]
    for arguments, files in cases:
        outcome = yolo_assign("trace", "--labels", "one.txt", *arguments)
        assert outcome.code == 0
        assert {path.name for path in folder.iterdir()} - before == set(files), arguments
        sizes = [f"{name} ({decimal(Path(name).stat().st_size)})" for name in files]
        assert outcome.err == (f"wrote {', '.join(sizes)}\n" if files else "")
        for name in files:
            (folder / name).unlink()


def test_quiet_prints_nothing_and_writes_the_same_log(yolo_assign):
    loud = yolo_assign("trace", "--labels", "labels.txt", "--log", "loud.log")
    quiet = yolo_assign("trace", "--labels", "labels.txt", "--log", "quiet.log", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert loud.out
    assert Path("quiet.log").read_bytes() == Path("loud.log").read_bytes()


def test_stage_limits_what_is_printed_but_not_what_is_logged(yolo_assign):
    whole = yolo_assign("trace", "--labels", "labels.txt", "--log", "whole.log")
    part = yolo_assign("trace", "--labels", "labels.txt", "--stage", "topk", "--stage", "resolve")
    title = re.compile(r"^ ?(\d+) (\w+)  ", re.MULTILINE)
    assert [name for _, name in title.findall(whole.out)] == STAGES
    assert [name for _, name in title.findall(part.out)] == ["topk", "resolve"]
    assert "positives for 7 boxes" in part.out  # the closing lines stay
    assert Path("run.log").read_bytes() == Path("whole.log").read_bytes()
    document = yolo_assign("trace", "--labels", "labels.txt", "--stage", "topk", *JSON).document
    assert [stage["name"] for stage in document["stages"]] == ["topk"]


def test_digits(yolo_assign):
    # 0.612 · 640 is 391.68 in px; the first box ends there plus half its width
    for digits, text in [("2", "180.0"), ("5", "178.56"), ("9", "178.56")]:
        assert yolo_assign("trace", "--labels", "labels.txt", "--digits", digits, "--quiet").code == 0
        log = Path("run.log").read_text(encoding="utf-8")
        assert re.search(r"^gt_bboxes\[0,0\]  (\S+)", log, re.MULTILINE)[1] == text
        assert f"# digits    {digits}\n" in log


def test_json_has_declarations_statistics_facts_and_boxes(yolo_assign):
    outcome = yolo_assign("trace", "--labels", "labels.txt", "--log", "other.log", "--json")
    assert outcome.code == 0
    document = outcome.document
    log = read_run_log(Path("other.log"))
    assert document["log"] == "other.log"
    assert document["remarks"] == []
    assert {key: document[key] for key in log.header} == dict(log.header)
    assert document["settings"] | {"topk": 10, "alpha": 0.5, "beta": 6.0, "nc": 3, "batch": 4} == document["settings"]
    for stage in document["stages"]:
        for output in stage["outputs"]:
            stored = log.outputs[f"{stage['name']}.{output['name']}"]
            assert (output["unit"], output["meaning"]) == (stored.output.unit, stored.output.meaning)
            assert (tuple(output["shape"]), output["dtype"]) == (stored.array.shape, stored.array.dtype.name)
            if output["dtype"] == "float32":
                assert output["statistics"]["max"] == pytest.approx(stored.array.max(), rel=1e-4)
    assert [(box["image"], box["gt"], box["label"]) for box in document["boxes"]] == [
        (0, 0, 1),
        (0, 1, 0),
        (1, 0, 1),
        (2, 0, 2),
        (2, 1, 1),
        (2, 2, 0),
        (3, 0, 2),
    ]
    positives = int(log.array("fg_mask").sum())
    assert sum(box["positives"] for box in document["boxes"]) == positives
    assert facts_of(document)["positives"] == f"{positives} positive anchors"


def test_the_console_ends_with_a_line_per_box_and_names_the_cause_of_one_without_positives(yolo_assign, folder):
    (folder / "my.txt").write_text("0 .5 .5 .5 .5\n0 .2 .2 .01 .01\n")
    out = yolo_assign("trace", "--labels", "my.txt", "--no-log").out
    closing = out[out.index("Boxes") :]
    assert re.search(r"^ +0 +0 +0 +320\.0x320\.0 ", closing, re.MULTILINE)
    assert re.search(r"^ +0 +1 +0 +6\.4x6\.4 .*\n.*no positives, no-anchor-inside", closing, re.MULTILINE)


def test_tracer_runs_a_class_or_a_function_of_an_importable_module(yolo_assign, folder, monkeypatch):
    (folder / "counting_tracers.py").write_text(
        "from yolo_assign_trace import Tracer\n"
        "seen = []\n"
        "class Counts(Tracer):\n"
        "    def output(self, record): seen.append(record.key)\n"
        "def function(record): seen.append(record.name)\n"
    )
    monkeypatch.syspath_prepend(folder)
    both = ("--tracer", "counting_tracers:Counts", "--tracer", "counting_tracers:function")
    assert yolo_assign("trace", "--labels", "one.txt", "--quiet", *both).code == 0
    import counting_tracers

    outputs = [
        (f"{result.stage}.{output.name}", output.name) for result in STAGE_RESULTS for output in result.outputs()
    ]
    assert counting_tracers.seen == [name for both in outputs for name in both]


def test_a_log_beyond_the_limit_stops_before_writing(yolo_assign):
    Path("run.log").write_text("the old log")
    outcome = yolo_assign("trace", "--labels", "labels.txt", "--max-log", "0.0001", "--quiet")
    assert outcome.code == 2
    assert "[log-too-large]" in outcome.err
    assert "--max-log" in outcome.err
    assert Path("run.log").read_text() == "the old log"
    assert yolo_assign("trace", "--labels", "labels.txt", "--max-log", "0", "--quiet").code == 0  # 0: no limit


def test_a_log_that_its_pairs_make_too_large_stops_when_they_are_counted(yolo_assign):
    # 60 boxes as large as the image: 60 x 525 candidate pairs, about 7 MB of log; without them it takes 1 MB
    Path("large.txt").write_text("0 0 0.5 0.5 1 1\n" * 60)
    Path("run.log").write_text("the old log")
    arguments = ("trace", "--labels", "large.txt", "--shapes", "yolov8", "--imgsz", "160", "--quiet", "--max-log")
    outcome = yolo_assign(*arguments, "0.003")
    assert outcome.code == 2
    assert "[log-too-large]" in outcome.err
    assert Path("run.log").read_text() == "the old log"
    assert list(Path().glob(".*.part")) == []
    assert yolo_assign(*arguments, "0.01").code == 0
    assert 0.003 * 2**30 < Path("run.log").stat().st_size < 0.01 * 2**30

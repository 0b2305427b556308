"""`yolo-assign sweep` as people and scripts use it: table, CSV, JSON, and what it refuses."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.assignment import golden_cases
from tests.commands import ROOT, Outcome

STUDY = ("--labels", "labels.txt")
RANDOM = str(ROOT / "sample_inputs" / "random_heads.npz")  # their maps are those that --seed 0 gives
GEOMETRY = (
    "synthetic heads: only candidates, no-anchor-inside and ignored-as-padding, which are geometry, carry meaning"
)
COUNTS = ["candidates", "positives", "contested", "mean_target", "without"]


@pytest.fixture
def sweep(yolo_assign: Callable[..., Outcome], save_heads: Callable[..., str], folder: Path) -> Callable[..., Outcome]:
    save_heads(channels=67, batch=4)
    (folder / "call.npz").write_bytes((golden_cases.COPIED / "one_to_one.npz").read_bytes())
    (folder / "tiny.txt").write_text("0 .5 .5 .004 .004\n0 .5 .5 .3 .3\n")
    return lambda *arguments: yolo_assign("sweep", *arguments)


# --- JSON and CSV ----------------------------------------------------------------------------------------------------


def test_json_has_the_same_keys_in_every_row(sweep):
    document = sweep(*STUDY, "--topk", "10,3", "--assigner", "yolov8,8.4.190", "--json").document
    assert list(document) == ["release", "synthetic_heads", "notes", "rows"]
    for row in document["rows"]:
        keys = ["setting", "assigner", "parameters", "boxes", *COUNTS, "causes", "sizes", "difference"]
        assert list(row) == keys
        assert set(row["parameters"]) == {"topk", "topk2", "alpha", "beta", "overlap"}
        assert list(row["difference"]) == COUNTS
        assert [size["size"] for size in row["sizes"]] == ["<8", "8-16", "16-32", "32-96", ">96"]
    assert [row["setting"] for row in document["rows"]] == [
        {"assigner": name, "topk": topk} for name in ("yolov8", "8.4.190") for topk in ("10", "3")
    ]
    assert document["rows"][3]["assigner"] == "ultralytics==8.4.190"
    assert document["rows"][0]["causes"] == {"metric-zero": 1}
    assert document["rows"][2]["causes"] == {}


def test_csv_has_one_line_a_row_with_the_numbers_of_json(sweep):
    lists = ("--topk", "10,3", "--assigner", "yolov8,8.4.190")
    rows = list(csv.DictReader(io.StringIO(sweep(*STUDY, *lists, "--csv").out)))
    documents = sweep(*STUDY, *lists, "--json").document["rows"]
    assert len(rows) == len(documents) == 4
    for row, document in zip(rows, documents, strict=True):
        assert None not in row  # no value without a column
        assert (row["topk"], row["assigner"]) == (document["setting"]["topk"], document["setting"]["assigner"])
        assert [float(row[name]) for name in COUNTS] == pytest.approx([document[name] for name in COUNTS])
        assert int(row["without_metric-zero"]) == document["causes"].get("metric-zero", 0)
        assert int(row["positives_>96"]) == document["sizes"][4]["positives"]


def test_csv_leaves_a_mean_of_nothing_empty(sweep, folder):
    (folder / "empty.txt").write_text("")
    (row,) = csv.DictReader(io.StringIO(sweep("--labels", "empty.txt", "--nc", "2", "--csv").out))
    assert (row["positives"], row["mean_target"]) == ("0", "")


# --- what carries meaning --------------------------------------------------------------------------------------------

HEADS = [
    # inputs, are their heads synthetic?
    (STUDY, True),
    ((*STUDY, "--heads", "heads.npz"), False),
    (("--capture", "call.npz", "--assigner", "8.4.190"), False),
]


@pytest.mark.parametrize(("inputs", "synthetic"), HEADS, ids=str)
def test_synthetic_heads_are_told_in_every_form_and_only_then(sweep, inputs, synthetic):
    assert (GEOMETRY in sweep(*inputs).out) == synthetic
    document = sweep(*inputs, "--json").document
    assert (document["synthetic_heads"], GEOMETRY in document["notes"]) == (synthetic, synthetic)
    as_csv = sweep(*inputs, "--csv")
    assert (GEOMETRY in as_csv.err) == synthetic
    (row,) = csv.DictReader(io.StringIO(as_csv.out))
    assert row["heads"] == ("synthetic" if synthetic else "given")


# --- the table -------------------------------------------------------------------------------------------------------


def test_piped_every_count_stands_in_one_table_with_the_difference_in_brackets(sweep):
    lines = sweep(*STUDY, "--heads", RANDOM, "--topk", "10,3").out.splitlines()
    start = lines.index("Assigned  in brackets: the difference to the first row")
    title, first, second = (line.split("  ") for line in lines[start + 1 : start + 4])
    assert [word.strip() for word in title if word] == [
        "topk",
        "candidates",
        "positives",
        "contested",
        "mean target",
        "without",
    ]
    assert [word.strip() for word in first if word][:3] == ["10", "86", "38"]
    assert [word.strip() for word in second if word][:3] == ["3", "86", "15 (-23)"]


def test_synthetic_heads_show_geometry_and_nothing_that_a_model_would_decide(sweep):
    lines = sweep(
        "--labels", "tiny.txt", "--shapes", "yolov8", "--release", "8.3.253", "--topk", "10,3"
    ).out.splitlines()
    start = lines.index("Geometry  in brackets: the difference to the first row")
    assert lines[start + 1].split() == ["topk", "boxes", "candidates", "no-anchor-inside", "ignored-as-padding"]
    assert lines[start + 2].split()[:2] == ["10", "2"]
    assert lines[start + 2].split()[3:] == ["1", "0"]  # the box of 3 px lies between the anchors
    assert not any("positives" in line for line in lines[start:-1])
    assert "positives need heads of a model" in lines[-1]


WIDTHS = [
    # columns of the terminal, the lists
    (80, ("--topk", "10,5")),
    (80, ("--topk", "10,5", "--assigner", "yolov8,ultralytics==8.4.190", "--alpha", "0.5,1", "--overlap", "ciou,giou")),
    (200, ("--topk", "10,5", "--assigner", "yolov8,ultralytics==8.4.190", "--alpha", "0.5,1", "--beta", "4,6")),
]


@pytest.mark.parametrize(("columns", "lists"), WIDTHS, ids=str)
def test_a_terminal_gets_lines_that_fit_and_every_number(sweep, on_screen, columns, lists):
    options = ("--labels", "tiny.txt", "--shapes", "yolov8", "--imgsz", "320", *lists)
    lines = on_screen(columns, "sweep", *options)
    assert max(map(cell_len, lines)) <= columns
    # a table that was split repeats its settings, and nothing else is lost or new
    assert set(" ".join(lines).split()) == set(sweep(*options).out.split())


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED = [
    # arguments, id, where, part of the message or hint
    ((*STUDY, "--topk", "5,x"), "wrong-value", "--topk", "'x' cannot be read"),
    ((*STUDY, "--topk", ""), "wrong-value", "--topk", "'' cannot be read"),
    ((*STUDY, "--beta", "4,4.0"), "wrong-value", "--beta", "a value stands twice"),
    ((*STUDY, "--assigner", "8.4.190,ultralytics==8.4.190"), "wrong-value", "--assigner", "a value stands twice"),
    ((*STUDY, "--topk", "5,0"), "wrong-parameter", "--topk", "topk is 0"),
    ((*STUDY, "--alpha", "-1"), "wrong-parameter", "--alpha", "expected a number from 0"),
    ((*STUDY, "--beta", "nan"), "wrong-parameter", "--beta", "expected a number from 0"),
    ((*STUDY, "--overlap", "ciou,siou"), "unknown-overlap", "--overlap", "did you mean"),
    ((*STUDY, "--assigner", "yolov8,yolov9"), "unknown-assigner", "--assigner", "did you mean yolov8"),
    ((*STUDY, "--assigner", "8.4.190,yolov8", "--topk2", "1"), "no-topk2", "--topk2", "8.4.0"),
    ((*STUDY, "--topk", "84,85"), "fewer-anchors-than-k", "--shapes study", "85"),
    ((*STUDY, "--topk", ",".join(map(str, range(1, 1100)))), "too-many", "", "more than 1000"),
    ((*STUDY, "--imgsz", "640,1280"), "fixed-imgsz", "--imgsz", "study grid"),
    ((*STUDY, "--heads", "heads.npz", "--imgsz", "640,1280"), "options-exclude", "--imgsz", "one input size"),
    (("--capture", "call.npz", "--imgsz", "640,1280"), "options-exclude", "--capture", "cannot be combined"),
    (("--labels", "missing.txt"), "no-such-file", "missing.txt", ""),
    ((), "no-labels", "", "--labels"),
    (("--labels", "missing.txt", "--assigner", "yolov9"), "unknown-assigner", "--assigner", ""),  # before reading
]


@pytest.mark.parametrize(("arguments", "id", "where", "says"), REFUSED, ids=str)
def test_what_cannot_be_swept_is_told_and_nothing_is_printed(sweep, arguments, id, where, says):
    outcome = sweep(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    error = next(line for line in outcome.err.splitlines() if line.startswith("error: "))
    assert error.startswith(f"error: {where}")
    assert error.endswith(f"[{id}]")
    assert says in outcome.err


def test_variables_name_the_base_as_they_do_for_trace(sweep, monkeypatch):
    monkeypatch.setenv("YOLO_ASSIGN_TOPK", "3")
    monkeypatch.setenv("YOLO_ASSIGN_BETA", "1")
    (row,) = sweep(*STUDY, "--json").document["rows"]
    assert (row["parameters"]["topk"], row["parameters"]["beta"]) == (3, 1.0)

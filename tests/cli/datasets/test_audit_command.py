"""`yolo-assign audit`: exit codes, verdict and tables, JSON, CSV, Parquet, annotations, and results that are kept."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest

from tests.commands import loaded_after, python
from tests.inputs.datasets.made import put, put_all, put_images

TINY, LARGE, BAD = "1 .503 .503 .004 .004\n", "0 .5 .5 .5 .5\n", "0 .5 .5 .5\n"
OLD = ("--release", "8.3.253")


@pytest.fixture
def dataset(folder: Path) -> Path:
    """Two splits: four images to train on, one of them broken; one to validate on."""
    put("data.yaml", "train: images/train\nval: images/val\nnames: [car, bird]\n")
    for split, stems in {"train": ("a", "b", "c", "d"), "val": ("e",)}.items():
        put_images(*stems)
        (folder / "images" / split).mkdir()
        for stem in stems:
            (folder / f"images/{stem}.png").rename(folder / f"images/{split}/{stem}.png")
    put_all(
        {
            "labels/train/a.txt": LARGE + TINY,
            "labels/train/b.txt": LARGE + BAD,
            "labels/train/c.txt": LARGE,
            "labels/train/d.txt": "",
            "labels/val/e.txt": TINY,
        }
    )
    return folder


# --- exit codes ------------------------------------------------------------------------------------------------------

LIMITS = [
    # limits, exit code
    ((), 0),  # whatever is found
    (("never>2",), 0),  # two boxes
    (("never>1",), 1),
    (("never>50%",), 0),  # two of four
    (("never>49.9%",), 1),
    (("never > 0", "errors>0"), 1),
    (("errors>0",), 1),
    (("errors>20%",), 0),  # of five images
    (("dropped>0",), 1),
    (("wrong-column-count>0",), 1),
    (("duplicate-box>0",), 0),
    (("warnings>0",), 0),
    (("few>1",), 1),
    (("beyond>0",), 0),
]


@pytest.mark.parametrize(("limits", "code"), LIMITS, ids=str)
def test_exit_code_1_only_above_a_limit(yolo_assign, dataset, limits, code):
    options = [word for limit in limits for word in ("--fail-on", limit)]
    outcome = yolo_assign("audit", "data.yaml", *OLD, *options)
    assert outcome.code == code
    assert outcome.err.count("over the limit") == (0 if not code else len(limits))


WRONG = [
    # arguments, id of the error
    (("missing.yaml",), "no-such-file"),
    (("one.txt", "--split", "val"), "no-split"),
    (("data.yaml", "--split", "train,nowhere"), "no-such-split"),
    (("data.yaml", "--release", "latest"), "unknown-release"),
    (("data.yaml", "--release", "8.4.190,8.4.190"), "wrong-value"),
    (("data.yaml", "--imgsz", "640,x"), "wrong-value"),
    (("data.yaml", "--imgsz", "0"), "wrong-value"),
    (("data.yaml", "--imgsz", ",".join(map(str, range(32, 32 * 102, 32)))), "too-many"),
    (("data.yaml", "--shapes", "yolov9000"), "unknown-shapes"),
    (("data.yaml", "--imgsz", "32"), None),  # 16 + 4 + 1 cells are enough for 10
    (("data.yaml", "--imgsz", "32", "--topk", "22"), "fewer-anchors-than-k"),
    (("data.yaml", "--labels-as", "latest"), "unknown-release"),
    (("data.yaml", "--mode", "test"), "unknown-mode"),
    (("data.yaml", "--image-size", "640"), "wrong-image-size"),
    (("data.yaml", "--nc", "4"), "classes-disagree"),
    (("data.yaml", "--fail-on", "never"), "wrong-limit"),
    (("data.yaml", "--fail-on", "nevver>1"), "wrong-limit"),
    (("data.yaml", "--format", "gitlab"), "unknown-format"),
    (("data.yaml", "--format", "github", "--json"), "options-exclude"),
    (("data.yaml", "--on", "localhost"), "unknown-cluster"),
    (("data.yaml", "--resume", "data.yaml"), "not-writable"),
    (("labels",), "image-size-unknown"),
    (("data.yaml", "--processes", "0"), "usage"),
    ((), "usage"),
]


@pytest.mark.parametrize(("arguments", "id"), WRONG, ids=str)
def test_exit_code_2_on_what_cannot_be_used(yolo_assign, dataset, arguments, id):
    if arguments == ("labels",):
        (dataset / "images").rename(dataset / "elsewhere")
    outcome = yolo_assign("audit", *arguments)
    assert outcome.code == (2 if id else 0)
    assert id is None or f"[{id}]" in outcome.err


def test_what_a_word_may_have_meant(yolo_assign, dataset):
    assert "did you mean never or nested?" in yolo_assign("audit", "data.yaml", "--fail-on", "nevver>1").err


def test_without_pyarrow_that_is_said(yolo_assign, dataset, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    outcome = yolo_assign("audit", "data.yaml", "--parquet", "tables")
    assert (outcome.code, "pip install 'yolo-assign-trace[audit]'" in outcome.err) == (2, True)


# --- what is said ----------------------------------------------------------------------------------------------------


def test_the_verdict_says_what_to_act_on(yolo_assign, dataset):
    out = yolo_assign("audit", "data.yaml", "--release", "8.3.253,8.4.190").out
    for part in (
        "2 of 4 boxes (50.0 %) have no candidate at 640 yolov8 8.3.253",
        "class bird, 2 of 2; boxes of <8 px, 2 of 2",
        "imgsz 1280",
        "a level P2 of stride 4",
        "release 8.4.190 100 %",
        "1 error, 0 warnings read as 8.3.253; training drops 1 image",
        "geometry only",
        "labels/train/a.txt:2: class bird, 2.56x1.92 px, 0 candidates",
        "labels/train/b.txt:2: expected 5 numbers",
    ):
        assert part in out, part


def test_a_release_that_enlarges_small_boxes_is_not_the_end_of_it(yolo_assign, dataset):
    assert "releases before 8.4.0 do not: --release 8.3.253" in yolo_assign("audit", "data.yaml").out
    assert "releases before 8.4.0" not in yolo_assign("audit", "data.yaml", *OLD).out


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_nothing_is_wider_than_the_terminal(on_screen, dataset, columns):
    options = ("--imgsz", "640,1280", "--shapes", "yolov8,yolov8-p2", "--release", "8.3.253,8.4.190", "--all")
    lines = on_screen(columns, "audit", "data.yaml", *options)
    wide = [line for line in lines if len(line) > columns]
    assert not wide or columns == 40  # tables have columns that stay
    assert any(line.startswith("Verdict") for line in lines)


def test_nothing_but_text_is_piped(process, dataset):
    run = process("audit", "data.yaml", *OLD)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, "")
    assert "\x1b" not in out


EMPTY = [
    # files, what is said
    ({"labels/a.txt": ""}, "there is no box to count"),
    ({}, "there is no box to count"),  # label files that are missing
    ({"labels/a.txt": BAD}, "training drops 1 image"),
    ({"labels/a.txt": "0 .5 .5 0 0\n"}, "1 of 1 box (100 %) have no candidate"),
]


@pytest.mark.parametrize(("files", "said"), EMPTY)
@pytest.mark.parametrize("mode", ["val", "train"])
def test_datasets_with_next_to_nothing(yolo_assign, folder, files, said, mode):
    put_images("a")
    put_all(files)
    outcome = yolo_assign("audit", "images", "--mode", mode, *OLD)
    assert outcome.code == 0
    assert said in outcome.out or mode == "train"
    assert yolo_assign("audit", "images", "--mode", mode, "--json").document["combinations"][0]["boxes"] <= 1


# --- for scripts -----------------------------------------------------------------------------------------------------


def test_json_holds_everything(yolo_assign, dataset):
    options = ("--imgsz", "320,640", "--release", "8.3.253,8.4.190", "--split", "train,val")
    document = yolo_assign("audit", "data.yaml", *options, "--json").document
    names = [(one["release"], one["imgsz"][0], one["never"]) for one in document["combinations"]]
    assert names == [("8.3.253", 320, 2), ("8.3.253", 640, 2), ("8.4.190", 320, 0), ("8.4.190", 640, 0)]
    first = document["combinations"][0]
    assert first["never_first"][0] == {
        "path": "labels/train/a.txt",
        "line": 2,
        "label": 1,
        "width": 1.28,
        "height": 0.96,
        "candidates": 0,
    }
    assert {row["group"]: row["never"] for row in first["by_class"]} == {"car": 0, "bird": 2}
    assert sum(first["boxes_by_candidates"]) == first["boxes"] == 4
    assert sum(level["candidates"] for level in first["levels"]) == first["candidates"]
    labels = document["labels"][0]
    assert (labels["images"], labels["dropped_images"], labels["boxes"]) == (5, 1, 4)
    assert [group["id"] for group in labels["findings"]] == ["wrong-column-count", "label-empty", "under-2-px"]
    assert len(document["smallest_inputs"]) == 2


def test_findings_are_those_of_labels(yolo_assign, dataset):
    audit = yolo_assign("audit", "data.yaml", "--json").document["labels"][0]
    labels = yolo_assign("labels", "data.yaml", "--json").document
    assert audit["findings"] == labels["findings"]
    assert all(audit[name] == labels[name] for name in ("images", "boxes", "labels", "dropped_images", "read_as"))


def test_csv_has_a_row_for_every_combination(yolo_assign, dataset):
    options = ("--imgsz", "640,384x640", "--shapes", "yolov8,yolov8-p6", *OLD)
    rows = list(csv.DictReader(io.StringIO(yolo_assign("audit", "data.yaml", *options, "--csv").out)))
    assert [(row["shapes"], row["height"], row["never"]) for row in rows] == [
        ("yolov8", "640", "2"),
        ("yolov8", "384", "2"),
        ("yolov8-p6", "640", "2"),
        ("yolov8-p6", "384", "2"),
    ]


def test_annotations_for_github(yolo_assign, dataset):
    out = yolo_assign("audit", "data.yaml", *OLD, "--format", "github", "--fail-on", "never>1").out
    lines = [line for line in out.splitlines() if line.startswith("::")]
    assert lines == [
        "::error title=audit::over the limit never>1: 2 of 4 boxes at 640 yolov8 8.3.253",
        "::error file=labels/train/b.txt,line=2,title=wrong-column-count::"
        "expected 5 numbers (class cx cy w h), found 4; training drops the whole image",
        "::warning file=labels/train/a.txt,line=2,title=never::"
        "the box of class bird is 2.56x1.92 px at 640 yolov8 8.3.253: it has no candidate",
        "::warning file=labels/val/e.txt,line=1,title=never::"
        "the box of class bird is 2.56x1.92 px at 640 yolov8 8.3.253: it has no candidate",
    ]


def test_tables_have_a_row_for_every_box_and_picture(yolo_assign, dataset):
    parquet = pytest.importorskip("pyarrow.parquet")
    options = ("--release", "8.3.253,8.4.190", "--imgsz", "640,320", "--parquet", "tables")
    assert yolo_assign("audit", "data.yaml", *options).code == 0
    rows = parquet.read_table("tables/boxes").to_pylist()
    assert [(row["release"], row["file"], row["line"], row["class"], row["candidates_640_yolov8"]) for row in rows] == [
        ("8.3.253", "labels/train/a.txt", 1, 0, 1560),
        ("8.3.253", "labels/train/a.txt", 2, 1, 0),
        ("8.3.253", "labels/train/c.txt", 1, 0, 1560),
        ("8.3.253", "labels/val/e.txt", 1, 1, 0),
        ("8.4.190", "labels/train/a.txt", 1, 0, 1560),
        ("8.4.190", "labels/train/a.txt", 2, 1, 5),
        ("8.4.190", "labels/train/c.txt", 1, 0, 1560),
        ("8.4.190", "labels/val/e.txt", 1, 1, 5),
    ]
    assert all(row["p3_320_yolov8"] >= row["p4_320_yolov8"] for row in rows)
    pictures = parquet.read_table("tables/pictures").to_pylist()
    assert [(row["boxes"], row["arrives"], row["never_640_yolov8"]) for row in pictures[:5]] == [
        (2, True, 1),
        (0, False, 0),
        (1, True, 0),
        (0, True, 0),
        (1, True, 1),
    ]


def test_tables_of_an_audit_before_do_not_stay(yolo_assign, dataset):
    parquet = pytest.importorskip("pyarrow.parquet")
    yolo_assign("audit", "data.yaml", "--release", "8.3.253,8.4.190", "--parquet", "tables")
    put("tables/boxes/mine.parquet", "not ours")
    yolo_assign("audit", "data.yaml", "--parquet", "tables")
    assert sorted(path.name for path in Path("tables/boxes").iterdir()) == ["000000-0.parquet", "mine.parquet"]
    assert parquet.read_table("tables/boxes/000000-0.parquet").num_rows == 4


# --- what is not loaded ----------------------------------------------------------------------------------------------


def test_an_audit_does_not_wait_for_torch(dataset):
    script = (
        "import sys; sys.modules['torch'] = None\nfrom yolo_assign_trace.cli.main import run\n"
        "sys.exit(run(['audit', 'data.yaml', '--imgsz', '640,1280', '--format', 'github']))"
    )
    assert "Verdict" in python("-c", script, cwd=dataset).stdout


def test_the_room_needs_numpy_and_no_torch():
    loaded = loaded_after("import yolo_assign_trace.audit.run, yolo_assign_trace.audit.verdict")
    assert "numpy" in loaded
    assert loaded & {"torch", "pyarrow", "distributed", "rich", "typer"} == set()

"""``yolo-assign history``: tables, JSON, CSV, two recordings, and what is refused."""

from __future__ import annotations

import csv
import io

import pytest

from tests.commands import loaded_after
from tests.history.recordings import assigner_line, box_line, count_line, picture_line, run_line, write
from yolo_assign_trace.history.history import read_history

TRAINER = {"kind": "trainer", "class_names": ["a", "b"], "arguments": {"model": "yolov8n.yaml", "save_dir": "x"}}
BOXES = [picture_line(), *(box_line(epoch, gt, owners) for epoch in (0, 1) for gt, owners in enumerate(("", "A")))]


@pytest.fixture
def two(folder):
    """Recordings of two epochs of a release each, in the working folder."""
    for name, release in (("watch", "8.4.190"), ("watch2", "8.3.200")):
        changes = {} if name == "watch" else {"without": [0] * 5, "positives": [[10, 0, 11, 0, 0], [0, 0, 3, 0, 0]]}
        counts = [count_line(epoch, part, **changes) for epoch in (0, 1) for part in ("train", "val")]
        write(folder / name, [run_line(), TRAINER, assigner_line(release)], counts, BOXES if name == "watch" else ())
    return folder


@pytest.mark.usefixtures("two")
def test_tables_by_epoch_and_the_boxes_that_starve(yolo_assign):
    assert (
        yolo_assign("history", "watch").out
        == """\
History  watch: ultralytics 8.4.190, one2many TaskAlignedAssigner topk 10, yolov8n.yaml

Training, one2many  by size: positives per box / without; by level: of the positives
  epoch  boxes  per box  without  mean target  contested         <8 px     16-32 px     P3     P4
      0      4     3.00    25.0%        0.500          1  1.00 / 50.0%  5.00 / 0.0%  75.0%  25.0%
      1      4     3.00    25.0%        0.500          1  1.00 / 50.0%  5.00 / 0.0%  75.0%  25.0%

Validation, one2many  by size: positives per box / without; by level: of the positives
  epoch  boxes  per box  without  churn  mean target  contested         <8 px     16-32 px     P3     P4
      0      4     3.00    25.0%      -        0.500          1  1.00 / 50.0%  5.00 / 0.0%  75.0%  25.0%
      1      4     3.00    25.0%  0.000        0.500          1  1.00 / 50.0%  5.00 / 0.0%  75.0%  25.0%

Starving, one2many  1 of 2 boxes had no positives in any validation
  label               head      class  size px  epochs  because
  /d/labels/0.txt:1   one2many  1 b    5.0x4.0       2  no-anchor-inside
""".replace("txt:1   ", "txt:1  ").replace("label               ", "label              ")
    )


@pytest.mark.usefixtures("two")
def test_two_are_held_against_each_other(yolo_assign):
    out = yolo_assign("history", "watch", "watch2").out
    assert "  release  ultralytics 8.4.190  ultralytics 8.3.200\n" in out
    assert "Validation, one2many  in brackets: the difference to A\n" in out
    assert "      1       3.00  6.00 (+3.00)      25.0%  0.0% (-25.0 pp)    0.000        -" in out
    assert "Starving in A only  1 box\n  /d/labels/0.txt:1  one2many\n" in out


@pytest.mark.usefixtures("two")
def test_a_recording_against_itself_differs_in_nothing(yolo_assign):
    outcome = yolo_assign("history", "watch", "watch", "--html", "both.html", "--json")
    assert outcome.code == 0
    against = outcome.document["against"]
    assert against["settings"] == against["starving"]["only_a"] == against["starving"]["only_b"] == []
    assert {epoch["share_without"] for epoch in against["epochs"]} == {0.0}


def test_a_long_training_is_shown_in_part_and_whole_on_request(folder, yolo_assign):
    write(folder / "w", counts=[count_line(epoch) for epoch in range(100)])
    rows = [line.split()[0] for line in yolo_assign("history", "w").out.splitlines() if "25.0%" in line]
    assert rows == ["0", "9", "18", "27", "36", "45", "54", "63", "72", "81", "90", "99"]
    assert "  ... 88 more; --all shows them\n" in yolo_assign("history", "w").out
    assert yolo_assign("history", "w", "--all").out.count("25.0%  ") >= 100


@pytest.mark.usefixtures("two")
def test_json_has_everything(yolo_assign):
    document = yolo_assign("history", "watch", "watch2", "--json").document
    first, second = document["recordings"]
    assert first["boxes"] == {"one2many": 2}
    assert [(e["part"], e["epoch"], e["positives_per_box"], e["churn"]) for e in first["epochs"]] == [
        ("train", 0, 3.0, None),
        ("train", 1, 3.0, None),
        ("val", 0, 3.0, None),
        ("val", 1, 3.0, 0.0),
    ]
    assert first["epochs"][0]["sizes"][0] == {"size": "<8", "boxes": 2, "positives": 2, "without": 1, "churn": None}
    assert first["epochs"][0]["levels"][1] == {"level": "P4", "positives": 3, "by_size": [0, 0, 3, 0, 0]}
    (box,) = first["starving"]
    assert (box["place"], box["epochs"], box["causes"]) == ("/d/labels/0.txt:1", 2, {"no-anchor-inside": 2})
    assert second["starving"] == []
    against = document["against"]
    assert against["settings"] == [{"name": "release", "a": "ultralytics 8.4.190", "b": "ultralytics 8.3.200"}]
    assert against["starving"]["only_a"] == [{"head": "one2many", "place": "/d/labels/0.txt:1"}]
    assert {epoch["positives_per_box"] for epoch in against["epochs"]} == {3.0}


@pytest.mark.usefixtures("two")
def test_csv_has_a_row_for_every_recording_part_and_epoch(yolo_assign):
    rows = list(csv.DictReader(io.StringIO(yolo_assign("history", "watch", "watch2", "--csv").out)))
    assert [(row["recording"], row["part"], row["epoch"]) for row in rows] == [
        (name, part, epoch) for name in ("watch", "watch2") for part in ("train", "val") for epoch in "01"
    ]
    names = ("boxes", "without", "positives_<8", "positives_P4", "positives_per_box", "churn")
    assert [rows[3][name] for name in names] == ["4", "1", "2", "3", "3.0", "0.0"]
    assert rows[0]["churn"] == ""


def test_a_recording_that_was_cut_off_is_read_with_a_note(folder, yolo_assign):
    write(folder / "w", counts=[count_line(0)], end=False)
    outcome = yolo_assign("history", "w")
    assert outcome.code == 0
    assert outcome.err.startswith("note: w: no end is recorded: the training runs, or it was cut off")
    assert yolo_assign("history", "w", "--json").document["recordings"][0]["notes"]


def test_names_of_others_steer_no_terminal(folder, yolo_assign):
    write(folder / "w", boxes=[picture_line(labels="/d/\x1b[31m[red]:mask:.txt"), box_line(0, 0, "")])
    assert "/d/\\x1b[31m[red]:mask:.txt:1" in yolo_assign("history", "w").out


REFUSED = [
    # arguments, what is said
    (["none"], "none: there is no such recording [no-such-folder]"),
    (["."], ".: this folder holds no recording [not-a-recording]\n  hint: yolo-assign watch --out FOLDER -- COMMAND"),
    (["watch", "one.txt"], "one.txt: a recording is a folder [not-a-recording]"),
    (["watch", "--page", "p.html"], "--page: only an HTML file has links to a page [options-exclude]"),
    (["watch", "--html", "h.html", "--page", "none"], "none: there is no such page"),
    (["watch", "--html", "h.html", "--page", "one.txt"], "one.txt: this is no page of a trace [not-a-page]"),
    (["watch", "--html", "no/h.html"], "no/h.html: the history cannot be written: its folder does not exist"),
]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_cannot_be_read_or_written_is_said(yolo_assign, arguments, message):
    outcome = yolo_assign("history", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


@pytest.mark.usefixtures("two")
def test_no_torch_is_loaded(folder):
    code = "from yolo_assign_trace.cli.main import run\n"
    code += f"assert run(['history', {str(folder / 'watch')!r}, '--json']) == 0\n"
    code += f"assert run(['history', {str(folder / 'watch')!r}, '--html', {str(folder / 'h.html')!r}]) == 0"
    loaded = loaded_after(code)
    assert "yolo_assign_trace.history.html" in loaded
    assert "torch" not in loaded


def test_a_large_recording_is_read_line_by_line(folder):
    """36,000 boxes in 3 epochs, as of a validation on COCO; only two epochs of codes are held at a time."""
    pictures = [picture_line(n, f"/d/{n}.jpg", f"/d/{n}.txt") for n in range(3600)]
    boxes = [box_line(e, gt, "A", picture=n) for e in range(3) for n in range(3600) for gt in range(10)]
    history = read_history(write(folder / "w", boxes=[*pictures, *boxes]))
    assert len(history.boxes.boxes) == 36_000
    assert [epoch.churn.boxes.sum() for epoch in history.groups["val", "one2many"]] == [36_000, 36_000]

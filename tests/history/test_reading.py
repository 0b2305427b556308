"""What there is to read of a recording: one that was cut off as far as it goes; anything else is refused."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys

import pytest

from tests.commands import environment
from tests.history.recordings import assigner_line, box_line, count_line, picture_line, run_line, write
from tests.training import stand_in
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.formats.recording import FORMAT
from yolo_assign_trace.history.history import read_history


def test_a_training_that_was_killed_is_read_up_to_there(tmp_path):
    stand_in.write(tmp_path)
    code = (
        "from yolo_assign_trace import watch\nfrom ultralytics.engine.trainer import BaseTrainer\n"
        "with watch('w'):\n    BaseTrainer('.', epochs=9, wait=True).train()"
    )
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    paths = environment(PYTHONPATH=f"{tmp_path}:{environment()['PYTHONPATH']}")
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=paths, **streams) as training:
        for _ in range(stand_in.STEPS + 2):
            assert training.stdout.readline() == "step\n"
            training.stdin.write("\n")
            training.stdin.flush()
        training.send_signal(signal.SIGKILL)
    with (tmp_path / "w" / "counts-rank0.jsonl").open("a") as file:
        file.write('{"epoch": 1, "ste')  # where a kill cuts a line in two
    history = read_history(tmp_path / "w")
    assert history.notes == ("no end is recorded: the training runs, or it was cut off; its last epoch is not whole",)
    calls = [epoch.tally.calls for epoch in history.groups["train", "one2many"]]
    assert calls[0] == stand_in.STEPS
    assert 1 <= calls[1] <= 3
    assert [epoch.tally.calls for epoch in history.groups["val", "one2many"]] == [1]
    assert len(history.boxes.starving()) == 1


OFF = {"kind": "off", "text": "OSError: no space (recording.py:9)"}
NOTED = [
    # lines of the run behind the first, changes to the first, is there an end?, words of the note
    ([], {}, False, "it was cut off"),
    ([OFF], {}, False, "recording failed on the way, and nothing follows: OSError: no space"),
    ([{"kind": "remark", "text": "half as many are written"}], {}, True, "half as many are written"),
    ([], {"world": 3}, True, "nothing is recorded of processes 1, 2 of 3"),
    ([], {"count_every": 10}, True, "calls of every 10 steps and batches were counted"),
    ([], {"count_every": 0}, True, "no calls were counted"),
    ([{"kind": "of a later version", "more": 1}], {"more": 1}, True, ""),
]


@pytest.mark.parametrize(("more", "changes", "end", "words"), NOTED)
def test_what_a_reader_should_know_is_noted(tmp_path, more, changes, end, words):
    history = read_history(write(tmp_path, [run_line(**changes), *more], [count_line(0)], end=end))
    assert len(history.notes) == (1 if words else 0)
    assert all(words in note for note in history.notes)


def test_boxes_of_unknown_pictures_are_noted_and_left_out(tmp_path):
    history = read_history(write(tmp_path, boxes=[box_line(0, 0, "", picture=None)], counts=[count_line(0)]))
    assert history.boxes.boxes == {}
    assert "1 line of boxes without a picture" in history.notes[0]


def test_other_trainings_of_the_folder_are_named(tmp_path):
    write(tmp_path, counts=[count_line(0)])
    write(tmp_path / "run-2", counts=[count_line(5)])
    assert str(tmp_path / "run-2") in read_history(tmp_path).notes[0]
    assert [epoch.number for epoch in read_history(tmp_path / "run-2").groups["val", "one2many"]] == [5]


def test_a_call_that_cannot_tell_leaves_the_sum_open(tmp_path):
    unknown = count_line(0, contested=None, beyond=None, target_mean=None, target_max=None)
    (epoch,) = read_history(write(tmp_path, counts=[count_line(0), unknown])).groups["val", "one2many"]
    assert (epoch.tally.contested, epoch.tally.beyond, epoch.tally.target_max) == (None, None, 0.9)


def test_a_picture_that_has_no_label_line_is_named_itself(tmp_path):
    boxes = [picture_line(labels=""), box_line(0, 3, "", line=None)]
    (box,) = read_history(write(tmp_path, boxes=boxes)).boxes.starving()
    assert box.place == "/d/images/0.jpg gt 3"


def test_a_folder_without_a_recording(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "results.csv").write_text("")
    for name, kind in (("none", "no-such-folder"), ("file", "not-a-recording"), ("other", "not-a-recording")):
        with pytest.raises(InputError) as error:
            read_history(tmp_path / name)
        assert (error.value.id, error.value.where) == (kind, str(tmp_path / name))


FUTURE = "yolo-assign watch 2"
REFUSED = [
    # the file, its lines, id of the error, line
    ("run", [], "not-a-recording", None),
    ("run", [run_line(format=FUTURE)], "unknown-format", 1),
    ("run", [{"kind": "run"}], "unknown-format", 1),
    ("run", [run_line(world="many")], "not-a-recording", None),
    ("run", [run_line(), assigner_line() | {"parameters": 5}], "not-a-recording", None),
    ("run", [run_line(), {"kind": "trainer", "class_names": 5}], "not-a-recording", None),
    ("counts", [], "nothing-recorded", None),
    ("counts", [count_line(0), 5], "not-a-recording", 2),
    ("counts", [{"epoch": 0}], "not-a-recording", 1),
    ("counts", [count_line(0, part="test")], "not-a-recording", 1),
    ("counts", [count_line(0, positives=[[1] * 5])], "not-a-recording", 1),  # fewer levels than named
    ("counts", [count_line(0, boxes=[1, 2])], "not-a-recording", 1),
    ("counts", [count_line(0, boxes=[10**400] * 5)], "not-a-recording", 1),
    ("boxes", [picture_line(), box_line(0, 0, "", head="third")], "not-a-recording", 2),
    ("boxes", [picture_line(), box_line(0, 0, "", size=None)], "not-a-recording", 2),
    ("boxes", [picture_line(), box_line(math.inf, 0, "")], "not-a-recording", 2),
    ("boxes", [box_line(0, 0, "")], "not-a-recording", 1),  # of a picture that nothing introduced
    ("boxes", [picture_line(), {"picture": 0}], "not-a-recording", 2),
    ("boxes", [picture_line(), box_line(0, 0, "A"), box_line(1, 0, "?")], "not-an-anchor-code", None),
]


@pytest.mark.parametrize(("entry", "lines", "kind", "line"), REFUSED)
def test_what_is_no_recording_is_refused_with_its_place(tmp_path, entry, lines, kind, line):
    write(tmp_path)
    path = tmp_path / f"{entry}-rank0.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    with pytest.raises(InputError) as error:
        read_history(tmp_path)
    assert error.value.id == kind
    if line is not None:
        assert error.value.where == f"{path}:{line}"


def test_a_future_format_says_what_this_version_reads(tmp_path):
    with pytest.raises(InputError, match=f"its format is '{FUTURE}', and this version reads '{FORMAT}'"):
        read_history(write(tmp_path, [run_line(format=FUTURE)]))

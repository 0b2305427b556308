"""A hint names what was meant: the option, the file, the name, the variable, the release."""

from __future__ import annotations

import pytest

HINTS = [
    # arguments, variables, part of what is said
    (("trace", "labels.txt", "one.txt"), {}, "hint: yolo-assign trace --help"),
    (("explain", "labels.txt"), {}, "inputs to trace are given with --labels or --data"),
    (("page", "."), {}, "inputs to trace are given with --labels or --data"),
    (("stages", "x"), {}, "hint: yolo-assign stages --help"),
    (("stagse",), {}, "hint: yolo-assign --help, or yolo-assign COMMAND --help"),
    # names that are nearly right
    (("trace", "--labels", "lables.txt"), {}, "hint: did you mean labels.txt?"),
    (("trace", "--labels", "one.txt", "--shapes", "shaped.yaml"), {}, "hint: did you mean shapes.yaml?"),
    (("explain", "rnu.log"), {}, "hint: did you mean run.log?"),
    (("trace", "--labels", "one.txt", "--stage", "aling"), {}, "hint: did you mean align?"),
    (("trace", "--labels", "one.txt", "--tracer", "json:JSONEncodr"), {}, "hint: did you mean JSONEncoder?"),
    # variables
    (("trace", "--labels", "one.txt", "-q"), {"TOPKK": "3"}, "no option reads the variable YOLO_ASSIGN_TOPKK"),
    (("trace", "--labels", "one.txt", "-q"), {"TOPKK": "3"}, "is YOLO_ASSIGN_TOPK meant?"),
    (("trace", "one.txt"), {"LABELS": "labels.txt"}, "hint: it comes from the variable YOLO_ASSIGN_LABELS"),
    (("trace", "--labels", "one.txt"), {"TOPK": "x"}, "hint: it comes from the variable YOLO_ASSIGN_TOPK"),
    (("trace", "--labels", "one.txt"), {"IMGSZ": "x"}, "hint: it comes from the variable YOLO_ASSIGN_IMGSZ"),
    (("trace", "--labels", "one.txt"), {"ASSIGNER": "x"}, "hint: it comes from the variable YOLO_ASSIGN_ASSIGNER"),
    # releases that nobody has measured
    (("trace", "--labels", "one.txt", "-q", "--release", "9.9"), {}, "note: 9.9.0 is newer than 8.4.190"),
    (("trace", "--labels", "one.txt", "-q", "--assigner", "ultralytics==9.9"), {}, "note: 9.9.0 is newer than 8.4.190"),
]


@pytest.mark.parametrize(("arguments", "variables", "says"), HINTS, ids=[row[2] for row in HINTS])
def test_a_hint_names_what_was_meant(yolo_assign, folder, monkeypatch, arguments, variables, says):
    for name in ("run.log", "shapes.yaml"):
        (folder / name).touch()
    for name, value in variables.items():
        monkeypatch.setenv(f"YOLO_ASSIGN_{name}", value)
    assert says in yolo_assign(*arguments).err


def test_a_flag_that_wins_over_a_variable_is_blamed_alone(yolo_assign, monkeypatch):
    monkeypatch.setenv("YOLO_ASSIGN_IMGSZ", "640")
    assert "variable" not in yolo_assign("trace", "--labels", "one.txt", "--imgsz", "x").err

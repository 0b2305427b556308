"""Text of others never steers the terminal: names of files, classes and arrays, and what a user typed."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import save_file

from tests.commands import environment
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.cli.screens import terminal

EVIL = ["\x1b[31mA\x1b]0;pwn\x07", "a\nb", "\u202efdp", "\u2028L", "\x9b2J", "\x7f\x08\r"]


@pytest.fixture
def dataset(folder):
    """A data.yaml with such names of classes and of images; the third label is missing, the fourth has bad rows."""
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    for i, text in enumerate(EVIL):
        Image.new("RGB", (64, 64)).save(folder / "images" / f"{i}{text}.png")
        if i != 2:
            rows = f"{i} 0.5 0.5 0.4 0.4\n{i} 0.2 0.2 0.3 0.3\n" + "x\u202e\x1b[2J 1 1 1 1\n" * (i == 3)
            (folder / "labels" / f"{i}{text}.txt").write_text(rows)
    (folder / "d.yaml").write_text(json.dumps({"train": "images", "names": EVIL}))
    return folder


def assert_harmless(text):
    assert all(char.isprintable() or char == "\n" for char in text), ascii(text)


TRACE = ("trace", "--data", "d.yaml", "--imgsz", "64", "--on-bad", "drop-row")
COMMANDS = [
    ("labels", "d.yaml", "--all"),
    ("labels", "d.yaml", "--json"),
    (*TRACE[:-2],),  # stops at the bad row
    TRACE,
    (*TRACE, "--json", "--no-log"),
    ("explain", "run.log"),
    ("explain", "run.log", "--json"),
    ("explain", "t.safetensors", "--image", "1", "--gt", "0"),
    ("diff", "run.log", "t.safetensors"),
    ("plan", "--data", "d.yaml", "--imgsz", "64", "--on-bad", "drop-row"),
    ("page", "t.safetensors", "-o", "page.html"),
    ("trace", "--labels", "\x1b[31mno\nsuch.txt"),
    ("trace", "--labels", "labels.txt", "--heads", "k.safetensors"),
    ("trace", "--labels", "labels.txt", "--stage", "\x1b[2Jtopk"),
    ("trace", "--labels", "labels.txt", "--tracer", "json:\x1b[2J"),
    ("trace", "--labels", "labels.txt", "--assigner", "\u202e8.4"),
    ("trace", "--\x1b[2J"),
    ("\x1b[2J",),
    ("trace", "--capture", "c.pt", "--no-log"),
]


@pytest.fixture
def prepared(yolo_assign, dataset):
    yolo_assign(*TRACE, "--save", "t.safetensors", "--quiet")
    save_file({"\x1b[31mx": np.zeros(1, np.float32), "out": np.zeros(1, np.float32)}, dataset / "k.safetensors")
    torch.save({"\x1b[31mpd_scores": torch.zeros(1), "images": ["\x1b[2J"]}, dataset / "c.pt")
    return dataset


@pytest.mark.parametrize("arguments", COMMANDS, ids=ascii)
def test_what_is_printed_cannot_steer_a_terminal(yolo_assign, prepared, arguments):
    outcome = yolo_assign(*arguments)
    assert outcome.code != 3, outcome.err
    assert_harmless(outcome.out)
    assert_harmless(outcome.err)
    if "--json" in arguments:
        assert outcome.document


def test_json_still_holds_it_as_it_is(yolo_assign, prepared):
    assert yolo_assign("labels", "d.yaml", "--json").document["class_names"] == EVIL


def test_nor_do_logs_when_they_are_shown(prepared):
    assert_harmless((prepared / "run.log").read_text())


def test_on_a_terminal_only_the_colours_are_ours(prepared):
    """Rich writes escape sequences of its own there; what is left without them is harmless."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "yolo_assign_trace", "labels", "d.yaml"]
    env = environment(TERM="xterm-256color", COLUMNS="120")
    running = subprocess.Popen(command, stdout=follower, stderr=follower, env=env)
    os.close(follower)
    shown = b""
    try:
        while block := os.read(leader, 1 << 16):
            shown += block
    except OSError:  # the other end is closed
        pass
    running.wait(timeout=60)
    assert b"\x1b]0;pwn" not in shown
    assert b"\x1b[2J" not in shown
    assert "\u202e" not in shown.decode()
    assert "\x9b" not in shown.decode()


def test_an_error_is_escaped_in_all_its_parts():
    error = InputError("id", "a\nb \x1b[2J", where="c\x07", hint="d\u202e")
    assert_harmless(str(error))
    assert str(error).split("\n") == ["c\\x07: a\\nb \\x1b[2J [id]", "  hint: d\\u202e"]


def test_a_console_escapes_whatever_it_is_given(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    terminal.result_console().print("\x1b[2J\u202e", "\x9b")
    assert_harmless(out.getvalue())

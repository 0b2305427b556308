"""`yolo-assign` among other programs: streams, terminals, environment variables, other commands."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import tomllib
from pathlib import Path

import pytest

from tests.commands import ROOT, environment
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS

ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([a-zA-Z])")
COLOUR = re.compile(r"(^|;)(3[0-7]|38|9[0-7]|4[0-7]|48|10[0-7])(;|$)")


# --- streams -------------------------------------------------------------------------------------------------------


def test_results_go_to_stdout_and_messages_to_stderr_plain_and_uncut_when_piped(process):
    """Also: the package runs as a module."""
    running = process("trace", "--labels", "labels.txt", env={"TERM": "xterm-256color", "COLUMNS": "60"})
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0
    assert err == "wrote run.log (370.5 kB)\n"
    assert "\x1b" not in out
    row = re.search(r"^ +\[0,0\] P3 y0 x0 +1\.7641 .*$", out, re.MULTILINE)[0].split()
    assert len(row) == 4 + 64  # index, address and every number of the row
    assert "..." not in row


def test_without_stdout_or_stderr_the_log_is_still_written(folder):
    """As a job started with `>&-` or `2>&-`; an error has its exit code even if nobody can read it."""
    cases = [
        # shell redirection, label file, exit code
        (">&-", "labels.txt", 0),
        ("2>&-", "labels.txt", 0),
        ("2>&-", "missing.txt", 2),
    ]
    for redirection, labels, code in cases:
        Path("run.log").unlink(missing_ok=True)
        line = f"'{sys.executable}' -m yolo_assign_trace trace --labels {labels} {redirection}"
        done = subprocess.run(["/bin/sh", "-c", line], check=False, capture_output=True, text=True, env=environment())
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode == code, redirection
        assert Path("run.log").exists() == (code == 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_a_clear_error(forked):
    with Path("/dev/full").open("w") as full:
        running = forked("trace", "--labels", "labels.txt", stdout=full)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 2
    assert err.startswith("error: ")
    assert "Traceback" not in err


def test_an_encoding_that_lacks_a_character_is_no_reason_to_stop(process):
    """PYTHONIOENCODING=ascii stands for the many terminals that are not UTF-8."""
    running = process("trace", "--labels", "labels.txt", env={"PYTHONIOENCODING": "ascii"})
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "wrote run.log (370.5 kB)\n")
    assert "7 boxes" in out


# --- terminals -----------------------------------------------------------------------------------------------------

SLOW = """
import time
from yolo_assign_trace import Tracer
class Slow(Tracer):
    def output(self, record):
        if record.name == "strides":
            time.sleep(1.1)
"""


def on_terminal(forked, *arguments: str, columns: int = 80, **env: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a run on two terminals of its own."""
    ends = [pty.openpty(), pty.openpty()]
    for _, writer in ends:
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    running = forked(*arguments, stdout=ends[0][1], stderr=ends[1][1], env={"TERM": "xterm-256color", **env})
    texts = dict.fromkeys([reader for reader, _ in ends], b"")
    for _, writer in ends:
        os.close(writer)
    still_open = list(texts)
    while still_open:
        for reader in select.select(still_open, [], [], 60)[0]:
            try:
                data = os.read(reader, 1 << 16)
            except OSError:  # how a terminal without writers ends on Linux
                data = b""
            texts[reader] += data
            if not data:
                still_open.remove(reader)
                os.close(reader)
    return running.wait(timeout=60), *(text.decode().replace("\r\n", "\n") for text in texts.values())


def test_a_terminal_gets_colours_lines_that_fit_and_a_progress_bar_on_stderr_when_it_takes_long(forked, folder):
    (folder / "slow.py").write_text(SLOW)
    code, out, err = on_terminal(forked, "trace", "--labels", "labels.txt", "--tracer", "slow:Slow")
    assert code == 0
    assert any(COLOUR.search(number) for number, _ in ESCAPE.findall(out))
    assert max(len(ESCAPE.sub("", line)) for line in out.splitlines()) <= 80
    assert "stage 2 of 11: anchors" in err
    assert "stage 2 of 11" not in out


BARS = [
    # a command that goes through many files or settings, what its bar says
    (("labels", "labels.txt"), "reading labels"),
    (("plan", "labels.txt"), "counting pairs"),
    (("sweep", "labels.txt", "--topk", "5,10"), "running settings"),
]


@pytest.mark.parametrize(("arguments", "doing"), BARS, ids=[row[1] for row in BARS])
def test_a_terminal_sees_progress_with_the_time_left_and_a_pipe_does_not(forked, yolo_assign, arguments, doing):
    code, out, err = on_terminal(forked, *arguments)
    assert code in (0, 1)
    assert re.search(rf"{doing}.* \d/\d .*:\d\d", ESCAPE.sub("", err))
    assert doing not in out + yolo_assign(*arguments).err


def test_no_color_is_respected(forked):
    code, out, err = on_terminal(forked, "trace", "--labels", "labels.txt", NO_COLOR="1")
    assert code == 0
    assert [number for number, _ in ESCAPE.findall(out + err) if COLOUR.search(number)] == []


def test_errors_on_a_terminal_are_coloured_unless_no_color_is_set(forked):
    code, out, err = on_terminal(forked, "trace", "--labels", "missing.txt")
    assert (code, out) == (2, "")
    assert COLOUR.search(ESCAPE.findall(err)[0][0])
    plain = on_terminal(forked, "trace", "--labels", "missing.txt", NO_COLOR="1")
    assert plain == (2, "", ESCAPE.sub("", err))


# --- other commands ------------------------------------------------------------------------------------------------


def test_stages_lists_the_eleven_and_the_loss_with_formula_axes_units_and_meanings(yolo_assign):
    outcome = yolo_assign("stages")
    assert (outcome.code, outcome.err) == (0, "")
    document = yolo_assign("stages", "--json").document
    assert [stage["name"] for stage in document] == [*(result.stage for result in STAGE_RESULTS), "loss"]
    flat = " ".join(outcome.out.split())
    for number, stage in enumerate(document, 1):
        assert f"{number} {stage['name']} {stage['title']}" in flat
        assert stage["formula"]
        assert stage["inputs"]
        assert " ".join(stage["says"].split()) in flat
        for output in stage["outputs"]:
            assert f"{output['name']} [{', '.join(output['axes'])}] {output['unit']} {output['meaning']}" in flat


def test_version_is_that_of_the_project(yolo_assign):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert yolo_assign("--version").out == f"yolo-assign {project['version']}\n"
    assert project["scripts"] == {"yolo-assign": "yolo_assign_trace.__main__:main"}


@pytest.mark.parametrize("command", [[], ["trace"], ["stages"]])
def test_help_is_a_result(yolo_assign, command):
    outcome = yolo_assign(*command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Usage:" in outcome.out

"""``yolo-assign watch``: what is run stays as it is; streams, signals and exit codes pass through."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.commands import environment, listen_to_ctrl_c
from tests.training import stand_in
from tests.training.recorded import calls, lines
from yolo_assign_trace.cli.training.watch import _wait

Start = Callable[..., subprocess.Popen[str]]
STARTED = "yolo-assign watch: recording to "


@pytest.fixture
def watched(folder: Path, process: Start) -> Start:
    """``yolo-assign watch OPTIONS -- python -c CODE`` in a folder that has the stand-in for ultralytics."""
    stand_in.write(folder)

    def start(code: str, *options: str, **more: str) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(folder), environment()["PYTHONPATH"]])
        command = ["watch", *options, "--", sys.executable, "-c", code]
        return process(*command, env={"PYTHONPATH": path, **more}, stdin=subprocess.PIPE)

    return start


def trains(**settings: object) -> str:
    return f"from ultralytics.engine.trainer import BaseTrainer\nBaseTrainer('.', **{settings!r}).train()"


def test_an_untouched_script(folder, watched):
    done = watched(trains(), "--every", "2", "--pictures")
    out, err = done.communicate()
    assert (done.returncode, out) == (0, "")
    first, last = err.splitlines()
    assert first == f"{STARTED}watch: boxes of every validation, counts of every step, whole calls of every 2 steps"
    assert last.startswith("yolo-assign watch: recorded in watch: 2 epochs, 6 steps, 8 calls counted, ")
    assert last.endswith("; next: yolo-assign history watch")
    assert len(lines(folder / "watch", "counts")) == 8
    assert "pictures" in calls(folder / "watch")["step000004-one2many-rank0.safetensors"][0]


def test_options_reach_the_recording(folder, watched):
    (folder / "mine.py").write_text("from tests.check.broken_assigners import Dense\nclass Mine(Dense): pass\n")
    options = ("--out", "runs/a", "--every", "0", "--count-every", "3", "--max-size", "0.5", "--class", "mine:Mine")
    code = f"import mine, torch\nfrom tests.training.example import SIX\nmine.Mine(10, 3)(*SIX)\n{trains()}"
    assert "recorded in runs/a: " in watched(code, *options).communicate()[1]
    run, *more = lines(folder / "runs" / "a", "run")
    assert (run["every"], run["count_every"]) == (0, 3)
    assert [line["class"] for line in more if line["kind"] == "assigner"] == ["mine.Mine"]
    assert not (folder / "runs" / "a" / "calls").exists()
    assert len(lines(folder / "runs" / "a" / "run-2", "counts")) == 4  # steps 0 and 3, two validations


@pytest.mark.parametrize("options", [(), ("--fast",)])
def test_the_fast_form_reaches_children_and_the_recording_tells(folder, watched, options):
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {trains(kind='e2e')!r}], check=True)"
    _, err = watched(script, *options).communicate()
    assert len(err.splitlines()) == 2
    assigners = [line["fast"] for line in lines(folder / "watch", "run") if line["kind"] == "assigner"]
    assert assigners == [bool(options)] * 2


def test_an_earlier_recording_is_kept(folder, watched):
    for name in ("watch", "watch-2"):
        assert f"recorded in {name}: " in watched(trains(epochs=1)).communicate()[1]


CODES = [
    # what is run, exit code
    ("pass", 0),
    ("raise SystemExit(7)", 7),
    ("raise ValueError", 1),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
    ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ("raise KeyboardInterrupt", 130),
    ("raise SystemExit(130)", 130),
]


@pytest.mark.parametrize(("code", "expected"), CODES)
def test_exit_codes_pass_through(watched, code, expected):
    done = watched(code)
    _, err = done.communicate()
    assert done.returncode == expected
    ours = [line for line in err.splitlines() if line.startswith("yolo-assign")]
    assert len(ours) == 2
    assert ours[1].startswith("yolo-assign watch: nothing was recorded")
    assert "interrupted" not in err


def test_streams_pass_through(watched):
    done = watched("import sys; print(sys.stdin.read().upper()); print('to stderr', file=sys.stderr)")
    out, err = done.communicate("text")
    assert out == "TEXT\n"
    assert "to stderr\n" in err


LISTENS = """
import os, signal, sys, time
def got(number, frame):
    print("got", signal.Signals(number).name, flush=True)
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
    signal.signal(getattr(signal, name), got)
print("ready", flush=True)
for _ in range(20):
    time.sleep(0.05)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_signals_are_handed_on_once(watched, name):
    done = watched(LISTENS)
    assert done.stdout.readline() == "ready\n"
    done.send_signal(getattr(signal, name))
    assert done.communicate()[0] == f"got {name}\n"
    assert done.returncode == 0


def test_a_signal_that_ends_the_training_is_the_exit_code(folder, watched):
    done = watched(trains(wait=True))
    assert done.stdout.readline() == "step\n"
    done.send_signal(signal.SIGTERM)
    _, err = done.communicate()
    assert done.returncode == 128 + signal.SIGTERM
    assert err.splitlines()[-1].startswith("yolo-assign watch: recorded in watch until it was cut off")
    assert len(lines(folder / "watch", "counts")) == 1


WAITS = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print("ready", flush=True)
while signal.sigtimedwait({signal.SIGINT}, 1):  # one that comes a moment later is another
    print("got SIGINT", flush=True)
"""


def test_ctrl_c_on_a_terminal_reaches_the_training_once(folder):
    """The terminal sends it to the command and to what it runs."""
    (folder / "code.py").write_text(WAITS)
    command = [sys.executable, "-m", "yolo_assign_trace", "watch", "--", sys.executable, "code.py"]
    process, terminal = pty.fork()
    if not process:
        listen_to_ctrl_c()
        os.chdir(folder)
        os.execve(sys.executable, command, environment())
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1024)
    time.sleep(0.2)
    os.write(terminal, b"\x03")
    while True:
        try:
            shown += os.read(terminal, 1024)
        except OSError:  # the terminal is gone with all that used it
            break
    assert shown.count(b"got SIGINT") == 1
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


SENT = [
    # signal, si_code: is it handed on?
    (signal.SIGINT, 0, True),  # somebody's kill
    (signal.SIGINT, 128, False),  # the terminal's, which the child has got too
    (signal.SIGHUP, 128, False),
    (signal.SIGTERM, 0, True),
    (signal.SIGCHLD, 1, False),
]


@pytest.mark.parametrize(("number", "code", "passed"), SENT)
def test_who_sent_a_signal_decides(monkeypatch, number, code, passed):
    """Two that are pending at once are one, so what a child gets cannot tell."""
    sent, answers = [], iter([None, 0])
    child = SimpleNamespace(poll=lambda: next(answers), send_signal=sent.append)
    monkeypatch.setattr("signal.sigwaitinfo", lambda _: SimpleNamespace(si_signo=number, si_code=code))
    _wait(child)
    assert sent == [number] * passed


REFUSED = [
    # arguments, what the error says
    (["--", "no-such-command"], "no-such-command: this cannot be started: there is no such command [not-startable]"),
    (["--", "./labels.txt"], "./labels.txt: this cannot be started: there is no such command [not-startable]"),
    (
        ["--out", "labels.txt/w", "--", "true"],
        "the folder cannot be made: not a directory [not-writable]",
    ),
    (["--class", "mine.Mine", "--", "true"], "mine.Mine: this names no class [wrong-class-name]"),
    (["--every", "-1", "--", "true"], "[usage]"),
    (["--max-size", "0", "--", "true"], "--max-size: expected GiB above 0, found 0.0 [wrong-value]"),
    ([], "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_cannot_be_is_said_before_anything_runs(folder, yolo_assign, arguments, message):
    outcome = yolo_assign("watch", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert not (folder / "watch").exists()


def test_help_shows_how(yolo_assign):
    text = yolo_assign("watch", "--help").out
    assert "yolo-assign watch -- yolo detect train model=yolov8n.yaml" in text
    assert "--pictures -- python train.py" in text

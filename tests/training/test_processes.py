"""Other processes: children that inherit the watch, a sitecustomize that is hidden, kills in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import yolo_assign_trace
from tests.commands import environment
from tests.training import stand_in
from tests.training.recorded import calls, kinds, lines
from yolo_assign_trace import watch
from yolo_assign_trace.formats.recording import ranks
from yolo_assign_trace.training.patching.children import child_environment
from yolo_assign_trace.training.watching.settings import VARIABLE, Settings


def start(site: Path, code: str, *, world: int = 1, rank: int = 0, **more: str) -> subprocess.Popen[str]:
    """A process that the environment tells to watch; the stand-in is its only ultralytics."""
    own = environment(**more)
    own["PYTHONPATH"] = os.pathsep.join([str(site), own["PYTHONPATH"]])
    own |= child_environment(VARIABLE, Settings(str(site / "w"), every=1).text(), own)
    own |= {"RANK": str(rank), "WORLD_SIZE": str(world)} if world > 1 else {}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=site, env=own, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def code(**settings: object) -> str:
    return f"from ultralytics.engine.trainer import BaseTrainer\nBaseTrainer('.', **{settings!r}).train()"


def test_a_child_is_watched(site):
    process = start(site, code())
    assert process.communicate()[1] == ""
    assert len(lines(site / "w", "counts")) == 8
    assert kinds(site / "w") == ["run", "trainer", "assigner", "end"]


def test_children_of_a_script_are_watched(site):
    """As a trainer starts one for each GPU."""
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code()!r}], check=True)"
    assert start(site, script).communicate()[1] == ""
    assert len(lines(site / "w", "counts")) == 8


def test_children_within_a_with(site, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), environment()["PYTHONPATH"]]))
    with watch("w"):
        subprocess.run([sys.executable, "-c", code()], check=True)
    assert len(lines(site / "w", "counts")) == 8


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_by_multiprocessing(site, method):
    (site / "job.py").write_text(f"def job():\n    {code(epochs=1)!r}\n    exec({code(epochs=1)!r})\n")
    script = (
        "import multiprocessing, job\nif __name__ == '__main__':\n"
        f"    p = multiprocessing.get_context({method!r}).Process(target=job.job)\n    p.start(); p.join()"
    )
    (site / "main.py").write_text(script)
    assert start(site, "import runpy; runpy.run_path('main.py', run_name='__main__')").communicate()[1] == ""
    assert len(lines(site / "w", "counts")) == 4


def test_ranks_write_side_by_side(site):
    processes = [start(site, code(), world=3, rank=rank) for rank in range(3)]
    assert [process.communicate()[1] for process in processes] == [""] * 3
    assert ranks(site / "w") == [0, 1, 2]
    assert [len(lines(site / "w", "counts", rank)) for rank in range(3)] == [8] * 3
    firsts = [lines(site / "w", "run", rank)[0] for rank in range(3)]
    assert [(line["rank"], line["world"]) for line in firsts] == [(0, 3), (1, 3), (2, 3)]
    assert len(calls(site / "w")) == 3 * 6


def test_processes_one_after_the_other_have_a_recording_each(site):
    """As a search over settings starts them."""
    for _ in range(3):
        start(site, code(epochs=1)).communicate()
    assert [len(lines(site / name, "counts")) for name in ("w", "w/run-2", "w/run-3")] == [4, 4, 4]


HIDDEN = "import sys\nsys.hidden_ran = __file__\nwho = 'mine'\n"


def test_a_sitecustomize_that_is_hidden_runs(site):
    (site / "sitecustomize.py").write_text(HIDDEN)
    asked = "import sys, sitecustomize; print(sys.hidden_ran, sitecustomize.who, sitecustomize.__file__)"
    process = start(site, f"{asked}\n{code()}")
    out, err = process.communicate()
    assert (out.split(), err) == ([str(site / "sitecustomize.py"), "mine", str(site / "sitecustomize.py")], "")
    assert len(lines(site / "w", "counts")) == 8


def test_ours_leaves_no_trace_on_the_path(site):
    out, err = start(site, "import sys; print([p for p in sys.path if 'startup' in p])").communicate()
    assert (out.strip(), err) == ("[]", "")


def test_a_hidden_sitecustomize_that_fails_is_told_as_python_does(site):
    (site / "sitecustomize.py").write_text("raise ValueError('theirs')")
    out, err = start(site, f"print('on')\n{code()}").communicate()
    assert out.strip() == "on"
    assert "Error in sitecustomize" in err
    assert "ValueError: theirs" in err
    assert len(lines(site / "w", "counts")) == 8


def test_a_failure_of_ours_at_the_start_is_one_line(site):
    done = subprocess.run(
        [sys.executable, "-c", "print('on')"],
        env=environment() | child_environment(VARIABLE, "{", environment()),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "on\n"
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("yolo-assign watch: nothing is recorded: JSONDecodeError")


def test_the_folder_alone_does_nothing(site):
    """It may stay on PYTHONPATH when the variable is gone."""
    own = environment() | child_environment(VARIABLE, "", environment())
    code = "import sys; print([name for name in sys.modules if name.startswith('yolo')])"
    done = subprocess.run([sys.executable, "-c", code], env=own, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_another_python_needs_nothing_but_torch_and_numpy(site):
    """The package is found by its place, whichever is installed there."""
    names = ("orjson", "safetensors", "typer", "rich", "yaml", "PIL")
    (site / "sitecustomize.py").write_text(f"import sys\nsys.modules |= dict.fromkeys({names})\n")
    out, err = start(site, f"import yolo_assign_trace\nprint(yolo_assign_trace.__file__)\n{code()}").communicate()
    assert (out.strip(), err) == (yolo_assign_trace.__file__, "")
    assert len(lines(site / "w", "counts")) == 8
    assert len(calls(site / "w")) == 6


@pytest.mark.parametrize("steps", range(1, 6))
def test_a_kill_leaves_all_that_was_recorded(site, steps):
    """After so many steps; each is counted and saved, and a validation lies after three."""
    process = start(site, code(wait=True))
    for step in range(steps):
        assert process.stdout.readline() == "step\n", process.stderr.read()
        if step < steps - 1:
            process.stdin.write("\n")
            process.stdin.flush()
    process.send_signal(signal.SIGKILL)
    process.wait()
    counted = [line for line in lines(site / "w", "counts") if line["part"] == "train"]
    assert [line["step"] for line in counted] == list(range(steps))
    assert len(calls(site / "w")) == steps
    assert kinds(site / "w") == ["run", "trainer", "assigner"]
    boxes = [line for line in lines(site / "w", "boxes") if "gt" in line]
    assert len(boxes) == 5 * (steps > stand_in.STEPS)


def test_a_kill_at_any_moment(site):
    """In the middle of whatever it does then: every file can be read."""
    for delay in (0.0, 0.01, 0.02, 0.04, 0.08, 0.16):
        process = start(site, f"print('go', flush=True)\n{code(epochs=1000)}")
        process.stdout.readline()
        while not list(site.glob("w/**/counts-rank0.jsonl")) and process.poll() is None:
            pass
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        for folder in {path.parent for path in site.glob("w/**/run-rank0.jsonl")}:
            for entry in ("run", "counts", "boxes"):
                lines(folder, entry)
            calls(folder)

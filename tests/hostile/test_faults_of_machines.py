"""Interrupts, too little memory, and what lies in the working directory."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.commands import ONE_BOX, python
from tests.hostile.fuzz_interrupts import interrupted, make_files
from yolo_assign_trace.basics.named_objects import load_object
from yolo_assign_trace.inputs.datasets.processes import map_in_processes

# --- Ctrl-C ----------


@pytest.mark.parametrize("after", [0.0, 0.1, 0.25, 0.4, 0.55])
def test_an_interrupt_of_labels_ends_all_its_processes_with_one_line(tmp_path, after):
    """``python -m tests.hostile.fuzz_interrupts 200`` is the same at random moments and with more commands."""
    make_files(tmp_path)
    interrupted(("labels", "labels", "--processes", "2"), tmp_path, after)


def test_an_interrupt_at_shutdown_or_while_importing_is_one_line():
    script = "import os, signal\nfrom yolo_assign_trace.basics.interrupts import end_at_once\n"
    script += "end_at_once()\nos.kill(os.getpid(), signal.SIGINT)\nprint('not reached')"
    with pytest.raises(Exception, match="exit status 130") as caught:
        python("-c", f"import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n{script}")
    assert (caught.value.stdout, caught.value.stderr) == ("", "interrupted\n")


def double(number):
    if number == 13:
        raise ValueError(number)
    if number == 14:
        os.kill(os.getpid(), signal.SIGKILL)  # as a system ends what takes too much memory
    return 2 * number


def test_results_come_in_order_and_errors_as_they_are():
    assert list(map_in_processes(double, range(10), 3)) == [(n, 2 * n) for n in range(10)]
    with pytest.raises(ValueError, match="13"):
        list(map_in_processes(double, range(10, 14), 2))
    with pytest.raises(MemoryError):
        list(map_in_processes(double, [14], 2))


def test_closing_the_iterator_ends_the_processes():
    before = children()
    results = map_in_processes(double, iter(range(1, 1 << 30)), 2)
    assert next(results) == (1, 2)
    assert len(children() - before) >= 2
    results.close()
    assert children() <= before


def children():
    """Of this process; other tests may have left some that serve them all."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(number) for task in tasks for number in (task / "children").read_text().split()}


# --- memory ----------

MEMORY = [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried to"),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("std::bad_alloc"),
    OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
    ImportError("libtorch_cpu.so: failed to map segment: Cannot allocate memory"),
]


@pytest.mark.parametrize("error", MEMORY, ids=str)
def test_too_little_memory_is_told_as_such(yolo_assign, folder, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("yolo_assign_trace.run.runner.run_stages", fail)
    monkeypatch.setattr("yolo_assign_trace.run.runner.trace", fail)
    outcome = yolo_assign("trace", "--labels", "labels.txt")
    assert outcome.code == 2, outcome.err
    assert "this machine has too little memory for the run [out-of-memory]" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_run_in_too_little_memory(folder):
    """Whatever runs out first: the run ends with 2."""
    (folder / "my.txt").write_text(ONE_BOX)
    script = (
        "import resource, sys\nimport torch, yolo_assign_trace.run.runner, yolo_assign_trace.inputs.load\n"
        "from yolo_assign_trace.cli.main import run\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + (60 << 20), size + (60 << 20)))\n"
        "sys.exit(run(['trace', '--labels', 'my.txt', '--shapes', 'yolov8', '--imgsz', '4096', '--no-log', '-q']))"
    )
    with pytest.raises(Exception, match="exit status 2") as caught:
        python("-c", script, cwd=folder)
    assert "[out-of-memory]" in caught.value.stderr


# --- the working directory ----------


def test_modules_in_the_working_directory_stand_behind_everything_else(folder, monkeypatch):
    (folder / "mine.py").write_text("class Tracer: pass\n")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(folder))])
    load_object("mine:Tracer", "tracer", "--tracer")
    assert sys.path[-1] == str(folder)


@pytest.mark.parametrize("start", ["-m", "installed"])
def test_a_torch_that_lies_in_the_working_directory_is_not_run(folder, start):
    for name in ("torch", "numpy", "orjson", "typer"):
        (folder / f"{name}.py").write_text("raise SystemExit('this was run')\n")
    (folder / "mine.py").write_text("from yolo_assign_trace import Tracer\nclass Mine(Tracer): pass\n")
    arguments = ["trace", "--labels", "labels.txt", "--tracer", "mine:Mine", "-q"]
    if start == "-m":
        done = python("-m", "yolo_assign_trace", *arguments, cwd=folder)
    else:  # as the script of an installed command begins
        script = "import sys; sys.path.remove(''); from yolo_assign_trace.__main__ import main; sys.exit(main())"
        done = python("-c", script, *arguments, cwd=folder)
    assert "this was run" not in done.stderr

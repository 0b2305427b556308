"""What goes wrong around a run: the old log stays whole, no partial file remains, the exit code tells."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.commands import python
from yolo_assign_trace.traces.run_log import read_run_log

OLD = "the old log\n"
BIG = ("trace", "--labels", "labels.txt", "--quiet")  # its log has 370 kB


@pytest.fixture
def old(folder):
    """A run.log and a saved trace from before."""
    (folder / "run.log").write_text(OLD)
    (folder / "t.safetensors").write_text(OLD)
    return folder


def partial_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(".part")]


def assert_old_is_whole(folder: Path) -> None:
    assert (folder / "run.log").read_text() == OLD
    assert (folder / "t.safetensors").read_text() == OLD
    assert partial_files(folder) == []


# --- where the log goes --------------------------------------------------------------------------------------------

PLACES = [
    # --log, id, place, message
    ("a_folder", "is-a-folder", "the log is a folder, not a file"),
    ("missing/run.log", "no-such-folder", "its folder does not exist"),
    ("labels.txt/run.log", "not-writable", "not a directory"),  # a file stands where a folder should
    ("x" * 300, "not-writable", "file name too long"),
    ("loop", "not-writable", "symbolic links"),  # a link to itself
]


@pytest.mark.parametrize("option", ["--log", "--save"])
@pytest.mark.parametrize(("path", "id", "says"), PLACES, ids=[row[1] for row in PLACES])
def test_a_place_that_cannot_be_written(yolo_assign, old, option, path, id, says):
    (old / "a_folder").mkdir()
    (old / "loop").symlink_to("loop")
    outcome = yolo_assign("trace", "--labels", "labels.txt", "--quiet", option, path)
    assert outcome.code == 2, outcome.err
    assert outcome.err.startswith(f"error: {path}: ")
    assert f"[{id}]" in outcome.err
    assert says.replace("the log", {"--log": "the log", "--save": "the trace file"}[option]) in outcome.err.lower()
    assert "hint: " in outcome.err
    assert_old_is_whole(old)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_log_or_folder_without_permission(yolo_assign, old):
    (old / "run.log").chmod(0o444)
    (old / "closed").mkdir(mode=0o555)
    for path in ("run.log", "closed/run.log"):
        outcome = yolo_assign(*BIG, "--log", path)
        assert outcome.code == 2
        assert f"error: {path}: " in outcome.err
        assert "[not-writable]" in outcome.err
    assert_old_is_whole(old)


SAME = [
    # arguments, the file that would be lost
    (("--log", "labels.txt"), "labels.txt"),
    (("--log", "./a_folder/../labels.txt"), "labels.txt"),  # another spelling
    (("--log", "link.txt"), "labels.txt"),  # a link to it
    (("--save", "labels.txt"), "labels.txt"),
    (("--heads", "heads.npz", "--log", "heads.npz"), "heads.npz"),
    (("--shapes", "my.yaml", "--save", "my.yaml"), "my.yaml"),
    (("--log", "run.log", "--save", "run.log"), "run.log"),
    (("--log", "new", "--save", "new"), "new"),  # also while it does not exist
    (("--log", "new", "--save", "./a_folder/../new"), "new"),
]


@pytest.mark.parametrize(("arguments", "lost"), SAME, ids=[" ".join(row[0]) for row in SAME])
def test_an_output_that_is_also_an_input_or_another_output_is_refused(yolo_assign, old, save_heads, arguments, lost):
    save_heads(channels=67, batch=4)
    (old / "a_folder").mkdir()
    (old / "my.yaml").write_text("imgsz: 640\nmaps: [[8, 8], [4, 4], [2, 2]]\n")
    (old / "link.txt").symlink_to("labels.txt")
    before = (old / lost).read_bytes() if lost != "new" else None
    outcome = yolo_assign(*BIG, *arguments)
    assert outcome.code == 2, outcome.err
    assert "[would-overwrite]" in outcome.err
    assert ((old / lost).read_bytes() if (old / lost).exists() else None) == before
    assert_old_is_whole(old)


def test_a_file_that_has_the_name_of_a_layout_is_no_input(yolo_assign, old):
    (old / "study").write_text(OLD)
    assert yolo_assign(*BIG, "--shapes", "study", "--log", "study").code == 0


def test_a_linked_log_stays_a_link_and_its_target_is_replaced(yolo_assign, old):
    (old / "deep").mkdir()
    (old / "deep" / "real.log").write_text(OLD)
    (old / "link.log").symlink_to("deep/real.log")
    assert yolo_assign(*BIG, "--log", "link.log").code == 0
    assert (old / "link.log").is_symlink()
    assert read_run_log(old / "deep" / "real.log").outputs
    assert partial_files(old) == []


def test_devices_and_pipes_are_written_to_and_not_replaced(yolo_assign, old):
    assert yolo_assign(*BIG, "--log", os.devnull).code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    os.mkfifo(old / "pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append((old / "pipe").read_bytes()), daemon=True)
    reader.start()
    assert yolo_assign(*BIG, "--log", "pipe").code == 0
    reader.join(timeout=10)
    assert yolo_assign(*BIG, "--log", "file.log").code == 0
    assert received[0] == (old / "file.log").read_bytes()
    assert stat.S_ISFIFO((old / "pipe").stat().st_mode)
    outcome = yolo_assign(*BIG, "--save", os.devnull)  # a saved trace is not written front to back
    assert outcome.code == 2
    assert "[not-seekable]" in outcome.err


def test_the_log_can_go_to_stdout_as_dev_stdout(forked):
    out, err = (running := forked(*BIG, "--log", "/dev/stdout")).communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    assert out.startswith("# yolo-assign trace, format ")
    assert out.splitlines()[-1].startswith("# end of ")


# --- a disk that is full -------------------------------------------------------------------------------------------

LIMITED = """
import json, os, resource, sys
from yolo_assign_trace.cli.main import run
found = []
for limit, *arguments in json.load(sys.stdin):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    found.append([run(arguments), sorted(os.listdir())])
json.dump(found, sys.stdout)
"""


def test_a_full_disk_leaves_the_old_files_whole_wherever_the_writing_stops(yolo_assign, old):
    """The limit on the size of files stands for a disk that fills up, at the first byte and at the last."""
    assert yolo_assign(*BIG, "--log", "whole.log", "--save", "whole.safetensors").code == 0
    cases = []
    for name, arguments in [
        ("whole.log", ["--log", "run.log"]),
        ("whole.safetensors", ["--no-log", "--save", "t.safetensors"]),
    ]:
        size = (old / name).stat().st_size
        cases += [[limit, *BIG, *arguments] for limit in (0, 1, 8192, size // 2, size - 1)]
        (old / name).unlink()
    before = sorted(path.name for path in old.iterdir())
    done = python("-c", LIMITED, input=json.dumps(cases))
    assert json.loads(done.stdout) == [[2, before]] * len(cases)
    errors = [line for line in done.stderr.splitlines() if not line.startswith("  hint: ")]
    assert len(errors) == len(cases)
    assert all("the disk is full; what was there before is unchanged [disk-full]" in error for error in errors)
    assert_old_is_whole(old)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device(yolo_assign, folder):
    outcome = yolo_assign(*BIG, "--log", "/dev/full")
    assert outcome.code == 2
    assert "/dev/full: the log could not be written, the disk is full" in outcome.err


# --- a run that is stopped -----------------------------------------------------------------------------------------

SLOW = """
import time
from yolo_assign_trace import Tracer
class Slow(Tracer):
    def stage_start(self, stage):
        if stage.name == "topk":
            time.sleep(60)
"""

STOPS = [
    # signal, exit code, does it leave partial files, what stderr says
    (signal.SIGINT, 130, False, "interrupted"),
    (signal.SIGTERM, 128 + signal.SIGTERM, False, ""),
    (signal.SIGKILL, -signal.SIGKILL, True, ""),  # nobody can clean up after this one
]


@pytest.mark.parametrize(("number", "code", "leaves", "says"), STOPS, ids=["Ctrl-C", "kill", "kill -9"])
def test_stopped_while_writing_the_old_files_are_whole_and_the_next_run_works(
    forked, yolo_assign, old, number, code, leaves, says
):
    (old / "slow.py").write_text(SLOW)
    running = forked(*BIG, "--save", "t.safetensors", "--tracer", "slow:Slow")
    deadline = time.monotonic() + 30
    while not (len(parts := partial_files(old)) == 2 and all(part.stat().st_size > 50_000 for part in parts)):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline, "the run did not begin to write"
        time.sleep(0.02)
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    assert running.returncode == code
    assert says in err
    assert "Traceback" not in err
    assert bool(partial_files(old)) == leaves
    for part in partial_files(old):
        part.unlink()
    assert_old_is_whole(old)
    if leaves:
        assert yolo_assign(*BIG, "--save", "t.safetensors").code == 0
        assert read_run_log(old / "run.log").outputs


CLOSED = [
    # arguments, is a log written
    (("trace", "--labels", "labels.txt"), True),
    (("trace", "--labels", "labels.txt", "--json"), True),
    (("stages",), False),
]


@pytest.mark.parametrize(("arguments", "logs"), CLOSED, ids=["console", "json", "stages"])
def test_a_reader_that_has_seen_enough_does_not_stop_the_run(forked, folder, arguments, logs):
    """`yolo-assign trace ... | head -1`"""
    read_end, write_end = os.pipe()
    os.close(read_end)
    running = forked(*arguments, stdout=write_end)
    os.close(write_end)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "wrote run.log (370.5 kB)\n" if logs else "")
    if logs:
        assert read_run_log(folder / "run.log").outputs


# --- the same bytes everywhere -------------------------------------------------------------------------------------


def test_threads_and_folders_do_not_show_in_the_files(process, tmp_path):
    random = np.random.RandomState(5)
    rows = np.column_stack([random.randint(0, 2, 40), random.randint(0, 80, 40), random.uniform(0.2, 0.8, (40, 4))])
    runs = []
    for threads in ("1", "2"):
        own = tmp_path / f"with {threads}"
        own.mkdir()
        np.savetxt(own / "labels.txt", rows, fmt="%d %d %.6f %.6f %.6f %.6f")
        arguments = ("--shapes", "yolov8", "--imgsz", "320", "--save", "t.safetensors", "--quiet")
        labels = str(own / "labels.txt") if threads == "1" else "labels.txt"
        runs.append(
            process("trace", "--labels", labels, *arguments, cwd=own, env={"OMP_NUM_THREADS": threads, "TZ": "UTC"})
        )
    for running in runs:
        out, err = running.communicate(timeout=60)
        assert (out, err.partition(";")[0]) == ("", "note: 19 [leaves-the-image]: the part outside holds no pixels")
        assert running.returncode == 0
    found = [[(own / name).read_bytes() for name in ("run.log", "t.safetensors")] for own in tmp_path.glob("with *")]
    assert found[0][0] == found[1][0]
    assert found[0][1] == found[1][1]
    assert str(tmp_path).encode() not in found[0][0] + found[0][1]

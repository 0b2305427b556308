"""`yolo-assign audit`: results that are kept, and runs that are ended."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.inputs.datasets.made import put, put_images

TINY, LARGE = "1 .503 .503 .004 .004\n", "0 .5 .5 .5 .5\n"
OLD = ("--release", "8.3.253")


def test_results_are_kept_and_gone_on_with(yolo_assign, folder):
    put_images("a")
    put("labels/a.txt", LARGE + TINY)
    first = yolo_assign("audit", "images", *OLD, "--resume", "kept").out
    (folder / "labels/a.txt").unlink()  # not read again
    assert yolo_assign("audit", "images", *OLD, "--resume", "kept").out == first
    outcome = yolo_assign("audit", "images", "--resume", "kept")
    assert (outcome.code, "[other-audit]" in outcome.err) == (2, True)


def is_running(number: int) -> bool:
    """Is there such a process, and is it more than what is left of one that nobody has asked about?"""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_an_ended_run_leaves_no_process_behind_and_goes_on(process, folder, number, code):
    for i in range(9000):
        put(f"many/{i}.txt", LARGE + TINY)
    options = ("audit", "many", *OLD, "--image-size", "640x480", "--processes", "2", "--resume", "kept", "--json")
    run = process(*options)
    deadline = time.monotonic() + 60
    while not list(folder.glob("kept/shard-*.json")) and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.01)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    left = [int(child) for child in children.read_text().split()] if children.exists() else []
    assert len(left) >= 2 or not children.exists()
    run.send_signal(number)
    _, err = run.communicate(timeout=60)
    if run.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert (run.returncode, "Traceback" in err) == (code, False), err
    deadline = time.monotonic() + 10
    while any(map(is_running, left)) and time.monotonic() < deadline:  # of a killed process they end by themselves
        time.sleep(0.01)
    assert not any(map(is_running, left))
    out, err = process(*options).communicate(timeout=60)
    assert '"boxes": 18000' in out, err
    assert len(list(folder.glob("kept/*"))) == 1 + -(-9000 // 2000)  # the plan and the shards, nothing half written

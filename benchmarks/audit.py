"""An audit of 100,000 label files against ``labels`` on the same files, and of two workers against one."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

from yolo_assign_trace.audit.question import Question, ask
from yolo_assign_trace.audit.run import audit
from yolo_assign_trace.audit.tally import Tally
from yolo_assign_trace.audit.workers import process_pool
from yolo_assign_trace.inputs.datasets.dataset import open_dataset

from .labels import BOXES, FILES, read, write_files
from .measure import MIB, Line, faster, fresh_process, in_turns, less_memory, slower

ROUNDS = 3
SIZES, SHAPES = ((640, 640), (960, 960), (1280, 1280)), ("yolov8", "yolov8-p2")


def lines() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name), FILES)
        return [*lines_of(name, FILES, ROUNDS)]


def lines_of(name: str, files: int, rounds: int) -> list[Line]:
    """The lines of ``files`` label files in the folder ``name``."""
    assert count(name, 2) == count(name, 1)
    sides = (lambda: open_dataset(Path(name) / "labels"), lambda: count(name, 1), lambda: count(name, 2))
    found, one, two, labels = in_turns(rounds, *sides, lambda: read(name))
    alone = [[whole - opened for whole, opened in zip(times, found, strict=True)] for times in (one, two)]
    worker = fresh_process("audit:worker_peak", name)
    what = f"audit: {files:,} files of {BOXES} boxes, 3 inputs, 2 heads"
    return [
        slower(f"{what} : labels", two, labels, at_most=1.5),
        faster(f"{what}, without finding them, 2 workers : 1", alone[1], alone[0], at_least=1.7),
        slower(f"{what} : 33,000 files a second", two, [files / 33_000] * rounds, at_most=1),
        less_memory(f"{what}, one worker, whole : 256 MiB", [worker], [256 * MIB], at_most=1),
    ]


def question() -> Question:
    return ask(["8.3.253"], SIZES, SHAPES, image_size=(640, 480))[0]


def count(folder: str, processes: int) -> int:
    """Find, read and count all files; the number of boxes without k candidates in all combinations."""
    with process_pool(processes) as pool:  # as the command has it: they start while files are looked for
        tally: Tally = audit(open_dataset(Path(folder) / "labels"), question(), pool)
    return sum(counted.lacking for counted in tally.counted)


def worker_peak(folder: str) -> int:
    """Bytes of the largest worker, Python and numpy included."""
    count(folder, 2)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024

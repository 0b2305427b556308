"""Reading and checking 100,000 label files, against a plain loop of numpy.loadtxt over the same files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.survey import Survey, SurveySettings, survey
from yolo_assign_trace.inputs.labels.rules import TODAY

from .measure import MIB, Line, fresh_process, growth_of_peak, in_turns, less_memory, slower

FILES, BOXES, CLASSES = 100_000, 7, 80
ROUNDS = 3
SEED = 0


def lines() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, FILES)
        assert read(name).boxes == plain(name) == FILES * BOXES
        ours, loop = in_turns(ROUNDS, lambda: read(name), lambda: plain(name))
        grown = fresh_process("labels:peak", name)
    return [
        slower(f"labels: {FILES:,} files of {BOXES} boxes : a loop of numpy.loadtxt", ours, loop, at_most=1 / 3),
        less_memory(f"labels: {FILES:,} files, extra memory : 256 MiB", [grown], [256 * MIB], at_most=1),
    ]


def write_files(folder: Path, files: int) -> None:
    """Label files as labelling tools write them: six digits, boxes of 3 % to 50 % of the image's sides."""
    random = np.random.RandomState(SEED)
    (folder / "labels").mkdir(parents=True)
    for number in range(files):
        w, h = random.uniform(0.03, 0.5, (2, BOXES))
        cx, cy = w / 2 + random.uniform(size=BOXES) * (1 - w), h / 2 + random.uniform(size=BOXES) * (1 - h)
        columns = zip(random.randint(CLASSES, size=BOXES), cx, cy, w, h, strict=True)
        rows = [f"{label} {x:.6f} {y:.6f} {width:.6f} {height:.6f}" for label, x, y, width, height in columns]
        (folder / "labels" / f"{number:012d}.txt").write_text("\n".join(rows) + "\n")


def read(folder: str) -> Survey:
    """Find and read all files, with every check, in as many processes as there are cores."""
    return survey(open_dataset(Path(folder) / "labels"), SurveySettings(TODAY, CLASSES))


def plain(folder: str) -> int:
    """The usual loop, which checks nothing; the number of rows."""
    return sum(len(np.loadtxt(path, dtype=np.float32, ndmin=2)) for path in sorted((Path(folder) / "labels").iterdir()))


def peak(folder: str) -> int:
    """Bytes by which the main process grows: the list of files and what the other processes report."""
    return growth_of_peak(lambda: read(folder))

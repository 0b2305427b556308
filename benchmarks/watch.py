"""What a watched training costs: whole runs of a real release, with and without. Needs ``make test-live`` first.

Time is that of the process, with one thread: other work on the machine then counts for less. Even so whole runs differ
by some percent, so there is a second line: the time that ours took within the watched run, as its guard measures it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .live import dataset, is_there, run
from .measure import Line, slower

ROUNDS, EPOCHS = 5, 4
NEVER = 10**9

SIDES = {
    # what is watched: arguments of watch
    "between samples": {"count_every": 0, "every": NEVER},
    "counts of every step": {"count_every": 1, "every": NEVER},
    "counts of every step, calls of every 5": {"count_every": 1, "every": 5},
}
AT_MOST = (1.01, 1.05, 1.05)
SETS = {
    # model and pictures: model, images, boxes an image, px
    "yolov8n, 8 boxes an image, 320 px": ("yolov8n", 32, 8, 320),
    "yolo26n, 8 boxes an image, 320 px": ("yolo26n", 32, 8, 320),
    "yolov8n, 100 boxes an image, 640 px": ("yolov8n", 16, 100, 640),
}
TRAIN = """
import contextlib, json, sys, time
watching, model, data, px, epochs, runs = json.loads(sys.argv[1])
import torch
import torchvision
from ultralytics import YOLO
from yolo_assign_trace import watch
from yolo_assign_trace.training.patching.guard import Guard
own, run = [0.0], Guard.run
def timed(*arguments):
    before = time.process_time()
    run(*arguments)
    own[0] += time.process_time() - before
Guard.run = timed
torch.set_num_threads(1)
with watch(**watching) if watching else contextlib.nullcontext():
    model = YOLO(model + ".yaml")
    before = time.process_time()
    model.train(data=data, epochs=epochs, imgsz=px, batch=8, workers=0, device="cpu", plots=False, amp=False,
                save=False, verbose=False, project=runs, name="r", exist_ok=True)
    print("seconds", time.process_time() - before, own[0])
"""


def lines() -> list[Line]:
    if not is_there():
        return []
    found = []
    for what, (model, images, boxes, px) in SETS.items():
        with tempfile.TemporaryDirectory() as folder:
            data = dataset(Path(folder) / "d", images, boxes, px)
            rounds = [
                [_train(Path(folder), watching, model, data, px) for watching in (None, *SIDES.values())]
                for _ in range(ROUNDS + 1)
            ]
            sides = list(zip(*rounds[1:], strict=True))  # the first round warms up
            without = [total for total, _ in sides[0]]
            for side, took, at_most in zip(SIDES, sides[1:], AT_MOST, strict=True):
                totals = [total for total, _ in took]
                rest = [total - own for total, own in took]
                found += [
                    slower(f"{what}, {side} : not watched", totals, without, at_most=at_most),
                    slower(f"{what}, {side} : the same less what ours took", totals, rest, at_most=at_most),
                ]
    return found


def _train(folder: Path, watching: dict[str, int] | None, model: str, data: Path, px: int) -> tuple[float, float]:
    """Seconds of the training, and those of ours within them."""
    told = watching and watching | {"out": str(folder / "w")}
    printed = run(folder, TRAIN, told, model, str(data), px, EPOCHS, str(folder / "runs"))
    line = next(line for line in printed if line.startswith("seconds "))
    return float(line.split()[1]), float(line.split()[2])

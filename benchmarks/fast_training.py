"""What the fast assigner gains of a training step: a real release, every second step with it. Needs ``make test-live``.

Steps with and without take turns within one training, whose numbers are the same either way. A step is all that lies
between the ends of two batches, loading the pictures too. Time is that of the process, with one thread, so other work
on the machine counts for less.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from .live import dataset, is_there, run
from .measure import Line, slower

EPOCHS, STEPS = 4, 9
"""An odd number of steps, so that both sides have the first of an epoch, which is not measured."""
SETS = {
    # what is trained on: model, boxes an image, batch, px, at most
    "yolo26n, 400 boxes an image, 640 px": ("yolo26n", 400, 4, 640, 0.7),
    "yolov8n, 400 boxes an image, 640 px": ("yolov8n", 400, 4, 640, 1.0),
    "yolov8n, 8 boxes an image, 320 px": ("yolov8n", 8, 8, 320, 1.01),
    "yolo26n, 8 boxes an image, 320 px": ("yolo26n", 8, 8, 320, 1.01),
}
TRAIN = """
import json, sys, time
model, data, px, batch, epochs, runs = json.loads(sys.argv[1])
import torch
import torchvision
from ultralytics import YOLO
from yolo_assign_trace.training import fast_assigner
torch.set_num_threads(1)
times, within, last = ([], []), [], [0.0, 0]
def turn(trainer):
    now = time.process_time()
    if last[1]:  # the first step of an epoch begins with what lies between epochs
        times[len(within)].append(now - last[0])
    if within:
        within.pop().__exit__(None, None, None)
    else:
        within.append(fast_assigner())
        within[0].__enter__()
    last[:] = time.process_time(), last[1] + 1
def begin(trainer):
    last[1] = 0
model = YOLO(model + ".yaml")
model.add_callback("on_train_epoch_start", begin)
model.add_callback("on_train_batch_end", turn)
model.train(data=data, epochs=epochs, imgsz=px, batch=batch, nbs=batch, workers=0, device="cpu", plots=False, amp=False,
            save=False, val=False, verbose=False, project=runs, name="r", exist_ok=True)
print("seconds", json.dumps(times))
"""


def lines() -> list[Line]:
    if not is_there():
        return []
    return [_line(what, *of_set) for what, of_set in SETS.items()]


def _line(what: str, model: str, boxes: int, batch: int, px: int, at_most: float) -> Line:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = dataset(folder / "d", STEPS * batch, boxes, px)
        printed = run(folder, TRAIN, model, str(data), px, batch, EPOCHS, str(folder / "runs"))
    without, fast = json.loads(next(line for line in printed if line.startswith("seconds ")).partition(" ")[2])
    pairs = list(zip(fast, without, strict=False))[1:]  # the first warms up
    return slower(f"{what}, a step: fast : original", *map(list, zip(*pairs, strict=True)), at_most=at_most)

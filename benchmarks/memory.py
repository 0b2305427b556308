"""Peak memory of a whole trace, in units of what goes into the assignment and comes out of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .measure import Line, fresh_process, growth_of_peak, less_memory

IMAGES, CLASSES, ANCHORS = 16, 80, 8400  # yolov8 at 640 px
SEED = 0
RUNS = 5


def lines() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        boxes = write_labels(folder / "labels.txt")
        plain = [fresh_process("memory:peak", name) for _ in range(RUNS)]
        saved = [fresh_process("memory:peak", name, "--save", str(folder / "trace.safetensors")) for _ in range(RUNS)]
    unit = [_inputs_and_outputs(boxes)] * RUNS
    what = f"trace of {IMAGES} images at 640 px, {CLASSES} classes"
    return [
        less_memory(f"{what} : the assignment's tensors", plain, unit, at_most=2),
        less_memory(f"{what}, --save : the assignment's tensors", saved, unit, at_most=2),
    ]


def write_labels(path: Path) -> int:
    """Label rows of 16 images with 2 to 40 boxes each; the largest number of boxes in an image."""
    import numpy as np

    random = np.random.RandomState(SEED)
    counts = random.randint(2, 41, IMAGES)
    rows: list[str] = []
    for image, count in enumerate(counts):
        w, h = 8 / 640 * 40 ** random.uniform(size=(2, count))  # 8 to 320 px
        cx, cy = w / 2 + random.uniform(size=count) * (1 - w), h / 2 + random.uniform(size=count) * (1 - h)
        columns = zip(random.randint(CLASSES, size=count), cx, cy, w, h, strict=True)
        rows += [f"{image} {label} {x:.6f} {y:.6f} {width:.6f} {height:.6f}" for label, x, y, width, height in columns]
    path.write_text("\n".join(rows) + "\n")
    return int(counts.max())


def peak(folder: str, *options: str) -> int:
    """Bytes by which memory grows during ``yolo-assign trace``, over the program with all its imports done."""
    import torch  # noqa: F401

    import yolo_assign_trace.assignment.stages
    import yolo_assign_trace.tracers.run_log
    import yolo_assign_trace.tracers.tensors  # noqa: F401
    from yolo_assign_trace.cli.main import run

    labels, log = f"{folder}/labels.txt", f"{folder}/run.log"
    arguments = [
        "trace",
        "--labels",
        labels,
        "--shapes",
        "yolov8",
        "--nc",
        str(CLASSES),
        "--log",
        log,
        "--quiet",
        "--no-plugins",
    ]

    def trace() -> None:
        code = run([*arguments, *options])
        assert code == 0, f"yolo-assign ended with {code}"

    return growth_of_peak(trace)


def _inputs_and_outputs(boxes: int) -> int:
    """Bytes of the assigner's inputs and outputs, float32 and int64 as in training."""
    anchors = IMAGES * ANCHORS
    pd_scores, pd_bboxes, anc_points = anchors * CLASSES * 4, anchors * 4 * 4, ANCHORS * 2 * 4
    gt_labels, gt_bboxes, mask_gt = IMAGES * boxes * 8, IMAGES * boxes * 4 * 4, IMAGES * boxes
    target_labels, target_bboxes, target_scores = anchors * 8, anchors * 4 * 4, anchors * CLASSES * 4
    fg_mask, target_gt_idx = anchors, anchors * 8
    inputs = pd_scores + pd_bboxes + anc_points + gt_labels + gt_bboxes + mask_gt
    return inputs + target_labels + target_bboxes + target_scores + fg_mask + target_gt_idx

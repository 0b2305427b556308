"""What naming the facts of a run costs, against the assignment that they are about."""

from __future__ import annotations

import numpy as np

from yolo_assign_trace.inputs.heads.shapes import layout_grid
from yolo_assign_trace.run.given import Inputs

from .assign import BOXES, CLASSES, IMAGES, SIZE, make_inputs, on_pairs
from .measure import Line, in_turns, slower

ROUNDS = 7


def lines() -> list[Line]:
    """Facts are named on the records of a real trace, from screen to normalize."""
    import torch

    from yolo_assign_trace import trace
    from yolo_assign_trace.run.facts import FactFinder
    from yolo_assign_trace.tracers.memory import Memory

    tensors = make_inputs()
    grid = layout_grid("yolov8", (SIZE, SIZE))
    corners = tensors["gt_bboxes"].double().numpy() / SIZE
    centre, sides = (corners[..., :2] + corners[..., 2:]) / 2, corners[..., 2:] - corners[..., :2]
    image = np.repeat(np.arange(IMAGES), BOXES)[:, None]
    columns = [image, tensors["gt_labels"].reshape(-1, 1), centre.reshape(-1, 2), sides.reshape(-1, 2)]
    random = torch.Generator().manual_seed(0)
    maps = [
        torch.randn(IMAGES, 64 + CLASSES, level.height, level.width, generator=random).numpy() for level in grid.levels
    ]
    memory = Memory()
    trace(Inputs(grid, maps, np.concatenate(columns, axis=1), IMAGES, CLASSES), tracers=[memory])
    stages = list(memory.facts)[5:]
    before = [record for record in memory.records.values() if record.stage not in stages]
    about = [[record for record in memory.records.values() if record.stage == stage] for stage in stages]

    def name_facts() -> None:
        finder = FactFinder(memory.run)
        finder.kept.update({record.name: record.array for record in before})
        for stage, records in zip(stages, about, strict=True):
            for record in records:
                finder.output(record)
            finder.of_stage(stage)

    inputs = tensors | {name: torch.from_numpy(memory[name].copy()) for name in ("pd_scores", "pd_bboxes")}
    times = in_turns(ROUNDS, name_facts, lambda: on_pairs(inputs))
    return [slower(f"facts of {IMAGES} x {BOXES} boxes, 33,600 anchors : the assignment", *times, at_most=0.1)]

"""What would have helped a box is found by trying: the trials agree with testing every centre."""

from __future__ import annotations

import numpy as np

from tests.run.hand_made import GRID
from yolo_assign_trace.explain.larger_input import holds_centre, smallest_helping


def test_trying_agrees_with_testing_every_centre() -> None:
    random = np.random.RandomState(3)
    first = random.uniform(-10, 120, (400, 2))
    boxes = np.concatenate([first, first + random.uniform(0, 9, (400, 2))], axis=1)
    boxes[:50] = np.round(boxes[:50] / 4) * 4  # edges on centres
    for size, strides in [((64, 96), (8, 16)), ((60, 100), (8,)), ((33, 70), (4, 8, 16))]:
        expected = np.zeros(len(boxes), bool)
        for stride in strides:
            for y in range(-(-size[0] // stride)):
                for x in range(-(-size[1] // stride)):
                    cx, cy = (x + 0.5) * stride, (y + 0.5) * stride
                    deltas = [cx - boxes[:, 0], cy - boxes[:, 1], boxes[:, 2] - cx, boxes[:, 3] - cy]
                    expected |= np.min(deltas, axis=0) > 1e-9
        assert 20 < expected.sum() < 380
        assert (holds_centre(boxes, size, strides) == expected).all()


def test_from_the_sure_size_on_every_step_helps() -> None:
    random = np.random.RandomState(4)
    first = random.uniform(0, 60, (200, 2))
    boxes = np.concatenate([first, first + random.uniform(0.6, 4, (200, 2))], axis=1).clip(0, 64)
    helps = smallest_helping(boxes, GRID)
    smallest = np.array([found.size[0] if found.size else 0 for found in helps])
    sure = np.array([found.sure[0] if found.sure else 0 for found in helps])
    open_ones = sure > 0
    assert open_ones.sum() > 50
    for side in range(96, 1025, 32):
        helped = holds_centre(boxes * side / 64, (side, side), GRID.strides)
        assert helped[open_ones & (sure <= side)].all()
        assert not helped[(smallest > side)].any()

"""Whether screening enlarged a box: told from its result, rounding apart."""

from __future__ import annotations

import numpy as np
import pytest

from yolo_assign_trace.run.screening import is_enlarged

BOXES = [
    # box, box as screened, is it larger?
    ((8, 8, 24, 24), (8, 8, 24, 24), False),
    ((8, 8, 12, 24), (2, 8, 18, 24), True),  # one side
    ((8, 8, 24, 12), (8, 2, 24, 18), True),  # the other
    ((600.1, 8, 615.3, 24), (600.10004, 8, 615.30005, 24), False),  # an ulp further apart
    ((8, 8, 8, 24), (0, 8, 16, 24), True),  # it had no width
    ((0, 0, 0, 0), (0, 0, 0, 0), False),  # padding
]


@pytest.mark.parametrize(("box", "screened", "larger"), BOXES)
def test_a_box_is_enlarged_if_a_side_is_longer_than_rounding_makes_it(box, screened, larger):
    assert bool(is_enlarged(np.float32(box), np.float32(screened))) is larger


def test_boxes_of_any_number_of_axes():
    corners, screened = (np.float32([[row[i] for row in BOXES]] * 2) for i in (0, 1))
    assert is_enlarged(corners, screened).tolist() == [[row[2] for row in BOXES]] * 2

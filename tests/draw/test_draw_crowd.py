"""An image of hundreds of boxes stays readable: thin lines, and labels only where they fit."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.draw.drawn import SVG, image_of, random_labels, stored
from yolo_assign_trace.draw.image_sheet import GAP, MARGIN, SIDE, WIDTH
from yolo_assign_trace.draw.panel import scale_of
from yolo_assign_trace.draw.scene import CROWD
from yolo_assign_trace.draw.sheet import SMALL, Sheet
from yolo_assign_trace.draw.theme import THEMES, settings


def trace_of(boxes):
    return stored(random_labels(boxes), "yolov8", "8.4.190", px=640)


def width_of(picture, name):
    """Width of the first line in the element called ``name``; an SVG does not say it where it is 1."""
    styles = [str(line.get("style")) for tag in ("use", "path") for line in picture.by_id[name].iter(f"{SVG}{tag}")]
    found = re.search(r"stroke-width: ([\d.]+)", next(style for style in styles if "stroke: " in style))
    return float(found[1]) if found else 1.0


@pytest.mark.parametrize(
    ("boxes", "share"),
    [
        (1, 1),
        (CROWD, 1),
        (2 * CROWD, 0.5**0.5),
        (300, 0.5),  # nothing gets thinner than half
    ],
)
def test_the_more_boxes_the_thinner_their_lines(boxes, share):
    one, picture = image_of(trace_of(1)), image_of(trace_of(boxes))
    positive = [min(found.ids("anchor-", "-positive")) for found in (one, picture)]
    names = [("gt-0", "gt-0"), ("all-gt-0", "all-gt-0"), tuple(f"anchor-{anchor}-positive" for anchor in positive)]
    for of_one, of_many in names:
        assert width_of(picture, of_many) == pytest.approx(share * width_of(one, of_one), rel=1e-3)


def test_in_a_crowd_no_label_is_wider_than_its_box_but_for_those_without_positives():
    trace = trace_of(300)
    picture = image_of(trace)
    scale = scale_of(trace.grid, (WIDTH - 2 * MARGIN - SIDE - 2 * GAP) / 2, np.inf)
    corners = trace.array("gt_bboxes")[0]
    owned = set(trace.array("target_gt_idx")[0][trace.array("fg_mask")[0]].tolist())
    labelled = set(map(int, picture.ids("gt-", "-label")))
    assert len(labelled - owned) > 10  # boxes that found no positives are named wherever there is room
    assert len(labelled & owned) > 100
    with settings(THEMES["light"]):
        sheet = Sheet(400, 300, THEMES["light"])
        for gt in labelled & owned:
            wide = float(corners[gt, 2] - corners[gt, 0]) * scale
            assert sheet.measure(picture.text(f"gt-{gt}-label"), SMALL) < wide


def test_in_a_crowd_numbers_of_winners_hide_no_candidate_of_their_level():
    """Each stands at least half a number's height from the centres of all candidates."""
    trace = trace_of(300)
    picture = image_of(trace)
    level = trace.grid.levels[0]
    candidates = np.unique(trace.array("pairs")[:, 2])
    frame = next(picture.by_id["P3-panel"].iter(f"{SVG}path")).get("d")
    numbers = np.array(re.findall(r"[\d.]+", frame), dtype=float).reshape(-1, 2)
    (left, top), scale = numbers.min(axis=0), np.ptp(numbers[:, 0]) / trace.grid.width
    centres = trace.array("anc_points")[candidates[candidates < level.anchors]] * scale + (left, top)
    winners = picture.ids("anchor-", "-winner")
    assert winners
    for name in winners:
        text = next(picture.by_id[f"anchor-{name}-winner"].iter(f"{SVG}text"))
        found = re.search(r"translate\(([\d.]+) ([\d.]+)\)", str(text.get("transform")))
        x, y = (float(found[1]), float(found[2])) if found else (float(text.get("x")), float(text.get("y")))
        inside = (centres[:, 0] > x) & (centres[:, 0] < x + 6) & (centres[:, 1] < y) & (centres[:, 1] > y - 7)
        assert not inside.any()

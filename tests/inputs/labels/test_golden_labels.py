"""Label files are read, and boxes arrive at the loss, as some forty real releases did it; every range at both ends."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from tests.inputs.labels.golden_labels import answers, cases
from yolo_assign_trace.assignment.releases import Release
from yolo_assign_trace.inputs.labels.contours import training_boxes
from yolo_assign_trace.inputs.labels.rules import rules_of
from yolo_assign_trace.inputs.labels.text import parse_labels
from yolo_assign_trace.run.letterbox import Letterbox, Placing

WITHIN = 1e-3  # px

LABELS = cases("label_cases")
LETTERBOXES = cases("letterbox_cases")


@pytest.mark.parametrize("part", range(20))
def test_label_files_are_kept_or_dropped_with_the_same_rows_and_duplicates(part: int) -> None:
    for case in LABELS[part::20]:
        for release, answer in answers(case):
            table = parse_labels(base64.b64decode(case["bytes"]), "a.txt", rules_of(release), case["nc"])
            what = f"{case['id']} ({case['what']}) as {release}"
            assert bool(table.failures) == ("dropped" in answer), what
            if not table.failures:
                expected = np.array(answer["rows"], dtype=np.float32).reshape(-1, 5)
                np.testing.assert_array_equal(table.rows[:, 1:], expected, err_msg=what)
                removed = sum(finding.id == "duplicate-box" for finding in table.findings)
                assert removed == answer.get("duplicates", 0), what


@pytest.mark.parametrize("part", range(20))
def test_boxes_arrive_where_the_releases_put_them(part: int) -> None:
    for case in LETTERBOXES[part::20]:
        for release, answer in answers(case):
            what = f"{case['id']} ({case['mode']}) as {release}"
            for i, (image, expected) in enumerate(zip(case["images"], answer["images"], strict=True)):
                box = _letterboxes(case, release)[i]
                assert [box.input_width, box.input_height] == expected["input"], what
                assert [box.scaled_width, box.scaled_height] == expected["resized"], what
                loss, kept = _at_the_loss(image, box, release, training=case["mode"].startswith("train"))
                assert np.flatnonzero(kept).tolist() == expected["kept"], what
                want = np.array(expected["loss"], dtype=np.float64).reshape(-1, 4)
                np.testing.assert_allclose(loss[kept], want, rtol=0, atol=WITHIN, err_msg=what)


def _letterboxes(case: dict[str, Any], release: Release) -> list[Letterbox]:
    long_side = -(-case["imgsz_asked"] // 32) * 32
    mode, _, rect = case["mode"].partition("_")
    placing, sizes = Placing(release, mode), [tuple(image["size"]) for image in case["images"]]
    if not rect:
        return [Letterbox.of(size, (long_side, long_side), placing) for size in sizes]
    made: dict[int, Letterbox] = {}
    order = sorted(range(len(sizes)), key=lambda i: sizes[i][1] / sizes[i][0])
    for start in range(0, len(order), case["batch"]):
        members = order[start : start + case["batch"]]
        imgsz = placing.rect_imgsz([sizes[i] for i in members], long_side, 32)
        made |= {i: Letterbox.of(sizes[i], imgsz, placing, long_side=long_side) for i in members}
    return [made[i] for i in range(len(sizes))]


def _at_the_loss(
    image: dict[str, Any], box: Letterbox, release: Release, *, training: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(box, xyxy) px of all boxes and which are kept."""
    polygons = [np.array(points, dtype=np.float32).reshape(-1, 2) for points in image.get("polygons", [])]
    if polygons:
        low, high = (np.array([pick(p, axis=0) for p in polygons]) for pick in (np.min, np.max))
        boxes = np.concatenate([(low + high) / 2, high - low], axis=1)
    else:
        boxes = np.array(image.get("boxes", []), dtype=np.float32).reshape(-1, 4)
    size = np.array([box.input_width, box.input_height] * 2)
    centres, sides = np.hsplit(box.place(boxes.astype(np.float64)) * size, 2)
    corners = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
    if training:
        return training_boxes(corners, polygons, box, release)
    return corners, np.ones(len(corners), dtype=bool)

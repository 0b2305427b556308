"""Every finding of the summary and every outcome of a pair, on inputs whose answer is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.explain.explained import ORDINARY, ask, stored
from tests.run.hand_made import predict
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.explain.conflicts import NEARLY
from yolo_assign_trace.explain.summary import SIZES, numbered, size_classes
from yolo_assign_trace.run.trace_settings import TraceSettings
from yolo_assign_trace.traces.view import OUTCOMES


def test_conflicts_rivals_and_winners_that_had_not_selected() -> None:
    a, b, c, d = (0, 0, 40, 24), (0, 0, 24, 40), (8, 8, 32, 32), (12, 12, 36, 36)  # see test_facts
    at = {9: ((8, 8, 31, 31), 1e-4), 27: (d, 0.9), 69: (c, 0.9), 4: (a, 0.9), 32: (b, 0.9)}
    trace = stored([[a, b, c, d]], [predict(at=at)], topk=2)
    summary = ask(trace).summary
    (won,) = summary.unselected
    assert (won.anchor, won.owner, won.inside, won.selected_by) == (9, 2, True, (0, 1))
    assert {(r.first, r.second): (r.anchors, r.first_won, r.second_won) for r in summary.rivals} == {
        (0, 2): (1, 0, 1),
        (1, 2): (1, 0, 1),
        (2, 3): (2, 1, 1),  # 27 is predicted as gt 3 is, 69 as gt 2 is
    }
    assert summary.contested == 3
    (pair,) = ask(trace, 0, 2, 9).pairs
    assert pair.outcome == "won"


def test_identical_boxes_and_a_duplicate_that_starves() -> None:
    other = (30.0, 30.0, 50.0, 50.0)
    trace = stored([[ORDINARY, other, ORDINARY, ORDINARY]], [predict(ORDINARY)], labels=[[0, 1, 0, 1]])
    summary = ask(trace).summary
    (group,) = summary.identical
    assert (group.gts, group.labels, group.same_class) == ((0, 2, 3), (0, 0, 1), False)
    assert [(box.gt, box.owner, box.iou) for box in summary.starved] == [(2, 0, 1.0), (3, 0, 1.0)]


@pytest.mark.parametrize(("shift", "starves"), [(0.5, True), (2.5, False)])
def test_a_nearly_identical_box_starves_too(shift: float, starves: bool) -> None:
    moved = (ORDINARY[0] + shift, *ORDINARY[1:])
    iou = (16 - shift) / 16
    summary = ask(stored([[moved, ORDINARY]], [predict(ORDINARY)])).summary
    assert summary.causes == {"lost-conflicts": 1}
    assert [box.iou for box in summary.starved] == ([pytest.approx(iou)] if starves else [])
    assert starves == (iou >= NEARLY)


def test_where_nan_begins_if_metrics_or_targets_have_any() -> None:
    predicted = predict(ORDINARY)
    predicted[9, 4] = np.nan
    summary = ask(stored([[ORDINARY]], [predicted])).summary
    place = "flatten: pred_scores[0,9,0] is nan, #9 P3 y1 x1 (12, 12 px); 2 of 168 values are not finite"
    assert summary.non_finite == place
    assert numbered(summary, [8]).non_finite == f"{place}, where image 0 is image 8"
    assert ask(stored([[ORDINARY]], [predict(ORDINARY)])).summary.non_finite == ""


def test_sides_beyond_reg_max() -> None:
    # centre 4 of the first cell, right side at 60: 7 cells of 8 px away
    box = (0.0, 0.0, 60.0, 60.0)
    trace = stored([[box]], [predict(at={0: (box, 0.9)})], topk=1)
    assert ask(trace).summary.reach.limit is None  # one bin per side: no limit
    for reg_max, beyond in [(8, 0), (7, 1), (16, 0)]:
        settings = dataclasses.replace(trace.settings, reg_max=reg_max)
        reach = ask(dataclasses.replace(trace, settings=settings)).summary.reach
        assert [(level.level, level.positives, level.beyond, level.farthest) for level in reach.levels] == [
            ("P3", 1, beyond, 7.0),
            ("P4", 0, 0, 0.0),
            ("P5", 0, 0, 0.0),
        ]
    unknown = {key: held for key, held in trace.outputs.items() if held.output.name != "pred_distri"}
    assert ask(dataclasses.replace(trace, settings=TraceSettings(), outputs=unknown)).summary.reach.reg_max is None


SIZED = (
    # width, height, size class by the square root of the area
    (7.9, 7.9, "<8"),
    (8, 8, "8-16"),
    (4, 16, "8-16"),
    (16, 16, "16-32"),
    (32, 32, "32-96"),
    (96, 96, "32-96"),
    (97, 96, ">96"),
    (0, 5, "<8"),
)


@pytest.mark.parametrize(("width", "height", "expected"), SIZED)
def test_sizes(width: float, height: float, expected: str) -> None:
    (found,) = size_classes([(width, height)]).tolist()
    assert SIZES[found] == expected


def test_counts_by_size_and_class() -> None:
    trace = stored(
        [[ORDINARY, (5, 5, 7, 7)], [(30.0, 30.0, 62.0, 62.0)]], [predict(ORDINARY)] * 2, labels=[[0, 1], [1]]
    )
    summary = ask(trace).summary
    assert [(size.name, size.boxes, size.without) for size in summary.sizes if size.boxes] == [
        ("<8", 1, 1),
        ("16-32", 1, 0),
        ("32-96", 1, 0),
    ]
    by_class = {one.name: one for one in summary.classes}
    assert (by_class["0"].boxes, by_class["0"].positives, by_class["0"].without) == (1, 5, 0)
    assert by_class["0"].mean_target == pytest.approx(1, abs=1e-5)
    assert (by_class["1"].boxes, by_class["1"].without) == (2, 1)
    assert summary.worthless == 1  # nothing overlaps the last one, which filled up with zeros
    first = ask(trace, 0).summary
    assert (first.images, first.boxes, first.without) == (1, 2, 1)


def test_a_batch_without_boxes() -> None:
    summary = ask(stored([[]], [predict()])).summary
    assert (summary.boxes, summary.positives, summary.problems, summary.classes) == (0, 0, (), ())
    (anchor,) = ask(stored([[]], [predict()]), 0, None, 5).anchors
    assert anchor.verdict == "background"


def test_every_outcome_is_declared_and_can_happen() -> None:
    a, b, c, d = (0, 0, 40, 24), (0, 0, 24, 40), (8, 8, 32, 32), (12, 12, 36, 36)
    at = {9: ((8, 8, 31, 31), 1e-4), 27: (d, 0.9), 69: (c, 0.9), 4: (a, 0.9), 32: (b, 0.9)}
    found = set()
    for topk2 in (None, 1):
        trace = stored([[a, b, c, d]], [predict(at=at)], GENERATIONS["8.4.0"], topk=2, topk2=topk2)
        found |= {candidate.pair.outcome for gt in range(4) for candidate in ask(trace, 0, gt).box.candidates}
    assert found == set(OUTCOMES)

"""Charts hold the numbers that they are given."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from yolo_assign_trace.history.charts import DOTTED_UP_TO, Curve, curves_chart, levels_map, ticks_to

TICKS = [
    # largest number, last tick, how many ticks
    (0, 1, 2),
    (1, 1, 6),
    (10, 10, 6),
    (10.01, 15, 4),
    (0.034, 0.04, 5),
    (1e-9, 1e-9, 6),
    (12345, 15000, 4),
]


@pytest.mark.parametrize(("largest", "last", "number"), TICKS)
def test_ticks_are_round_and_reach_the_largest(largest, last, number):
    ticks = ticks_to(largest)
    assert ticks[0] == 0
    assert ticks[-1] == pytest.approx(last)
    assert len(ticks) == number


def drawn(curve):
    return ElementTree.fromstring(curves_chart("a chart", [curve]))


def test_a_curve_goes_through_its_numbers_and_stops_at_a_gap():
    chart = drawn(Curve("all", "size-all", {0: 0.0, 1: 10.0, 2: None, 3: 5.0, 4: 10.0}))
    path = chart.find("path[@class='curve size-all']").get("d")
    assert [part[0] for part in re.findall(r"[ML][^ML]+", path)] == ["M", "L", "M", "L"]
    heights = [float(number) for number in re.findall(r" ([\d.]+)", path)]
    bottom, top = heights[0], heights[1]
    assert heights == pytest.approx([bottom, top, (top + bottom) / 2, top])
    told = [dot.find("title").text for dot in chart.findall("circle")]
    assert told == ["epoch 0, all: 0", "epoch 1, all: 10", "epoch 3, all: 5", "epoch 4, all: 10"]


def test_a_long_training_has_no_dots_and_few_numbers_below():
    chart = drawn(Curve("all", "size-all", dict.fromkeys(range(DOTTED_UP_TO + 1), 1.0)))
    assert chart.findall("circle") == []
    assert len(chart.findall("text[@class='middle']")) <= 8


def test_a_single_epoch_and_nothing_but_zeros_are_drawn():
    chart = drawn(Curve("all", "size-all", {7: 0.0}))
    assert [text.text for text in chart.findall("text")] == ["0", "1", "7", "epoch"]


def test_a_map_has_a_cell_for_each_level_and_epoch_that_has_one():
    shares = {0: {"P3": 0.0, "P4": 1.0}, 4: {"P3": 0.5, "P4": None}}
    cells = ElementTree.fromstring(levels_map("a map", ["P3", "P4"], shares)).findall("rect")
    told = [(cell.get("class"), cell.find("title").text) for cell in cells]
    assert told == [
        ("ramp-0", "epoch 0, P3: 0%"),
        ("ramp-4", "epoch 4, P3: 50%"),
        ("ramp-7", "epoch 0, P4: 100%"),
    ]


def test_names_of_others_are_no_markup():
    chart = curves_chart("<b>&\"'", [Curve("<b>", "size-all", {0: 1.0})])
    ElementTree.fromstring(chart)
    assert "<b>" not in chart

"""Words that could mislead: places of metric 0, shared ranks, numbers of heads of no model, rows of zeros."""

from __future__ import annotations

import re

import pytest

from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.page.chinese_stages import STAGES as CHINESE
from yolo_assign_trace.run.given import SYNTHETIC


def test_what_is_said_of_a_stage_names_no_parameter():
    """Only titles and formulas are filled with the numbers of a run."""
    results = {stage.result for generation in GENERATIONS.values() for stage in generation.stages}
    assert [result.__name__ for result in results if "{" in result.says] == []
    assert [name for name, (_, says) in CHINESE.items() if "{" in says] == []


def test_places_of_metric_0_go_to_anchors_of_the_whole_grid(yolo_assign):
    text = " ".join(yolo_assign("trace", "--labels", "labels.txt", "--no-log", "--stage", "topk").out.split())
    assert "a box always takes k of all anchors" in text
    assert "anywhere on the grid, mostly outside the box" in text


def test_a_box_of_metric_0_is_told_who_got_its_places_and_that_its_candidates_share_a_rank(yolo_assign):
    out = yolo_assign("explain", "--labels", "labels.txt", "--image", "0", "--gt", "1").out
    assert "takes anchors of metric 0 from anywhere on the grid" in " ".join(out.split())
    assert re.findall(r"^ +(\S+) +#\d+ P", out, re.MULTILINE) == ["1=", "1=", "1="]
    others = yolo_assign("explain", "--labels", "labels.txt", "--image", "0", "--gt", "0").out
    assert "=" not in "".join(re.findall(r"^ +(\S+) +#\d+ P", others, re.MULTILINE))


@pytest.mark.parametrize("heads", [(), ("--heads", "heads.npz")], ids=["synthetic", "given"])
def test_explain_says_what_means_nothing_without_a_model_and_only_then(yolo_assign, save_heads, heads):
    save_heads(channels=67, batch=4)
    for question, said in (((), "scores need a model"), (("--image", "0", "--gt", "0"), SYNTHETIC)):
        out = " ".join(yolo_assign("explain", "--labels", "labels.txt", *heads, *question).out.split())
        assert (said in out) == (not heads)


def test_of_80_classes_a_narrow_console_shows_those_that_are_not_0(on_screen):
    lines = on_screen(80, "trace", "--labels", "labels.txt", "--nc", "80", "--no-log", "--stage", "normalize")
    start = next(n for n, line in enumerate(lines) if line.strip().startswith("target_scores [image, anchor, class]"))
    rows = [line for line in lines[start + 1 :] if re.match(r" +\[\d+,\d+\]", line)]
    assert rows
    for row in rows:
        assert re.search(r"  class \d+ [0-9.e-]+$", row), row
    # piped, every number of a row stands there
    piped = on_screen(None, "trace", "--labels", "labels.txt", "--nc", "80", "--no-log", "--stage", "normalize")
    assert not any("class 1 0." in line for line in piped)

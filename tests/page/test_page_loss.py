"""The stage ``loss`` on the page: a colour for every anchor, and the formula with its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.page.browser import STORY, opened
from tests.page.pages import study, with_loss
from yolo_assign_trace.explain.anchor import anchor_story
from yolo_assign_trace.explain.pair import pair_story
from yolo_assign_trace.explain.sentences import number
from yolo_assign_trace.page.data import page_data
from yolo_assign_trace.traces.view import TraceView

IMAGE = 2


@pytest.fixture
def loss_shown(browser, written):
    with opened(browser, written(with_loss), f"image={IMAGE}&stage=loss&lang=en") as found:
        yield found
    assert found.complaints == []


def test_the_numbers_of_the_stage_are_those_of_the_trace():
    kept, found = with_loss(), page_data(with_loss())["numbers"]
    for n, term in enumerate(("box", "cls", "dfl")):
        assert found[f"loss-{term}"]["total"] == number(float(kept.array("loss_items")[n]))
        assert found[f"loss-{term}"]["images"] == list(map(number, kept.array("image_loss")[:, n].tolist()))
    background = (kept.array("anchor_loss")[..., 1] * ~kept.array("fg_mask")).sum(dtype=np.float64)
    assert float(found["loss-background"]["total"]) == pytest.approx(background, rel=1e-4)


def test_a_page_without_a_loss_holds_nothing_of_it():
    found = page_data(study())
    assert "loss" not in found
    assert not any("losses" in image for image in found["images"])
    assert [stage["name"] for stage in found["stages"]][-1] == "normalize"


def test_every_anchor_has_a_colour_and_of_a_chosen_box_its_positives(loss_shown):
    counted = "nodes => nodes.reduce((sum, node) => sum + Number(node.dataset.count), 0)"
    ramp = "#picture .marks.ramp"
    assert loss_shown.page.eval_on_selector_all(ramp, counted) == with_loss().grid.anchors
    loss_shown.show(f"image={IMAGE}&gt=1&stage=loss&lang=en")
    view = TraceView(with_loss())
    assert loss_shown.page.eval_on_selector_all(ramp, counted) == (view.owner[IMAGE] == 1).sum()
    assert "7.5·box_loss·loss_weight" in loss_shown.text("#stage-panel .formula")


def test_stories_end_with_what_the_anchor_costs(loss_shown):
    """Of a positive and of background, in the words of explain."""
    view = TraceView(with_loss())
    positive = int(np.flatnonzero(view.owner[IMAGE] == 1)[0])
    background = int(np.flatnonzero((view.claims[IMAGE] == 0) & ~np.isin(np.arange(view.a), view.pairs[:, 2]))[0])
    told = {
        positive: [s.text for s in pair_story(view, IMAGE, 1, positive).sentences if s.stage == "loss"],
        background: [s.text for s in anchor_story(view, IMAGE, background).sentences if s.stage == "loss"],
    }
    for anchor, expected in told.items():
        loss_shown.show(f"image={IMAGE}&anchor={anchor}&stage=loss&lang=en")
        story = [text for stage, text in loss_shown.page.evaluate(STORY) if stage == "loss"]
        assert len(story) == (3 if anchor == positive else 1)
        assert story == expected

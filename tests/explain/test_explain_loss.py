"""Boxes by what they cost, and why; every number is one of the trace."""

from __future__ import annotations

import numpy as np
import pytest

from tests.assignment.loss.losses import drawn, loss_of
from yolo_assign_trace import InputError, Inputs, find_assigner, trace
from yolo_assign_trace.assignment.assigner import Gains
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.loss.choice import with_loss
from yolo_assign_trace.assignment.swap import swap
from yolo_assign_trace.explain.answer import explain_trace
from yolo_assign_trace.explain.as_json import as_json
from yolo_assign_trace.explain.loss.found import LossSummary, Terms, join_losses, numbered_loss
from yolo_assign_trace.explain.question import Question
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.traces.in_memory import stored_trace

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)], [8, 16, 32])
TERMS = ("box", "cls", "dfl")


@pytest.fixture(scope="module")
def made() -> Memory:
    """Three images with eight boxes, the last one without any; bins for 7 cells, so that some targets are clamped."""
    return loss_of(drawn(GRID, 3, images=3, boxes=8, nc=4, reg_max=4), find_assigner("8.4.190"))


@pytest.fixture(scope="module")
def summary(made: Memory) -> LossSummary:
    found = explain_trace(stored_trace(made), loss=True).loss
    assert found is not None
    return found


def values(terms: Terms) -> np.ndarray:
    return np.array([terms.box, terms.cls, terms.dfl])


class TestSummary:
    def test_the_total_is_what_training_prints(self, made, summary):
        np.testing.assert_allclose(values(summary.items), made["loss_items"], rtol=1e-6)
        assert summary.divisor == pytest.approx(float(made["divisor"][0]))

    def test_boxes_and_background_levels_classes_and_images_add_up_to_it(self, summary):
        whole = values(summary.items)
        boxes = sum(values(box.terms) for box in summary.boxes) + values(summary.background)
        for parts in (boxes, *(sum(map(values, each)) for each in (summary.levels, summary.classes, summary.images))):
            np.testing.assert_allclose(parts, whole, rtol=1e-5)

    def test_a_box_costs_what_the_trace_says_and_the_dearest_comes_first(self, made, summary):
        totals = [box.terms.total for box in summary.boxes]
        assert totals == sorted(totals, reverse=True)
        assert len(totals) == len(made.boxes)
        for box in summary.boxes:
            expected = made["gt_loss"][box.line.image, box.line.gt]
            np.testing.assert_allclose(values(box.terms), expected, rtol=1e-5, atol=1e-12)

    def test_one_image(self, made):
        found = explain_trace(stored_trace(made), Question(image=1), loss=True).loss
        assert found is not None
        np.testing.assert_allclose(values(found.items), made["image_loss"][1], rtol=1e-5)
        assert {box.line.image for box in found.boxes} == {1}
        assert [part.name for part in found.images] == ["1"]

    def test_clamped_sides_are_named_with_how_much(self, made, summary):
        distances = made["target_distances"]
        assert len(summary.clamped) == ((distances > 3) | (distances < 0)).sum() > 0
        far = next(one for one in summary.clamped if one.cells > 3)
        assert far.by == pytest.approx(far.cells - 2.99)

    def test_several_batches_print_the_mean(self, summary):
        joined = join_losses([numbered_loss(summary, [0, 1, 2]), numbered_loss(summary, [3, 4, 5])])
        np.testing.assert_allclose(values(joined.items), values(summary.items))
        assert joined.batches == 2
        assert len(joined.boxes) == 2 * len(summary.boxes)
        assert {box.line.image for box in joined.boxes} == {0, 1, 3, 4}
        assert [part.name for part in joined.images] == list("012345")


HEADS = [
    # head, release; is it what training prints, and how it counts
    ("", "8.4.190", True, ""),
    ("one2one", "8.4.190", True, "prints its own alone"),
    ("one2many", "8.4.190", False, "prints those of one2one alone"),
    ("one2many", "8.3.253", False, "whose losses training adds"),
]


@pytest.mark.parametrize(("head", "release", "printed", "about"), HEADS)
def test_the_loss_of_one_of_two_heads_says_so(head, release, printed, about):
    inputs = drawn(GRID, 3, images=1, boxes=2, nc=2, reg_max=1)
    inputs.head = head
    memory = loss_of(inputs, find_assigner("8.4.190"), release)
    found = explain_trace(stored_trace(memory), loss=True).loss
    assert found is not None
    assert found.printed == printed
    assert found.about.endswith(about)
    facts = {fact.id: fact.text for fact in memory.facts["loss"]}
    assert facts["loss-items"].startswith("training prints" if printed else "its items are")
    assert facts.get("one-of-two-heads", "") == found.about
    assert ("loss-returned" in facts) == (not head)


def one_box(logits: tuple[float, float], gains: Gains, *, side: float = 0.5, reg_max: int = 16) -> str:
    """Why a centred box of class 0 costs what it does; ``logits`` of both classes stand everywhere."""
    maps = [np.zeros((1, 4 * reg_max + 2, level.height, level.width), np.float32) for level in GRID.levels]
    for level in maps:
        level[0, -2], level[0, -1] = logits
    rows = np.array([[0, 0, 0.5, 0.5, side, side]])
    memory = loss_of(
        Inputs(GRID, list(maps), rows, batch=1, nc=2, reg_max=reg_max), find_assigner("8.4.190"), "", gains
    )
    summary = explain_trace(stored_trace(memory), loss=True).loss
    assert summary is not None
    return summary.boxes[0].why.id


BOX, CLS, DFL = (Gains(**dict.fromkeys(TERMS, 0.0) | {term: 1.0}) for term in TERMS)
REASONS = [
    # logits of class 0 and 1, the term that counts, more; the reason
    ((0, 0), BOX, {}, "cost.far"),
    ((0, 0), DFL, {}, "cost.unsure"),
    ((0, 0), DFL, {"side": 1.0, "reg_max": 3}, "cost.beyond"),  # four cells of 8 px, and bins for two
    ((-6, -6), CLS, {}, "cost.low-scores"),
    ((6, -6), CLS, {}, "cost.high-scores"),
    ((0, 6), CLS, {}, "cost.other-classes"),
    ((0, 0), CLS, {"side": 0.0}, "cost.no-positives"),
]


@pytest.mark.parametrize(("logits", "gains", "more", "reason"), REASONS, ids=[row[-1] for row in REASONS])
def test_the_dearest_term_gives_the_reason(logits, gains, more, reason):
    assert one_box(logits, gains, **more) == reason


class TestOneBox:
    def test_its_sentences_hold_the_numbers_of_the_trace(self, made):
        image, gt, _ = max((line.image, line.gt, line.positives) for line in made.boxes if line.positives)
        answer = explain_trace(stored_trace(made), Question(image=image, gt=gt), loss=True)
        assert answer.box_loss is not None
        first, dearest = answer.box_loss.sentences[0], answer.box_loss.positives[0]
        np.testing.assert_allclose([first.values[name] for name in TERMS], made["gt_loss"][image, gt], rtol=1e-5)
        assert first.values["all"] == pytest.approx(made["loss_items"].sum(), rel=1e-5)
        at = image, dearest.anchor
        by_id = {sentence.id: sentence.values for sentence in answer.box_loss.sentences}
        for n, name in enumerate(("loss.box", "loss.class", "loss.distance")):
            assert by_id[name]["cost"] == pytest.approx(made["anchor_loss"][at][n])
        box = by_id["loss.box"]
        assert box["gain"] * box["loss"] * box["weight"] / box["divisor"] == pytest.approx(box["cost"], rel=1e-5)
        assert as_json(answer)["box_loss"]["positives"][0]["anchor"] == dearest.anchor

    def test_the_life_of_a_pair_ends_with_what_it_costs(self, made):
        image, anchor = np.argwhere(made["fg_mask"])[0].tolist()
        gt = int(made["target_gt_idx"][image, anchor])
        (pair,) = explain_trace(stored_trace(made), Question(image=image, gt=gt, anchor=anchor)).pairs
        assert [s.id for s in pair.sentences if s.stage == "loss"][:3] == ["loss.box", "loss.class", "loss.distance"]

    def test_background_costs_for_its_scores(self, made):
        image, anchor = np.argwhere(~made["fg_mask"])[0].tolist()
        (story,) = explain_trace(stored_trace(made), Question(image=image, anchor=anchor)).anchors
        last = story.sentences[-1]
        assert last.id == "loss.background"
        assert last.values["cost"] == pytest.approx(made["anchor_loss"][image, anchor, 1])


def only_the_divisor(target_scores):
    return {"divisor": target_scores.sum().view(1)}


def test_a_swapped_stage_may_leave_out_what_explaining_needs():
    swapped = swap(with_loss(find_assigner("8.4.190")), "loss", only_the_divisor)
    memory = loss_of(drawn(GRID, 3, images=1, boxes=2, nc=2, reg_max=4), swapped)
    assert [key for key in memory.records if key.startswith("loss.")] == ["loss.divisor"]
    with pytest.raises(InputError, match="left out what explaining needs"):
        explain_trace(stored_trace(memory), loss=True)
    (story,) = explain_trace(stored_trace(memory), Question(image=0, anchor=3)).anchors
    assert "loss" not in {sentence.stage for sentence in story.sentences}


def test_a_trace_without_a_loss_says_so():
    memory = Memory()
    trace(drawn(GRID, 3, images=1, boxes=2, nc=2, reg_max=4), find_assigner("8.4.190"), [memory])
    for question in (None, Question(image=0, gt=0), Question(anchor=3)):
        with pytest.raises(InputError, match="the trace has no loss"):
            explain_trace(stored_trace(memory), question, loss=True)

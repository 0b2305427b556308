"""Every cause, on inputs whose answer is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.assignment import golden_cases
from tests.commands import ROOT
from tests.explain.explained import ORDINARY, ask, run, stored
from tests.run.hand_made import GRID, NOWHERE, head_maps, predict
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.explain.causes import Cause
from yolo_assign_trace.explain.texts import ENGLISH
from yolo_assign_trace.run.boxes_summary import CAUSES
from yolo_assign_trace.traces.stored import StoredOutput, StoredTrace

LARGE, SMALL = (0, 0, 32, 32), (0, 0, 24, 24)
PAD = (-10, -10, 10, 10)


def cause_of(trace: StoredTrace, gt: int = 0) -> Cause:
    story = ask(trace, 0, gt).box
    assert story.cause is not None
    assert story.cause.meaning == CAUSES[story.cause.id]
    return story.cause


def told(cause: Cause) -> dict[str, dict]:
    """The numbers of every sentence by its id."""
    return {sentence.id: dict(sentence.values) for sentence in cause.sentences}


class TestNoAnchorInside:
    def test_sizes_strides_and_what_would_have_helped(self) -> None:
        cause = cause_of(stored([[(5, 5, 7, 7)]], [predict()]))
        assert cause.id == "no-anchor-inside"
        found = told(cause)
        assert found["cause.between"] == {"width": 2.0, "height": 2.0, "strides": [8, 16, 32]}
        # in steps of 32 px from 64 px: at 96 px the box is (7.5, 7.5, 10.5, 10.5), and 8 is a centre of stride 16
        assert found["cause.larger-input"] == {"height": 96, "width": 96, "step": 32}
        # 2 px of 64 are longer than 8 px from 256 px on, and at 256 they are exactly 8: 288
        assert found["cause.always"] == {"height": 288, "width": 288}
        # stride 4 has the centres 2, 6, 10
        assert found["cause.finer-level"] == {"stride": 4, "input_width": 64, "input_height": 64}

    def test_a_box_outside_the_input_is_not_helped(self) -> None:
        found = told(cause_of(stored([[(70, 5, 75, 40)]], [predict()])))
        assert found.keys() == {"cause.off-grid", "cause.no-larger-input", "cause.no-finer-level"}

    def test_a_centre_on_the_edge_is_not_inside(self) -> None:
        # right side at 12 px, on a centre of stride 8; at 96 px it is (13.5, 13.5, 18, 18), and 16 is one of stride 32
        found = told(cause_of(stored([[(9, 9, 12, 12)]], [predict()])))
        assert found["cause.larger-input"]["height"] == 96

    @pytest.mark.parametrize("generation", ["8.0.52", "8.4.0", "8.4.128"])
    def test_the_first_larger_input_is_the_first_that_a_trace_confirms(self, generation: str) -> None:
        # boxes over the border are the ones that enlarging does not help
        box = (5.0, 5.0, 7.0, 7.0) if generation == "8.0.52" else (-20.0, 20.0, 1.0, 30.0)
        found = told(cause_of(stored([[box]], [predict()], GENERATIONS[generation])))
        expected = None
        for side in range(96, 1025, 32):
            grid = Grid.of((side, side), [(side // s, side // s) for s in (8, 16, 32)])
            x1, y1, x2, y2 = np.array(box) / 64
            rows = np.array([[0, 0, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]])
            maps = [np.zeros((1, 6, level.height, level.width), np.float32) for level in grid.levels]
            if len(run(grid, maps, rows, GENERATIONS[generation]).array("pairs")):
                expected = side
                break
        assert found["cause.larger-input"]["height"] == expected


class TestIgnored:
    def test_the_sum_is_told(self) -> None:
        cause = cause_of(stored([[PAD, ORDINARY]], [predict(ORDINARY)]))
        assert cause.id == "ignored-as-padding"
        assert told(cause) == {"cause.ignored": {"x1": -10.0, "y1": -10.0, "x2": 10.0, "y2": 10.0, "sum": 0.0}}

    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_it_can_still_own_anchors_where_nothing_overlaps(self, generation: str) -> None:
        case = golden_cases.load("contested_without_overlap").scene
        boxes = [PAD, *case.gt_bboxes[0].tolist()[1:]]
        trace = stored([boxes], [predict(NOWHERE)], GENERATIONS[generation])
        story = ask(trace, 0, 0).box
        owned = int((trace.array("fg_mask") & (trace.array("target_gt_idx") == 0)).sum())
        assert owned == len(story.outsiders) == story.funnel.outside > 0
        assert told(story.cause)["cause.ignored-owns"] == {"positives": owned}
        assert "though it owns" in story.verdict
        (pair,) = ask(trace, 0, 0, story.outsiders[0].anchor).pairs
        assert pair.outcome == "won-outside"
        assert [s.id for s in pair.sentences][:2] == ["ground_truth.padding", "resolve.zero"]


def test_a_box_that_the_training_step_masked_out_says_so_and_is_not_called_padding() -> None:
    trace = stored([[(5, 5, 7, 7), ORDINARY]], [predict(ORDINARY)])  # no centre lies in the first, so it has no pairs
    outputs = dict(trace.outputs)
    key = "ground_truth.mask_gt"
    outputs[key] = dataclasses.replace(outputs[key], values=np.array([[[False], [True]]]))
    masked = dataclasses.replace(trace, outputs=outputs)
    cause = cause_of(masked)
    assert cause.id == "masked-out"
    assert told(cause)["cause.masked"]["sum"] == 24.0
    (pair,) = ask(masked, 0, 0, 9).pairs
    assert pair.sentences[0].id == "ground_truth.masked"
    assert pair.sentences[0].text.startswith(
        "mask_gt is false for it, so it selects nothing: x1 + y1 + x2 + y2 = 5 + 5"
    )


class TestMetricZero:
    WIDE = (16, 16, 48, 48)  # 20 candidates; with k = 1 torch.topk takes anchor 0, which is outside

    @pytest.mark.parametrize(
        ("box", "score", "what"),
        [
            (NOWHERE, 0.5, "cause.zero-overlap"),
            (WIDE, 0.0, "cause.zero-score"),
            (NOWHERE, 0.0, "cause.zero-both"),
            ((16, 16, 16.2, 16.2), 1e-9, "cause.zero-product"),  # overlap 4e-5 ^ 9 · 1e-9: below what float32 holds
        ],
    )
    def test_which_of_score_and_overlap_is_zero_and_that_ties_decided(self, box, score, what) -> None:
        beta = 9.0 if what == "cause.zero-product" else 6.0
        overlap = "iou" if what == "cause.zero-product" else "ciou"
        trace = stored([[self.WIDE]], [predict(box, score)], topk=1, beta=beta, alpha=1.0, overlap=overlap)
        cause = cause_of(trace)
        assert cause.id == "metric-zero"
        assert told(cause) == {"cause.zero": {"candidates": 20}, what: {"number": 20}, "cause.zero-ties": {}}

    def test_zeros_that_topk2_did_not_keep(self) -> None:
        # among 84 equal zeros torch.topk takes ten, of which some lie inside; topk2 = 1 takes one that does not
        trace = stored([[(13, 0, 64, 64)]], [predict(NOWHERE)], GENERATIONS["8.4.0"], topk=10, topk2=1)
        cause, funnel = cause_of(trace), ask(trace, 0, 0).box.funnel
        assert [step.total for step in funnel.steps][2:] == [funnel.dropped, funnel.dropped, 0]
        assert (cause.id, told(cause)["cause.zero-kept"]) == ("metric-zero", {"resolved": funnel.dropped})


class TestLostConflicts:
    def test_to_whom_and_with_which_overlaps(self) -> None:
        trace = stored([[LARGE, SMALL]], [predict(at={9: (SMALL, 0.9)})], topk=1)
        cause = cause_of(trace)
        (numbers,) = told(cause).values()
        assert cause.id == "lost-conflicts"
        assert (numbers["anchors"], numbers["selected"], numbers["owner"]) == (1, 1, 1)
        assert numbers["anchor"] == "#9 P3 y1 x1 (12, 12 px)"
        assert numbers["owner_overlap"] == pytest.approx(1)
        assert numbers["overlap"] == pytest.approx(24**2 / 32**2 - 2 * 4**2 / (2 * 32**2))  # DIoU: squares of one shape

    def test_the_pair_that_was_lost(self) -> None:
        trace = stored([[LARGE, SMALL]], [predict(at={9: (SMALL, 0.9)})], topk=1)
        (pair,) = ask(trace, 0, 0, 9).pairs
        assert pair.outcome == "lost"
        assert pair.sentences[3].text == (
            "selected by 2 boxes; gt 1 overlaps most, 1.0 against 0.54688 of gt 0: it goes there"
        )


class TestTopk2:
    def test_only_metrics_at_the_cut_were_dropped_by_the_order_of_equal_ones(self) -> None:
        # anchors 9, 10, 17, 18 and 80 lie inside; topk2 = 2 keeps 9 and one of the equal 10 and 17
        at = {9: (ORDINARY, 0.9), 10: (ORDINARY, 0.5), 17: (ORDINARY, 0.5), 18: (ORDINARY, 0.2), 80: (ORDINARY, 0.1)}
        trace = stored([[ORDINARY]], [predict(at=at)], GENERATIONS["8.4.0"], topk2=2)
        said = {}
        for anchor in at:
            (pair,) = ask(trace, 0, 0, anchor).pairs
            said[anchor] = next(sentence.id for sentence in pair.sentences if sentence.stage == "keep")
        assert said[9] == "keep.kept"
        assert sorted([said[10], said[17]]) == ["keep.dropped-by-tie", "keep.kept"]
        assert (said[18], said[80]) == ("keep.dropped", "keep.dropped")
        assert ask(trace, 0, 0).box.funnel.dropped == 3


def with_array(trace: StoredTrace, **changed: np.ndarray) -> StoredTrace:
    """The trace with some outputs replaced, as a swapped stage could have made them."""
    outputs = {
        key: StoredOutput(held.stage, held.output, changed.get(held.output.name, held.array))
        for key, held in trace.outputs.items()
    }
    return dataclasses.replace(trace, outputs=outputs)


class TestOthers:
    def test_not_selected(self) -> None:
        trace = stored([[ORDINARY]], [predict(ORDINARY)])
        nothing = np.zeros_like
        changed = {name: nothing(trace.array(name)) for name in ("mask_topk", "mask_pos", "fg_mask", "target_gt_idx")}
        cause = cause_of(with_array(trace, **changed))
        assert cause.id == "not-selected"
        assert told(cause) == {"cause.not-selected": {"candidates": 5, "above": 5, "selected": 0}}

    def test_what_conflicts_left_had_metric_zero_and_topk2_kept_none(self) -> None:
        # gt 0 has one metric above 0, at the P4 anchor (24, 24), and loses it to gt 1; of its zeros topk2 keeps none
        boxes, fits = [(13, 0, 64, 64), (10, 0, 40, 40)], (10, 0, 40, 40)
        trace = stored([boxes], [predict(at={69: (fits, 0.9)})], GENERATIONS["8.4.0"], topk=10, topk2=1)
        story = ask(trace, 0, 0).box
        _, above, selected, after, positive = (step.total for step in story.funnel.steps)
        assert (above, after, positive) == (1, selected - 1, 0)
        assert [(loss.owner, loss.anchors) for loss in story.losses] == [(1, 1)]
        assert story.cause.id == "not-selected"
        assert told(story.cause) == {"cause.not-kept": {"selected": selected, "resolved": after, "metric": 0.0}}

    def test_non_finite(self) -> None:
        maps = head_maps(GRID, predict(ORDINARY)[None, :, :4], np.full((1, GRID.anchors, 2), 0.5))
        maps[0][0, 0] = np.nan  # every left distance of P3
        trace = run(GRID, maps, np.array([[0, 0, 0.25, 0.25, 0.25, 0.25]]), GENERATIONS["8.0.52"])
        changed = {name: np.zeros_like(trace.array(name)) for name in ("mask_topk", "mask_pos", "fg_mask")}
        cause = cause_of(with_array(trace, **changed))
        assert cause.id == "non-finite"
        (numbers,) = told(cause).values()
        assert (numbers["score"], numbers["overlap"], numbers["metric"], numbers["candidates"]) == (0, 4, 4, 5)

    def test_nan_counts_as_largest_in_a_conflict(self) -> None:
        maps = head_maps(GRID, predict(ORDINARY)[None, :, :4], np.full((1, GRID.anchors, 2), 0.5))
        maps[0][0, 0] = np.nan
        row = [0, 0, 0.25, 0.25, 0.25, 0.25]
        trace = run(GRID, maps, np.array([row, row]), GENERATIONS["8.0.52"])
        (pair,) = ask(trace, 0, 1, 9).pairs
        assert [s.id for s in pair.sentences][1:4] == ["align.non-finite", "topk.selected", "resolve.nan"]


DOCS = ROOT / "docs"


def test_the_page_of_causes_has_a_section_for_each_and_no_other() -> None:
    text = (DOCS / "causes.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0].strip("` "): part for part in text.split("\n## ")[1:]}
    assert sections.keys() == CAUSES.keys()
    for cause, section in sections.items():
        assert CAUSES[cause] in " ".join(section.split()), cause
        for part in ("**What**", "**Why**", "**What to do**"):
            assert part in section, (cause, part)


def test_every_sentence_is_said_somewhere() -> None:
    rooms = (DOCS.parent / "yolo_assign_trace" / "explain").rglob("*.py")
    source = "".join(path.read_text(encoding="utf-8") for path in rooms if path.name != "texts.py")
    put_together = (
        "screen.",
        "cause.zero-",
        "resolve.won",
        "loss.beyond-",
        "loss.below-",
    )  # the code adds the ends of these
    assert [text for text in ENGLISH if f'"{text}"' not in source and not text.startswith(put_together)] == []

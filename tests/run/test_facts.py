"""Every remark about a run is made when there is reason for it, in the words that it should have, and not otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.assignment import golden_cases
from tests.run.hand_made import CLASSES, GRID, head_maps, predict, trace_boxes, trace_golden, trace_maps
from yolo_assign_trace.run.boxes_summary import CAUSES
from yolo_assign_trace.tracers.memory import Memory


def notable(memory: Memory) -> dict[str, str]:
    """The notable facts of a run, text by id."""
    return {fact.id: fact.text for facts in memory.facts.values() for fact in facts if fact.notable}


def text_of(memory: Memory, id: str) -> str:
    (text,) = [fact.text for facts in memory.facts.values() for fact in facts if fact.id == id]
    return text


def causes(memory: Memory) -> list[str]:
    """The cause at every box, empty where it has positives; all are declared."""
    found = [line.cause for line in memory.boxes]
    assert set(found) <= {"", *CAUSES}
    return found


class TestOrdinaryBoxes:
    """Predicted exactly, and with no more candidates than k: nothing to remark."""

    BOX = (8.0, 8.0, 24.0, 24.0)  # holds the centres of four cells of P3 and one of P5

    def test_nothing_is_notable(self) -> None:
        memory = trace_boxes([[self.BOX]], [predict(self.BOX)])
        assert notable(memory) == {}
        assert causes(memory) == [""]

    def test_the_line_of_the_box_counts_what_happened(self) -> None:
        (line,) = trace_boxes([[self.BOX]], [predict(self.BOX)]).boxes
        assert (line.name, line.size, line.label) == ("image 0 gt 0", "16.0x16.0", 0)
        assert (line.candidates, line.selected, line.positives) == ((4, 0, 1), 5, 5)
        assert line.best_overlap == pytest.approx(1)

    @pytest.mark.parametrize(
        ("id", "text"),
        [
            ("anchors", "84 anchors per image: 64 of P3, 16 of P4, 4 of P5"),
            ("boxes", "2 boxes in 4 images, padded to 1 per image"),
            ("images-without-boxes", "2 images without a box"),
            ("candidates", "10 candidate pairs among 336 triples (image, gt, anchor)"),
            ("metric-zero", "metric 0 in 0 of 10 candidates"),
            ("selected", "selected 10 of 10 candidates"),
            ("positives", "10 positive anchors"),
            ("target-sum", "the target scores add up to 10"),
        ],
    )
    def test_the_plain_counts(self, id: str, text: str) -> None:
        memory = trace_boxes([[self.BOX], [], [self.BOX], []], [predict(self.BOX)] * 4)
        assert text_of(memory, id) == text


class TestBoxesWithoutCandidates:
    def test_a_box_between_the_centres(self) -> None:
        memory = trace_boxes([[(5, 5, 7, 7)]], [predict()])
        assert notable(memory) == {"no-anchor-inside": "1 box (image 0 gt 0): no anchor centre lies inside it"}
        assert causes(memory) == ["no-anchor-inside"]
        assert memory.boxes[0].best_overlap is None

    def test_long_lists_of_boxes_are_cut_with_a_count(self) -> None:
        memory = trace_boxes([[(5, 5, 7, 7)] * 10], [predict()])
        named = ", ".join(f"image 0 gt {gt}" for gt in range(8))
        assert (
            notable(memory)["no-anchor-inside"]
            == f"10 boxes ({named} and 2 more), each: no anchor centre lies inside it"
        )

    def test_a_box_around_the_origin_counts_as_padding(self) -> None:
        memory = trace_boxes([[(-10, -10, 10, 10), (-4, -8, 4, 8)]], [predict()])
        assert notable(memory) == {
            "ignored-as-padding": "2 boxes (image 0 gt 0, image 0 gt 1), each: its corners add up to 0 or less, so it "
            "counts as padding and selects nothing",
        }
        assert causes(memory) == ["ignored-as-padding"] * 2
        assert memory.boxes[0].candidates == (0, 0, 0)

    def test_padding_behind_the_boxes_of_an_image_is_not_remarked_on(self) -> None:
        box = TestOrdinaryBoxes.BOX
        memory = trace_boxes([[box], [(5, 5, 7, 7), box]], [predict(box)] * 2)
        assert notable(memory) == {"no-anchor-inside": "1 box (image 1 gt 0): no anchor centre lies inside it"}


class TestTies:
    def test_equal_metrics_at_the_cut(self) -> None:
        box = (0, 0, 32, 32)  # 21 candidates, all predicted alike
        memory = trace_boxes([[box]], [predict(box)])
        assert notable(memory) == {
            "tie-order": "tie order decided in 1 box (image 0 gt 0): equal metrics stood at the cut"
        }
        assert (memory.boxes[0].selected, causes(memory)) == (10, [""])

    def test_metric_zero_everywhere_and_other_anchors_selected(self) -> None:
        # with 84 anchors and k = 1, torch.topk takes anchor 0 among zeros, and that one is outside
        memory = trace_boxes([[(16, 16, 48, 48)]], [predict()], topk=1)
        assert notable(memory).keys() == {"tie-order"}
        assert text_of(memory, "metric-zero") == "metric 0 in 20 of 20 candidates"
        assert causes(memory) == ["metric-zero"]

    def test_metric_zero_everywhere_and_a_candidate_selected(self) -> None:
        memory = trace_boxes([[(0, 0, 16, 16)]], [predict()], topk=1)
        assert notable(memory).keys() == {"tie-order", "positive-with-score-zero"}
        assert notable(memory)["positive-with-score-zero"] == "1 positive anchor with target score 0"
        assert causes(memory) == [""]

    def test_candidates_without_score_are_as_good_as_none(self) -> None:
        box = (16, 16, 48, 48)
        memory = trace_boxes([[box]], [predict(box, score=0)], topk=1)
        assert causes(memory) == ["metric-zero"]
        assert memory.boxes[0].best_overlap == pytest.approx(1)


class TestConflicts:
    """Anchors 9 at (12, 12), 27 at (28, 28), 69 at (24, 24); all others are hopeless unless said otherwise."""

    A, B, C = (0, 0, 40, 24), (0, 0, 24, 40), (8, 8, 32, 32)  # all three contain anchor 9
    ONLY_IN_A, ONLY_IN_B = 4, 32

    def test_a_box_loses_its_only_anchor_to_a_better_one(self) -> None:
        large, small = (0, 0, 32, 32), (0, 0, 24, 24)
        memory = trace_boxes([[large, small]], [predict(at={9: (small, 0.9)})], topk=1)
        assert text_of(memory, "contested") == "1 anchor was selected by several boxes"
        assert notable(memory) == {"lost-conflicts": f"1 box (image 0 gt 0): {CAUSES['lost-conflicts']}"}
        assert causes(memory) == ["lost-conflicts", ""]

    def test_a_box_wins_an_anchor_that_it_had_not_selected(self) -> None:
        d = (12, 12, 36, 36)  # takes anchor 27 from C
        at = {9: ((8, 8, 31, 31), 1e-4), 27: (d, 0.9), 69: (self.C, 0.9)}
        at |= {self.ONLY_IN_A: (self.A, 0.9), self.ONLY_IN_B: (self.B, 0.9)}
        memory = trace_boxes([[self.A, self.B, self.C, d]], [predict(at=at)], topk=2)
        assert notable(memory) == {
            "winner-had-not-selected": "1 anchor was given to a box that had not selected it but overlaps most "
            "(image 0 #9 P3 y1 x1 (12, 12 px) to gt 2)"
        }
        assert causes(memory) == [""] * 4
        assert [line.positives for line in memory.boxes] == [1, 1, 2, 1]

    def test_a_box_ends_with_more_than_k_positives(self) -> None:
        at = {9: ((8, 8, 31, 31), 0.5), 27: (self.C, 0.9), 69: (self.C, 0.9)}
        at |= {self.ONLY_IN_A: (self.A, 0.9), self.ONLY_IN_B: (self.B, 0.9)}
        memory = trace_boxes([[self.A, self.B, self.C]], [predict(at=at)], topk=2)
        assert notable(memory).keys() == {"winner-had-not-selected", "more-than-k"}
        expected = "more than 2 positives after won conflicts: 1 box (image 0 gt 2)"
        assert notable(memory)["more-than-k"] == expected
        assert (memory.boxes[2].selected, memory.boxes[2].positives) == (2, 3)

    def test_box_0_wins_what_it_does_not_contain_where_nothing_overlaps(self) -> None:
        memory = trace_golden(golden_cases.load("contested_without_overlap"))
        assert notable(memory) == {
            "tie-order": "tie order decided in 3 boxes (image 0 gt 0, image 0 gt 1, image 0 gt 2): "
            "equal metrics stood at the cut",
            "winner-does-not-contain": "3 contested anchors were given to a box that does not contain it "
            "(image 0 #52 P3 y6 x4 (36, 52 px) to gt 0; image 0 #53 P3 y6 x5 (44, 52 px) to gt 0; "
            "image 0 #54 P3 y6 x6 (52, 52 px) to gt 0)",
            "lost-conflicts": f"1 box (image 0 gt 1): {CAUSES['lost-conflicts']}",
            "positive-with-score-zero": "7 positive anchors with target score 0",
        }
        assert causes(memory) == ["", "lost-conflicts", ""]


class TestNotFinite:
    """The first stage and element that is nan or infinite is named, once."""

    BOX = (8.0, 8.0, 24.0, 24.0)
    ROW = np.array([[0, 0, 0.25, 0.25, 0.25, 0.25]])  # the same, normalised

    @pytest.mark.parametrize(
        ("channel", "value", "stage", "text"),
        [
            # a class logit of the head itself: channel 4 is the first class
            (4, np.nan, "flatten", "pred_scores[0,9,0] is nan, #9 P3 y1 x1 (12, 12 px); 1 of 168 values"),
            (5, np.inf, "flatten", "pred_scores[0,9,1] is inf, #9 P3 y1 x1 (12, 12 px); 1 of 168 values"),
            # a distance of the head itself: channel 3 is the bottom side
            (3, -np.inf, "flatten", "pred_distri[0,9,3] is -inf, #9 P3 y1 x1 (12, 12 px); 1 of 336 values"),
            # finite in cells, too large for float32 in px
            (0, 3e38, "scale", "pd_bboxes[0,9,0] is -inf, #9 P3 y1 x1 (12, 12 px); 1 of 336 values"),
            # finite in px, but not its square
            (0, 1e25, "align", "overlaps[0,0,9] is nan, #9 P3 y1 x1 (12, 12 px); 1 of 5 values"),
        ],
    )
    def test_the_place_where_it_appears_first(self, channel: int, value: float, stage: str, text: str) -> None:
        maps = self._maps()
        maps[0][0, channel, 1, 1] = value  # anchor 9
        memory = trace_maps(maps, self.ROW, grid=GRID)
        found = [(name, fact) for name, facts in memory.facts.items() for fact in facts if fact.id == "non-finite"]
        assert [(name, fact.text, fact.notable) for name, fact in found] == [
            (stage, f"nan or infinity appears here first: {text} are not finite", True)
        ]

    def test_a_metric_of_nan_is_no_tie_where_every_candidate_is_selected(self) -> None:
        maps = self._maps()
        maps[0][0, 4, 1, 1] = np.nan
        memory = trace_maps(maps, self.ROW, grid=GRID)
        assert (memory.boxes[0].candidates, memory.boxes[0].selected) == ((4, 0, 1), 5)
        assert notable(memory).keys() == {"non-finite"}

    def test_a_sum_of_target_scores_says_how_many_are_not_finite(self) -> None:
        maps = self._maps()
        maps[0][0, 4, 1, 1] = np.nan  # the largest metric of the box, and with it every target of the image
        memory = trace_maps(maps, self.ROW, grid=GRID)
        text = "the target scores add up to nan: those of 84 of 84 anchors are not finite"
        assert text_of(memory, "target-sum") == text

    def test_large_finite_numbers_are_not_taken_for_infinite_ones(self) -> None:
        maps = self._maps()
        maps[0][0, 4:, :, :] = 3e38  # their sum is beyond float32
        memory = trace_maps(maps, self.ROW, grid=GRID)
        assert "non-finite" not in notable(memory)

    def _maps(self) -> list[np.ndarray]:
        table = predict(self.BOX)[None]
        return head_maps(GRID, table[..., :4], np.repeat(table[..., 4:], CLASSES, axis=-1))

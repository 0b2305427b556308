"""What people ask about a generation's decisions is said where it happens: in the console and in run.log.

`test_facts.py` has the facts of the default assigner; here are all those that name a decision, as a user meets them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.assignment import golden_cases
from tests.run.hand_made import CLASSES, GRID, NOWHERE, Box, head_maps, predict
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS

STAGES = [result.stage for result in STAGE_RESULTS]


class Told:
    """The notable lines of a trace by stage, the same in the console and in the log."""

    def __init__(self, out: str, log: str) -> None:
        self.lines = {stage: self._of(log, f"\n== {n} {stage}:", "\n== ", "-- ! ") for n, stage in enumerate(STAGES, 1)}
        for n, stage in enumerate(STAGES, 1):
            start = f"\n{n:2} {stage}  "
            assert self._of(out, start, f"\n{n + 1:2} ", "   ! ") == self.lines[stage], stage

    @staticmethod
    def _of(text: str, start: str, end: str, mark: str) -> list[str]:
        section = text.split(start, 1)[1].split(end, 1)[0]
        return [line.removeprefix(mark) for line in section.splitlines() if line.startswith(mark)]

    def only(self, stage: str) -> str:
        """The one notable line of a stage."""
        (line,) = self.lines[stage]
        return line

    def everything(self) -> list[str]:
        return [line for lines in self.lines.values() for line in lines]


@pytest.fixture
def told(yolo_assign, folder: Path):
    """Runs `yolo-assign trace` on one image of boxes in px, all of class 0, and predictions of every anchor."""

    def run(boxes: Sequence[Box], predictions: np.ndarray, *options: str) -> Told:
        x1, y1, x2, y2 = np.array(boxes, dtype=np.float64).T
        size = GRID.width
        rows = np.stack([(x1 + x2) / 2 / size, (y1 + y2) / 2 / size, (x2 - x1) / size, (y2 - y1) / size], axis=-1)
        (folder / "boxes.txt").write_text("".join(f"0 {' '.join(map(repr, row))}\n" for row in rows.tolist()))
        scores = np.repeat(predictions[None, :, 4:], CLASSES, axis=-1)
        np.savez(folder / "heads.npz", *head_maps(GRID, predictions[None, :, :4], scores))
        grid = ("--shapes", "yolov8", "--imgsz", str(size), "--heads", "heads.npz", "--reg-max", "1")
        outcome = yolo_assign("trace", "--labels", "boxes.txt", *grid, *options)
        assert outcome.code == 0, outcome.err
        return Told(outcome.out, (folder / "run.log").read_text())

    return run


@pytest.fixture
def told_golden(told):
    """The same for a golden case of one image on the small grid."""

    def run(name: str, *options: str) -> Told:
        scene = golden_cases.load(name, "8.4.144").scene
        assert scene.grid == GRID
        assert not scene.gt_labels.any()
        assert (scene.pd_scores == scene.pd_scores[..., :1]).all() or len(scene.gt_bboxes[0]) == 1
        predictions = np.concatenate([scene.pd_bboxes[0].numpy(), scene.pd_scores[0, :, :1].numpy()], axis=-1)
        return told(scene.gt_bboxes[0].tolist(), predictions.astype(np.float64), *options)

    return run


ORDINARY = (8.0, 8.0, 24.0, 24.0)  # 5 candidates, all predicted exactly
LARGE = (1.0, 1.0, 63.0, 63.0)  # 84 candidates
GENERATIONS = ("8.0.0", "8.0.52", "8.4.0", "8.4.128", "8.4.144")


@pytest.mark.parametrize("generation", GENERATIONS)
class TestEveryGeneration:
    def test_where_nothing_is_odd_nothing_is_said(self, told, generation: str) -> None:
        assert told([ORDINARY], predict(ORDINARY), "--assigner", generation).everything() == []

    def test_tie_order(self, told, generation: str) -> None:
        line = told([LARGE], predict(LARGE), "--assigner", generation).only("topk")
        assert "tie order decided in 1 box (image 0 gt 0)" in line

    def test_a_box_ignored_as_padding(self, told, generation: str) -> None:
        line = told([(-10, -10, 10, 10), ORDINARY], predict(ORDINARY), "--assigner", generation).only("ground_truth")
        assert "add up to 0 or less" in line
        assert "1 box (image 0 gt 0)" in line

    # three boxes that contain anchors 9 (12, 12), 27 (28, 28) and 69 (24, 24) or some of them
    A, B, C = (0, 0, 40, 24), (0, 0, 24, 40), (8, 8, 32, 32)

    def test_a_winner_that_had_not_selected_and_more_than_k_positives(self, told, generation: str) -> None:
        at = {9: ((8, 8, 31, 31), 0.5), 27: (self.C, 0.9), 69: (self.C, 0.9), 4: (self.A, 0.9), 32: (self.B, 0.9)}
        found = told([self.A, self.B, self.C], predict(at=at), "--topk", "2", "--assigner", generation)
        had_not_selected, more_than_k = found.lines["resolve"]
        assert "1 anchor was given to a box that had not selected it but overlaps most" in had_not_selected
        assert "(image 0 #9 P3 y1 x1 (12, 12 px) to gt 2)" in had_not_selected
        assert "more than 2 positives" in more_than_k
        assert "1 box (image 0 gt 2)" in more_than_k

    def test_a_winner_that_does_not_contain_it_where_nothing_overlaps(self, told, generation: str) -> None:
        # both boxes below fill up with zeros, in which torch.topk starts with the same anchors; gt 0 is elsewhere
        case = golden_cases.load("contested_without_overlap").scene
        found = told(case.gt_bboxes[0].tolist(), predict(NOWHERE), "--assigner", generation)
        (line,) = [line for line in found.lines["resolve"] if "does not contain it" in line]
        assert line.startswith("3 contested anchors were given to a box that does not contain it")
        assert "image 0 #52 P3 y6 x4 (36, 52 px) to gt 0" in line


class TestWinnerOutside:
    """Anchor 9 at (12, 12) is picked by A and B; its prediction fits C, which does not contain it."""

    A, B, C = (0.0, 0.0, 30.0, 30.0), (0.0, 0.0, 30.0, 32.0), (13.0, 13.0, 40.0, 40.0)
    AT = predict(at={9: ((8.0, 8.0, 38.0, 38.0), 0.9), 28: (C, 0.9)})

    def test_before_8_0_52_it_goes_to_the_better_box_outside(self, told) -> None:
        found = told([self.A, self.B, self.C], self.AT, "--topk", "1", "--assigner", "8.0.0")
        expected = (
            "1 contested anchor was given to a box that does not contain it (image 0 #9 P3 y1 x1 (12, 12 px) to gt 2)"
        )
        assert expected in found.lines["resolve"]

    @pytest.mark.parametrize("generation", GENERATIONS[1:])
    def test_from_then_on_only_boxes_around_it_compete(self, told, generation: str) -> None:
        found = told([self.A, self.B, self.C], self.AT, "--topk", "1", "--assigner", generation)
        assert not any("does not contain it" in line for line in found.everything())


class TestEnlarged:
    SIDES = (
        # generation, w, h, what the sizes become
        ("8.4.0", 4, 40, "from 4.0x40.0 to 16.0x40.0 px"),
        ("8.4.0", 4, 6, "from 4.0x6.0 to 16.0x16.0 px"),
        ("8.4.128", 4, 6, "from 4.0x6.0 to 16.0x16.0 px"),
        ("8.4.128", 40, 12, "from 40.0x12.0 to 40.0x16.0 px"),
        ("8.4.144", 40, 12, "from 40.0x12.0 to 40.0x16.0 px"),
    )

    @pytest.mark.parametrize(("generation", "w", "h", "sizes"), SIDES)
    def test_both_sizes_are_told(self, told, generation: str, w: float, h: float, sizes: str) -> None:
        small = (30 - w / 2, 30 - h / 2, 30 + w / 2, 30 + h / 2)
        line = told([ORDINARY, small], predict(small), "--assigner", generation).only("screen")
        assert line == f"1 box enlarged for screening: image 0 gt 1 {sizes}"

    def test_long_lists_are_cut_with_a_count(self, told) -> None:
        small = (28.0, 28.0, 32.0, 32.0)
        boxes = [(28.0, 28.0, 32.0, 32.0 + i / 1000) for i in range(10)]  # equal ones would be reduced to one
        line = told(boxes, predict(small), "--assigner", "8.4.0").only("screen")
        assert line.startswith(
            "10 boxes enlarged for screening: image 0 gt 0 from 4.0x4.0 to 16.0x16.0 px, image 0 gt 1 "
        )
        assert line.endswith(" and 2 more")

    @pytest.mark.parametrize("generation", ["8.0.0", "8.0.52"])
    def test_before_8_4_0_none_is(self, told, generation: str) -> None:
        small = (26.0, 26.0, 31.0, 31.0)
        assert not told([small], predict(small), "--assigner", generation).lines["screen"]

    def test_8_4_0_leaves_sides_between_the_strides(self, told) -> None:
        between = (24.0, 24.0, 34.0, 34.0)
        assert not told([between], predict(between), "--assigner", "8.4.0").lines["screen"]
        assert told([between], predict(between), "--assigner", "8.4.128").lines["screen"]

    @pytest.mark.parametrize("corner", [0.1, 12.3, 100 / 3])
    def test_an_edge_that_moves_by_rounding_alone_is_not_told(self, told, corner: float) -> None:
        box = (corner, corner / 3, corner + 100 / 7, corner / 3 + 50 / 3)
        assert not told([box], predict(box), "--assigner", "8.4.0").lines["screen"]


class TestKeepTieOrder:
    def test_equal_metrics_where_topk2_cuts(self, told) -> None:
        options = ("--assigner", "8.4.0", "--topk2", "2")
        line = told([ORDINARY], predict(ORDINARY), *options).only("resolve")
        assert "1 box (image 0 gt 0)" in line
        assert line.startswith("tie order decided what was kept")

    @pytest.mark.parametrize("topk2", ["5", "9", "10"])
    def test_not_where_all_are_kept(self, told, topk2: str) -> None:
        # five equal positives: nothing to decide; 10 is topk itself, which switches topk2 off
        options = ("--assigner", "8.4.0", "--topk2", topk2)
        assert told([ORDINARY], predict(ORDINARY), *options).everything() == []

    def test_a_box_that_keeps_none_of_its_zeros_has_lost_them_to_no_box(self, told_golden) -> None:
        found = told_golden("one_to_one_without_overlap", "--assigner", "yolo26-one2one")
        assert any(line.startswith("tie order decided what was kept") for line in found.lines["resolve"])
        assert not any("lost" in line for line in found.everything())  # there is no other box

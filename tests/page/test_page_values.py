"""What the document of a page holds is what the trace holds; what is left out for its size is counted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.commands import ROOT
from tests.draw.drawn import stored
from tests.page.pages import ANY_TRACE, TRACES, crowd, parsed, study, values_of
from yolo_assign_trace.explain.sentences import SIDES, number
from yolo_assign_trace.page.columns import column, text_column
from yolo_assign_trace.page.data import Limits, page_data
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.view import TraceView


class TestValues:
    @ANY_TRACE
    def test_columns_of_pairs_are_the_arrays_of_the_trace_as_explain_writes_them(self, name):
        found, kept = page_data(TRACES[name]()), TRACES[name]()
        pairs = kept.array("pairs")
        names = {"score": "class_scores", "overlap": "overlaps", "metric": "align_metric"}
        for image, about in enumerate(found["images"]):
            rows = pairs[:, 0] == image
            columns = {key: values_of(values) for key, values in about["pairs"].items()}
            assert np.array_equal(columns["gt"], pairs[rows, 1])
            assert np.array_equal(columns["anchor"], pairs[rows, 2])
            assert np.array_equal(columns["selected"].astype(bool), kept.array("mask_topk")[rows])
            assert np.array_equal(columns["rank"], kept.array("rank")[rows])
            for key, output in names.items():
                if rows.any():
                    assert columns[key].tolist() == list(map(number, kept.array(output)[rows].tolist())), key

    @ANY_TRACE
    def test_columns_of_anchors_cover_every_candidate_and_positive(self, name):
        found, kept = page_data(TRACES[name]()), TRACES[name]()
        fg, owner = kept.array("fg_mask"), kept.array("target_gt_idx")
        pairs, scores, target = kept.array("pairs"), kept.array("pd_scores"), kept.array("target_scores")
        chosen = pairs[kept.array("mask_topk")]
        for image, about in enumerate(found["images"]):
            columns = {key: values_of(values) for key, values in about["anchors"].items()}
            here = columns["anchor"].tolist()
            assert here == sorted({*pairs[pairs[:, 0] == image, 2].tolist(), *np.flatnonzero(fg[image]).tolist()})
            predicted = columns["predicted"].reshape(-1, 4) if here else ()
            for n, anchor in enumerate(here):
                assert columns["owner"][n] == (owner[image, anchor] if fg[image, anchor] else -1)
                assert columns["claims"][n] == ((chosen[:, 0] == image) & (chosen[:, 2] == anchor)).sum()
                assert columns["target"][n] == number(float(target[image, anchor].max(initial=0)))
                assert columns["best_score"][n] == number(float(scores[image, anchor].max()))
                assert columns["best_class"][n] == scores[image, anchor].argmax()
                corners = kept.array("pd_bboxes")[image, anchor].tolist()
                assert predicted[n].tolist() == [f"{corner:.6g}" for corner in corners]

    @ANY_TRACE
    def test_boxes_have_their_corners_cause_and_counts(self, name):
        found, kept = page_data(TRACES[name]()), TRACES[name]()
        fg, owner, pairs = kept.array("fg_mask"), kept.array("target_gt_idx"), kept.array("pairs")
        assert [len(image["boxes"]) for image in found["images"]] == list(kept.box_counts)
        for i, image in enumerate(found["images"]):
            for j, box in enumerate(image["boxes"]):
                positives = int((fg[i] & (owner[i] == j)).sum())
                assert box["corners"] == kept.array("gt_bboxes")[i, j].tolist()
                assert sum(box["funnel"][0]) == (pairs[:, :2] == (i, j)).all(axis=1).sum()
                assert sum(box["funnel"][-1]) == positives
                assert bool(box["cause"]) == (positives == 0)
                assert bool(box["told"]) == bool(box["cause"])

    def test_numbers_of_a_stage_are_counts_of_the_trace(self):
        kept = crowd()
        numbers = page_data(kept)["numbers"]
        claims = np.bincount(kept.array("pairs")[kept.array("mask_topk"), 2], minlength=kept.grid.anchors)
        assert numbers["pairs"] == {"total": str(len(kept.array("pairs"))), "images": [str(len(kept.array("pairs")))]}
        assert numbers["contested"]["total"] == str((claims > 1).sum()) != "0"
        assert numbers["positives"]["total"] == str(kept.array("fg_mask").sum())
        assert numbers["best-overlap"]["total"] == number(float(kept.array("overlaps").max()))
        assert float(numbers["target-sum"]["total"]) == pytest.approx(kept.array("target_scores").sum(), rel=1e-4)

    def test_a_log_brings_the_distances_that_it_printed(self):
        """Differences of rounded corners and centres are not the printed distances."""
        exact, log = page_data(study()), page_data(open_trace(ROOT / "run.log"))
        assert (exact["digits"], log["digits"]) == (None, 5)
        kept = open_trace(ROOT / "run.log")
        first = kept.array("bbox_deltas")[kept.array("pairs")[:, 0] == 0]
        for side, name in enumerate(SIDES):
            found = values_of(log["images"][0]["pairs"][name]).tolist()
            assert found == [f"{distance:.6g}" for distance in first[:, side].tolist()]

    @pytest.mark.parametrize(
        ("texts", "data"),
        [
            (["0.5", "2.0", "nan"], "0.5 2.0 nan"),  # few are equal: as they are
            (["0.5", "2.0", "0.5", "0.5", "2.0"], "0.5 2.0"),  # most are: each once
        ],
    )
    def test_texts_that_stand_often_are_written_once(self, texts, data):
        stored_column = text_column(texts)
        assert stored_column["data"] == data
        assert values_of(stored_column).tolist() == texts

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            ([0, 255], "u1"),
            ([0, 256], "u2"),
            ([0, 65536], "u4"),
            ([-1, 3], "i4"),
            ([], "u1"),
        ],
    )
    def test_integers_get_the_smallest_type_that_holds_them(self, values, kind):
        stored_column = column(np.array(values, dtype=np.int64))
        assert stored_column["type"] == kind
        assert values_of(stored_column).tolist() == values


class TestSize:
    def test_pairs_are_cut_to_the_best_the_selected_and_the_owned(self):
        kept = crowd()
        whole, cut = page_data(kept), page_data(kept, limits=Limits(pairs=300))
        view = TraceView(kept)
        of_interest = {tuple(pair) for pair in view.pairs[view.selected | (view.outcome != 4)].tolist()}
        columns = {key: values_of(values) for key, values in cut["images"][0]["pairs"].items()}
        left = {(0, gt, anchor) for gt, anchor in zip(columns["gt"].tolist(), columns["anchor"].tolist(), strict=True)}
        assert of_interest <= left
        assert cut["left_out"]["pairs"] == len(view.pairs) - len(left) > 0
        assert len(left - of_interest) <= 300
        assert cut["numbers"] == whole["numbers"]
        assert [box["funnel"] for box in cut["images"][0]["boxes"]] == [
            box["funnel"] for box in whole["images"][0]["boxes"]
        ]
        best = {}  # of every box the best candidate is there
        for (_, gt, anchor), metric in zip(view.pairs.tolist(), view.metric.tolist(), strict=True):
            best[gt] = max(best.get(gt, (-1.0, 0)), (metric, -anchor))
        assert {(0, gt, -anchor) for gt, (metric, anchor) in best.items() if metric > 0} <= left

    def test_stories_are_cut_those_of_boxes_concerned_come_first(self):
        kept = crowd()
        told = sum(len(stories) for stories in page_data(kept)["images"][0]["fates"].values())
        cut = page_data(kept, limits=Limits(fates=20))
        assert sum(len(stories) for stories in cut["images"][0]["fates"].values()) == 20
        assert cut["left_out"] == {"pairs": 0, "fates": told - 20}

    def test_a_large_trace_makes_a_small_page(self):
        """8,400 anchors and tens of thousands of pairs: 30 to 60 bytes a pair, 50 an anchor, and no logits."""
        kept = stored("".join(f"0 .5 .5 .{size} .{size}\n" for size in range(50, 60)), "yolov8", px=640)
        pairs = len(kept.array("pairs"))
        assert pairs > 20_000
        assert len(parsed(kept).html) < 700_000 + 40 * pairs

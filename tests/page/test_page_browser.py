"""The page in a real browser: it steps through the stages, and shows the numbers of what is chosen."""

from __future__ import annotations

import numpy as np

from tests.page.browser import STORY
from tests.page.pages import STAGES, study
from yolo_assign_trace.explain.pair import pair_story
from yolo_assign_trace.explain.sentences import number
from yolo_assign_trace.traces.view import TraceView


class TestStages:
    def test_arrow_keys_step_through_all_stages_and_back(self, shown):
        titles = []
        for name in STAGES:
            assert shown.hash.get("stage", STAGES[0]) == name
            assert shown.text("[aria-current=step] .name") == name
            assert shown.text("#stage-title").startswith(name)
            assert name in shown.text("#live")
            titles.append(shown.text("#stage-title"))
            shown.page.keyboard.press("ArrowRight")
        assert len(set(titles)) == len(STAGES)
        assert shown.hash["stage"] == STAGES[-1]  # there is none behind the last
        shown.page.keyboard.press("ArrowLeft")
        assert shown.hash["stage"] == STAGES[-2]

    def test_a_click_on_the_timeline_goes_there_and_the_back_button_returns(self, shown):
        shown.page.click("#stage-topk")
        shown.page.click("#stage-resolve")
        assert shown.hash["stage"] == "resolve"
        shown.page.go_back()
        shown.page.wait_for_function("location.hash.includes('stage=topk')")
        assert shown.text("#stage-title").split("\n") == ["topk", "each box takes its 10 best candidates"]

    def test_space_plays_and_the_last_stage_ends_it(self, shown):
        shown.page.clock.install()
        shown.page.reload()
        shown.page.keyboard.press(" ")
        assert shown.page.get_attribute("#play", "aria-pressed") == "true"
        shown.page.clock.run_for(2000)
        assert shown.hash["stage"] == STAGES[1]
        shown.page.clock.run_for(60_000)
        assert shown.hash["stage"] == STAGES[-1]
        assert shown.page.get_attribute("#play", "aria-pressed") == "false"

    def test_the_picture_shows_what_the_stage_left(self, shown):
        kept, image = study(), 2
        pairs = kept.array("pairs")[kept.array("pairs")[:, 0] == image]
        chosen = kept.array("mask_topk")[kept.array("pairs")[:, 0] == image]
        expected = {
            "anchors": ({"level": kept.grid.anchors}),
            "screen": {"candidate": len(np.unique(pairs[:, 2]))},
            "topk": {"selected": len(np.unique(pairs[chosen, 2]))},
            "resolve": {"owned": kept.array("fg_mask")[image].sum()},
            "normalize": {"ramp": kept.array("fg_mask")[image].sum()},
        }
        for stage, groups in expected.items():
            shown.show(f"image=2&stage={stage}&lang=en")
            for style, count in groups.items():
                assert marks(shown, style) == count, stage

    def test_numbers_beside_it_are_those_of_the_trace(self, shown):
        kept = study()
        here = kept.array("pairs")[:, 0] == 2
        shown.show("image=2&stage=align&lang=en")
        metric, overlap = kept.array("align_metric"), kept.array("overlaps")
        assert numbers(shown) == {
            "pairs": [str(here.sum()), str(len(here))],
            "metric-zero": [str((metric[here] == 0).sum()), str((metric == 0).sum())],
            "best-overlap": [number(float(overlap[here].max())), number(float(overlap.max()))],
            "best-metric": [number(float(metric[here].max())), number(float(metric.max()))],
        }
        assert "class_scores^0.5 · overlaps^6" in shown.text(".formula")


def marks(shown, style):
    return shown.page.evaluate(
        "style => [...document.querySelectorAll(`#picture .marks[class*='${style}']`)]"
        ".reduce((sum, path) => sum + Number(path.dataset.count), 0)",
        style,
    )


def numbers(shown):
    rows = shown.page.evaluate(
        "[...document.querySelectorAll('[data-number]')]"
        ".map(row => [row.dataset.number, ...[...row.cells].map(cell => cell.innerText)])"
    )
    return {name: cells for name, _, *cells in rows}


class TestChoosing:
    def test_a_click_on_a_box_shows_its_funnel_and_ranking(self, shown):
        kept = study()
        of_box = (kept.array("pairs")[:, :2] == (2, 1)).all(axis=1)
        shown.show("image=2&stage=topk&lang=en")
        shown.page.click("#picture .label >> nth=1")
        assert shown.hash["gt"] == "1"
        rows = cells(shown, "#box-panel table >> nth=0")
        owned = (kept.array("fg_mask")[2] & (kept.array("target_gt_idx")[2] == 1)).sum()
        metric = kept.array("align_metric")[of_box]
        counts = [of_box.sum(), (metric > 0).sum(), kept.array("mask_topk")[of_box].sum(), owned, owned]
        assert [row[-1] for row in rows] == list(map(str, counts))
        ranking = cells(shown, "#box-panel table >> nth=1")
        order = np.argsort(-metric, kind="stable")[:12]
        assert [row[1].split()[0] for row in ranking] == [
            f"#{k}" for k in kept.array("pairs")[of_box][order, 2].tolist()
        ]
        for column, name in enumerate(("class_scores", "overlaps", "align_metric"), 2):
            assert [row[column] for row in ranking] == [
                number(value) for value in kept.array(name)[of_box][order].tolist()
            ]
        shown.page.click("#all-candidates")
        assert len(cells(shown, "#box-panel table >> nth=1")) == of_box.sum()

    def test_the_outline_of_a_box_can_be_clicked_too(self, shown):
        x1, y1, x2, _ = study().array("gt_bboxes")[2, 2].tolist()
        shown.show("image=2&stage=ground_truth&lang=en")
        shown.page.mouse.click(*shown.on_screen((x1 + x2) / 2, y1))
        assert shown.hash["gt"] == "2"

    def test_a_click_on_an_anchor_tells_its_life(self, shown):
        kept = study()
        view = TraceView(kept)
        shown.show("image=2&stage=topk&lang=en")
        x, y = kept.array("anc_points")[19].tolist()
        shown.page.mouse.click(*shown.on_screen(x + 6, y - 5))
        assert shown.hash["anchor"] == "19"
        assert shown.text("#anchor-title").startswith("Anchor #19 P3 y2 x3 (280, 200 px)")
        predicted = ", ".join(f"{side:.6g}" for side in kept.array("pd_bboxes")[2, 19].tolist())
        assert f"predicts ({predicted}) px" in shown.text("#predicts")
        target = float(kept.array("target_scores")[2, 19].max())
        assert shown.text("#verdict") == f"selected by 1 box · positive for box 1, target score {number(target)}"
        assert story(shown) == [[s.stage, s.text] for s in pair_story(view, 2, 1, 19).sentences]
        assert shown.text("#anchor-panel li[aria-current]").startswith("topk")

    def test_an_anchor_in_no_box_says_so(self, shown):
        shown.show("image=2&anchor=56&stage=screen&lang=en")
        assert "Its centre lies in no box" in shown.text("#anchor-panel")
        assert [stage for stage, _ in story(shown)] == ["resolve", "targets", "normalize"]

    def test_filters_leave_boxes_and_marks_out(self, shown):
        kept = study()
        pairs = kept.array("pairs")
        shown.show("image=2&stage=screen&lang=en")
        shown.page.select_option("#filter-level", "1")
        p4 = {anchor for image, _, anchor in pairs.tolist() if image == 2 and 64 <= anchor < 80}
        assert marks(shown, "candidate") == len(p4)
        shown.page.select_option("#filter-level", "")
        shown.page.select_option("#filter-class", "0")
        assert marks(shown, "candidate") == len({a for i, g, a in pairs.tolist() if i == 2 and g == 2})
        assert [name.split() for name in shown.page.locator("#boxes .name").all_inner_texts()] == [["2", "class", "0"]]
        shown.page.select_option("#filter-class", "")
        shown.page.select_option("#filter-image", "0")
        shown.page.select_option("#filter-cause", "metric-zero")
        assert shown.page.locator("#boxes .fate").all_inner_texts() == ["metric-zero"]
        shown.page.click("#box-1")
        assert "all its metrics are 0, and tie order selected other anchors" in shown.text("#box-panel")

    def test_predicted_boxes_come_and_go(self, shown):
        shown.show("image=2&gt=1&stage=topk&lang=en")
        assert shown.page.locator("#picture .predicted").count() == 0
        shown.page.check("#toggle-predicted")
        assert shown.page.locator("#picture .predicted").count() == 10
        shown.page.uncheck("#toggle-predicted")
        assert shown.page.locator("#picture .predicted").count() == 0


def cells(shown, selector):
    return shown.page.locator(selector).evaluate(
        "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )


def story(shown):
    return shown.page.evaluate(STORY)

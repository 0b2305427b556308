"""The page in a real browser: it opens from disk, steps through the stages, and shows the numbers of the trace."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import ROOT
from tests.draw.drawn import stored, with_header, with_images
from tests.page.browser import chromium, opened
from tests.page.pages import crowd, study
from tests.page.test_page import HOSTILE, captured, in_double, quoted
from yolo_assign_trace.assignment.generations import YOLOV8
from yolo_assign_trace.explain.pair import pair_story
from yolo_assign_trace.explain.sentences import number, text_of
from yolo_assign_trace.explain.texts import ENGLISH, NOUNS
from yolo_assign_trace.page.chinese_sentences import SENTENCES
from yolo_assign_trace.page.html import page_html
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.view import TraceView

STAGES = [stage.name for stage in YOLOV8.stages]
PAIRS_AT_MOST = 16


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def written(folder):
    """Writes the page of a trace once and says where it is."""

    @cache
    def write(make, pictures=None) -> Path:
        path = folder / f"{make.__name__}.html"
        path.write_bytes(page_html(make(), pictures))
        return path

    return write


@pytest.fixture
def shown(browser, written):
    """Opens the page of the study sample; afterwards nothing was complained of and nothing left the machine."""
    with opened(browser, written(study), "image=2&lang=en") as found:
        yield found
    assert found.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in found.requests)
    assert len({url for url in found.requests if url.startswith("file:")}) == 1


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
        shown.page.mouse.click(*on_screen(shown, (x1 + x2) / 2, y1))
        assert shown.hash["gt"] == "2"

    def test_a_click_on_an_anchor_tells_its_life(self, shown):
        kept = study()
        view = TraceView(kept)
        shown.show("image=2&stage=topk&lang=en")
        x, y = kept.array("anc_points")[19].tolist()
        shown.page.mouse.click(*on_screen(shown, x + 6, y - 5))
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


def on_screen(shown, x, y):
    """Where a point of the network input lies on the screen."""
    return shown.page.evaluate(
        "([x, y]) => { const p = new DOMPoint(x, y).matrixTransform(document.getElementById('picture').getScreenCTM());"
        " return [p.x, p.y]; }",
        [x, y],
    )


STORY = "[...document.querySelectorAll('.story li')].map(li => [li.dataset.stage, li.lastElementChild.textContent])"


def story(shown):
    return shown.page.evaluate(STORY)


class TestSentences:
    """What the page says of a pair is what `yolo-assign explain` says of it, to the last digit."""

    @pytest.mark.parametrize(
        "make",
        [study, crowd, captured, in_double, lambda: crowd("yolo26-one2one"), lambda: open_trace(ROOT / "run.log")],
        ids=["study", "crowd", "capture", "float64", "topk2", "log"],
    )
    def test_pairs_read_as_in_explain_in_both_languages(self, browser, folder, make):
        view = TraceView(make())
        path = folder / "pairs.html"
        path.write_bytes(page_html(view.trace))
        kinds = {}  # one pair of every kind of story
        for pair in view.pairs.tolist():
            kinds.setdefault(tuple(sentence.id for sentence in pair_story(view, *pair).sentences), pair)
        pairs = list(kinds.values())[:PAIRS_AT_MOST]
        with opened(browser, path, "lang=en") as found:
            for lang, table, nouns in (("en", ENGLISH, NOUNS), ("zh", SENTENCES, {})):
                stories = found.at_each([f"image={i}&gt={j}&anchor={k}&lang={lang}" for i, j, k in pairs], STORY)
                for pair, told in zip(pairs, stories, strict=True):
                    sentences = pair_story(view, *pair).sentences
                    assert [text for _, text in told] == [text_of(s.id, s.values, table, nouns) for s in sentences]
        assert found.complaints == []


TRICKY = [
    *(0.00390625, 0.01171875, 0.9999949932, 0.999995, 1.00005),  # ties at the fifth digit, and what is rounded up to 1
    *(1e-5, 9.99999e-6, 9.999996e-6, 1.2345e-5, 1e-38, 1e-45),  # from where exponents are written
    *(2.0, 123456.0, 8388608.0, 9.9999e15, 1e16, 3.4028235e38),
    *(0.0, np.nan, np.inf, -np.inf),
]


def test_numbers_look_as_in_the_log(browser, folder):
    """Also where the fifth digit is a tie or the exponent appears."""
    kept = study()
    first = kept.outputs["align.class_scores"]
    scores = np.resize(np.array(TRICKY, dtype=np.float32), first.shape)
    outputs = dict(kept.outputs) | {"align.class_scores": replace(first, values=scores)}
    (folder / "numbers.html").write_bytes(page_html(replace(kept, outputs=outputs)))
    pairs = kept.array("pairs")[: len(TRICKY)].tolist()
    with opened(browser, folder / "numbers.html", "lang=en") as found:
        cell = "document.querySelector('#anchor-panel tr[aria-current] td:nth-child(3)').textContent"
        shown = found.at_each([f"image={i}&gt={j}&anchor={k}&lang=en" for i, j, k in pairs], cell)
    assert shown == [number(float(np.float32(value))) for value in TRICKY]
    assert found.complaints == []


class TestKeyboard:
    def test_a_cursor_moves_over_the_anchors(self, shown):
        keys = shown.page.keyboard
        shown.show("image=2&gt=1&stage=topk&lang=en")
        keys.press("Shift+ArrowRight")  # starts at the best candidate of the box
        start = int(shown.hash["anchor"])
        keys.press("Shift+ArrowLeft")
        assert int(shown.hash["anchor"]) == start - 1
        keys.press("Shift+ArrowDown")
        assert int(shown.hash["anchor"]) == start - 1 + 8
        keys.press("l")
        assert 64 <= int(shown.hash["anchor"]) < 80
        assert shown.hash["stage"] == "topk"

    def test_letters_go_through_boxes_and_images(self, shown):
        keys = shown.page.keyboard
        keys.press("b")
        keys.press("b")
        assert shown.hash["gt"] == "1"
        keys.press("Shift+B")
        assert shown.hash["gt"] == "0"
        keys.press("i")
        assert (shown.hash["image"], "gt" in shown.hash) == ("3", False)
        keys.press("b")
        keys.press("Escape")
        assert "gt" not in shown.hash

    def test_every_control_is_reached_with_tab_and_keeps_the_focus_when_it_is_used(self, shown):
        shown.show("image=2&gt=1&anchor=19&stage=topk&lang=en")
        wanted = set(
            shown.page.evaluate(
                "[...document.querySelectorAll('button, select, input')]"
                ".filter(e => !e.disabled).map(e => e.id).filter(Boolean)"
            )
        )
        reached = set()
        for _ in range(120):
            shown.page.keyboard.press("Tab")
            reached.add(shown.page.evaluate("document.activeElement.id"))
        assert wanted <= reached
        shown.page.focus("#box-0")
        shown.page.keyboard.press("Enter")
        assert shown.hash["gt"] == "0"
        assert shown.page.evaluate("document.activeElement.id") == "box-0"
        outline = shown.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

    def test_everything_has_a_name_for_those_who_do_not_see_it(self, shown):
        shown.show("image=2&gt=1&anchor=19&stage=topk&lang=en")
        nameless = shown.page.evaluate(
            "[...document.querySelectorAll('button, select, input, #picture, [role=region]')].filter("
            "e => !(e.getAttribute('aria-label') || e.innerText?.trim() || e.labels?.[0]?.innerText.trim())"
            ").map(e => e.outerHTML)"
        )
        assert nameless == []
        assert shown.page.get_attribute("#live", "aria-live") == "polite"
        assert shown.page.get_attribute("#picture", "aria-label") == "Image 2: 3 boxes; the marks show the stage topk"


class TestReading:
    def test_a_link_brings_the_state_back(self, browser, written):
        address = "image=2&gt=1&anchor=19&stage=resolve&level=0&class=1&predicted=1&zoom=1&theme=dark&lang=zh"
        with opened(browser, written(study), address) as found:
            assert found.text("[aria-current=step] .name") == "resolve"
            assert found.page.input_value("#filter-image") == "2"
            assert found.page.input_value("#filter-level") == "0"
            assert found.page.input_value("#filter-class") == "1"
            assert found.page.is_checked("#toggle-predicted")
            assert found.page.is_checked("#toggle-zoom")
            assert found.page.get_attribute("#box-1", "aria-pressed") == "true"
            assert found.text("#anchor-title").startswith("锚点 #19")
            assert found.page.get_attribute("html", "data-theme") == "dark"
            found.page.keyboard.press("ArrowRight")
            assert found.hash == dict(part.split("=") for part in address.split("&")) | {"stage": "targets"}

    @pytest.mark.parametrize(
        "address", ["image=9&gt=99&anchor=-1&stage=x&lang=x&level=7&class=x&cause=x", "%", "image"]
    )
    def test_a_link_that_leads_nowhere_shows_what_there_is(self, browser, written, address):
        with opened(browser, written(study), address) as found:
            assert found.text("#stage-title").startswith("flatten")
        assert found.complaints == []

    def test_the_language_can_be_switched(self, shown):
        shown.show("image=2&stage=topk&lang=en")
        shown.page.click("#language")
        assert shown.hash["lang"] == "zh"
        assert shown.page.get_attribute("html", "lang") == "zh-Hans"
        assert "每个框取最好的 10 个候选" in shown.text("#stage-title")
        assert shown.text("h1") == "标签分配，一步一步看"
        shown.page.click("#language")
        assert shown.text("h1") == "Label assignment, step by step"

    def test_a_chinese_browser_begins_in_chinese(self, browser, written):
        with opened(browser, written(study), locale="zh-CN") as found:
            assert found.text("h1") == "标签分配，一步一步看"

    def test_colours_follow_the_system_or_the_choice(self, browser, written):
        background = "getComputedStyle(document.body).backgroundColor"
        light, dark = "rgb(255, 255, 255)", "rgb(20, 22, 26)"
        for system, colour in (("light", light), ("dark", dark)):
            with opened(browser, written(study), "lang=en", color_scheme=system) as found:
                assert found.page.evaluate(background) == colour
                found.page.select_option("#theme", "dark" if system == "light" else "light")
                assert found.page.evaluate(background) == (dark if system == "light" else light)

    @pytest.mark.parametrize("lang", ["en", "zh"])
    @pytest.mark.parametrize("width", [400, 1280, 1920])
    def test_nothing_is_wider_than_the_window(self, browser, written, lang, width):
        with opened(browser, written(crowd), f"lang={lang}", viewport={"width": width, "height": 800}) as found:
            addresses = [f"gt=7&anchor=300&stage={stage}&lang={lang}" for stage in ("anchors", "align", "resolve")]
            assert max(found.at_each(addresses, "document.documentElement.scrollWidth")) <= width


def test_screenshots_of_the_readme_can_be_taken(browser, folder):
    from tests.page.screenshots import PICTURES, SIZE, take

    (folder / "study.html").write_bytes(page_html(open_trace(ROOT / "run.log")))
    for path in take(browser, folder / "study.html", folder):
        with Image.open(path) as picture:
            assert picture.size == (SIZE["width"], SIZE["height"])
            assert len(picture.getcolors(maxcolors=1 << 24)) > 100  # something is drawn
    assert {path.stem for path in (ROOT / "docs" / "images").glob("page-*.png")} == set(PICTURES)


class TestTraces:
    def test_names_are_text(self, browser, folder):
        path = folder / "hostile.html"
        named = with_header(study(), {"names": f"[{', '.join([quoted(HOSTILE)] * 3)}]", "labels": HOSTILE})
        named = with_images(named, HOSTILE)
        path.write_bytes(page_html(named))
        with opened(browser, path, "gt=0&anchor=14&stage=topk&lang=en") as found:
            assert HOSTILE in found.text("#box-title")
            assert found.page.locator("img").count() == 0
            assert HOSTILE in found.page.inner_text("#filter-class")
        assert found.complaints == []

    @pytest.mark.parametrize(
        ("make", "stages"),
        [
            (captured, ["capture", *STAGES[5:]]),
            (lambda: stored(""), STAGES),  # no box at all
            (lambda: stored("1 0 .5 .5 .4 .4\n"), STAGES),  # one image has none
            (lambda: crowd("8.4.0"), STAGES),
            (lambda: open_trace(ROOT / "run.log"), STAGES),
        ],
        ids=["capture", "no box", "empty image", "enlarged", "log"],
    )
    def test_traces_of_every_kind_can_be_stepped_through(self, browser, folder, make, stages):
        path = folder / "kind.html"
        path.write_bytes(page_html(make()))
        with opened(browser, path, "lang=en") as found:
            for name in stages:
                assert found.text("[aria-current=step] .name") == name
                found.page.keyboard.press("ArrowRight")
        assert found.complaints == []

    def test_a_picture_lies_under_the_boxes(self, browser, folder):
        Image.new("RGB", (320, 240), (250, 0, 0)).save(folder / "street.png")
        placed = with_images(study(), "street.png", size=(320, 240))
        (folder / "picture.html").write_bytes(page_html(placed, folder))
        with opened(browser, folder / "picture.html", "image=0&stage=ground_truth&lang=en") as found:
            photo = found.page.locator("#picture image")
            place = [photo.get_attribute(name) for name in ("x", "y", "width", "height")]
            assert place == ["0", "80", "640", "480"]
        assert found.complaints == []
        assert all(url.startswith(("file:", "data:")) for url in found.requests)

"""The page in a real browser: keys, links, languages, colours, widths."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.commands import ROOT
from tests.page.browser import opened
from tests.page.pages import captured, crowd, study
from yolo_assign_trace.page.html import page_html
from yolo_assign_trace.traces.open_trace import open_trace


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

    HEADS = (
        # trace, words at the top of the page by language, if its heads are no model's
        (study, {"en": "Synthetic heads: no trained model.", "zh": "合成的网络输出：没有训练过的模型。"}),
        (captured, {"en": "", "zh": ""}),
    )

    @pytest.mark.parametrize("lang", ["en", "zh"])
    @pytest.mark.parametrize(("make", "words"), HEADS, ids=["synthetic", "given"])
    def test_heads_of_no_model_are_told_at_the_top_and_only_they(self, browser, written, make, words, lang):
        with opened(browser, written(make), f"lang={lang}", viewport={"width": 400, "height": 800}) as found:
            assert found.page.is_visible("#synthetic") == bool(words[lang])
            if words[lang]:
                assert found.text("#synthetic").startswith(words[lang])
                top = "document.getElementById('synthetic').getBoundingClientRect()"
                assert found.page.evaluate(f"{top}.bottom") < 300  # unfolded, above everything else

    @pytest.mark.parametrize("lang", ["en", "zh"])
    @pytest.mark.parametrize("width", [400, 1280, 1920])
    def test_nothing_is_wider_than_the_window(self, browser, written, lang, width):
        with opened(browser, written(crowd), f"lang={lang}", viewport={"width": width, "height": 800}) as found:
            addresses = [f"gt=7&anchor=300&stage={stage}&lang={lang}" for stage in ("anchors", "align", "resolve")]
            assert max(found.at_each(addresses, "document.documentElement.scrollWidth")) <= width


def test_screenshots_of_the_readme_can_be_taken(browser, pages):
    from tests.page.screenshots import PICTURES, SIZE, take

    (pages / "study.html").write_bytes(page_html(open_trace(ROOT / "run.log")))
    for path in take(browser, pages / "study.html", pages):
        with Image.open(path) as picture:
            assert picture.size == (SIZE["width"], SIZE["height"])
            assert len(picture.getcolors(maxcolors=1 << 24)) > 100  # something is drawn
    assert {path.stem for path in (ROOT / "docs" / "images").glob("page-*.png")} == set(PICTURES)

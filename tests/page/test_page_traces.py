"""The page in a real browser: traces of every kind open, and read as explain and the log write them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.commands import ROOT
from tests.draw.drawn import stored, with_images
from tests.page.browser import STORY, opened
from tests.page.pages import HOSTILE, STAGES, captured, crowd, hostile, in_double, study
from yolo_assign_trace.draw.photos import in_folder
from yolo_assign_trace.explain.pair import pair_story
from yolo_assign_trace.explain.sentences import number, text_of
from yolo_assign_trace.explain.texts import ENGLISH, NOUNS
from yolo_assign_trace.page.chinese_sentences import SENTENCES
from yolo_assign_trace.page.html import page_html
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.view import TraceView

PAIRS_AT_MOST = 16


class TestSentences:
    """What the page says of a pair is what `yolo-assign explain` says of it, to the last digit."""

    @pytest.mark.parametrize(
        "make",
        [study, crowd, captured, in_double, lambda: crowd("yolo26-one2one"), lambda: open_trace(ROOT / "run.log")],
        ids=["study", "crowd", "capture", "float64", "topk2", "log"],
    )
    def test_pairs_read_as_in_explain_in_both_languages(self, browser, pages, make):
        view = TraceView(make())
        path = pages / "pairs.html"
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


def test_numbers_look_as_in_the_log(browser, pages):
    """Also where the fifth digit is a tie or the exponent appears."""
    kept = study()
    first = kept.outputs["align.class_scores"]
    scores = np.resize(np.array(TRICKY, dtype=np.float32), first.shape)
    outputs = dict(kept.outputs) | {"align.class_scores": replace(first, values=scores)}
    (pages / "numbers.html").write_bytes(page_html(replace(kept, outputs=outputs)))
    pairs = kept.array("pairs")[: len(TRICKY)].tolist()
    with opened(browser, pages / "numbers.html", "lang=en") as found:
        cell = "document.querySelector('#anchor-panel tr[aria-current] td:nth-child(3)').textContent"
        shown = found.at_each([f"image={i}&gt={j}&anchor={k}&lang=en" for i, j, k in pairs], cell)
    assert shown == [number(float(np.float32(value))) for value in TRICKY]
    assert found.complaints == []


class TestTraces:
    def test_names_are_text(self, browser, pages):
        path = pages / "hostile.html"
        path.write_bytes(page_html(hostile()))
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
    def test_traces_of_every_kind_can_be_stepped_through(self, browser, pages, make, stages):
        path = pages / "kind.html"
        path.write_bytes(page_html(make()))
        with opened(browser, path, "lang=en") as found:
            for name in stages:
                assert found.text("[aria-current=step] .name") == name
                found.page.keyboard.press("ArrowRight")
        assert found.complaints == []

    def test_a_picture_lies_under_the_boxes(self, browser, pages):
        Image.new("RGB", (320, 240), (250, 0, 0)).save(pages / "street.png")
        placed = with_images(study(), "street.png", size=(320, 240))
        (pages / "picture.html").write_bytes(page_html(placed, in_folder(pages, placed)))
        with opened(browser, pages / "picture.html", "image=0&stage=ground_truth&lang=en") as found:
            photo = found.page.locator("#picture image")
            place = [photo.get_attribute(name) for name in ("x", "y", "width", "height")]
            assert place == ["0", "80", "640", "480"]
        assert found.complaints == []
        assert all(url.startswith(("file:", "data:")) for url in found.requests)

"""The page in a real browser: the legend is what is drawn, a click takes what is near, wide tables say so."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.page.browser import opened
from tests.page.pages import study

LEGEND = """[...document.querySelectorAll('.legend li')].map(li => [li.innerText.trim(),
  [...li.querySelectorAll('.key path[class]')].map(path => path.getAttribute('class'))])"""
"""Words and classes of the key of every entry under the picture."""

STROKES = """selectors => selectors.map(selector => {
  const { stroke, strokeWidth, strokeDasharray, opacity } = getComputedStyle(document.querySelector(selector));
  return [stroke, strokeWidth, strokeDasharray, opacity];
})"""


class TestLegend:
    LINES = (
        # state, words of an entry, the line it stands for
        ("image=2&gt=0&anchor=39&stage=topk", "predicted box of the chosen anchor", ".predicted.chosen"),
        ("image=2&gt=0&anchor=39&stage=topk", "cell of the chosen anchor", ".cell"),
        ("image=2&gt=1&stage=topk&predicted=1", "predicted box", ".predicted"),
        ("image=0&stage=topk", "box without positives", ".box.without"),
    )

    @pytest.mark.parametrize(("address", "words", "line"), LINES, ids=[case[1] for case in LINES])
    def test_a_line_is_drawn_in_the_legend_as_in_the_picture(self, shown, address, words, line):
        shown.show(f"{address}&lang=en")
        keys = dict(shown.page.evaluate(LEGEND))
        assert words in keys
        drawn, key = shown.page.evaluate(STROKES, [f"#picture {line}", f".key [class='{keys[words][0]}']"])
        assert drawn == key

    def test_no_two_lines_look_the_same(self, shown):
        shown.show("image=2&anchor=39&stage=topk&predicted=1&lang=en")
        lines = ["#picture .predicted:not(.chosen)", "#picture .predicted.chosen", "#picture .cell"]
        dashes = [tuple(stroke) for stroke in shown.page.evaluate(STROKES, lines)]
        assert len(set(dashes)) == len(lines)

    LISTED = (
        # state, what the legend lists
        ("image=0&stage=flatten", ["anchor", "P3", "P4", "P5"]),  # box 1 has no positives, and is not drawn yet
        ("image=0&stage=anchors&level=1", ["anchor", "P4"]),
        ("image=0&stage=ground_truth", ["box without positives"]),  # no mark at all
        ("image=2&gt=2&stage=screen", ["candidate", "P3"]),  # the others are beyond this box
        ("image=2&gt=1&anchor=19&stage=resolve&level=0", ["candidate", "positive, in the colour of its box",
                                                         "cell of the chosen anchor", "P3"]),
    )  # fmt: skip

    @pytest.mark.parametrize(("address", "listed"), LISTED, ids=[case[0] for case in LISTED])
    def test_it_lists_what_the_stage_draws_and_nothing_else(self, shown, address, listed):
        """The last: the predicted box of the anchor lies around the whole picture."""
        shown.show(f"{address}&lang=en")
        entries = [words for words, _ in shown.page.evaluate(LEGEND) if not words.endswith(":")]
        assert entries == listed

    def test_anchors_have_the_colours_of_their_levels(self, shown):
        shown.show("image=2&stage=anchors&lang=en")
        keys = dict(shown.page.evaluate(LEGEND))
        assert [keys[level] for level in ("P3", "P4", "P5")] == [[f"marks level-{n}"] for n in range(3)]


class TestClicks:
    """The study grid: P3 anchors every 80 px from 40, P4 every 160 px from 80, P5 every 320 px from 160."""

    CLICKS = (
        # state, x, y px of the input, the anchor that is chosen
        ("stage=topk", 284, 197, "19"),  # on a mark
        ("stage=topk", 290, 192, "19"),  # just beside it
        ("stage=topk", 240, 185, None),  # between marks, within the cells of some
        ("stage=screen", 470, 300, None),  # in the cell of a P5 candidate, far from its mark
        ("stage=screen", 40, 600, None),  # beyond all boxes: this place has no mark
        ("stage=ground_truth", 280, 200, None),  # a stage without marks
        ("stage=screen&level=1", 600, 600, "79"),  # a level is chosen: its cell, marked or not
    )

    @pytest.mark.parametrize(("address", "x", "y", "anchor"), CLICKS)
    @pytest.mark.parametrize("before", ["", "&anchor=3"], ids=["nothing chosen", "another one chosen"])
    def test_a_click_chooses_what_is_near_it_or_nothing(self, shown, before, address, x, y, anchor):
        shown.show(f"image=2&{address}{before}&lang=en")
        shown.page.mouse.click(*shown.on_screen(x, y))
        assert shown.hash.get("anchor") == anchor


class TestWideTables:
    RANKING = "[role=region][aria-label^=Ranking]"
    EDGES = """frame => [frame.scrollLeft > 0, frame.scrollLeft + frame.clientWidth < frame.scrollWidth]"""

    @pytest.mark.parametrize("colours", ["light", "dark"])
    def test_where_a_table_goes_on_its_edge_is_shaded(self, browser, written, colours):
        view = {"viewport": {"width": 400, "height": 800}, "color_scheme": colours}
        with opened(browser, written(study), "image=2&gt=1&stage=topk&lang=en", **view) as found:
            ranking = found.page.locator(self.RANKING)
            for place, goes_on in ((0, [False, True]), (60, [True, True]), (10_000, [True, False])):
                ranking.evaluate("(frame, place) => { frame.scrollLeft = place; }", place)
                assert ranking.evaluate(self.EDGES) == goes_on
                assert shaded(ranking) == goes_on

    def test_the_ranking_fits_in_a_window_of_1280_px(self, browser, written):
        with opened(browser, written(study), "image=2&gt=1&stage=topk&lang=en") as found:
            ranking = found.page.locator(self.RANKING)
            assert ranking.evaluate(self.EDGES) == [False, False]
            assert shaded(ranking) == [False, False]


def shaded(frame):
    """Whether the left and the right edge of ``frame`` differ from the ground beside them, in its empty rows."""
    picture = np.asarray(Image.open(BytesIO(frame.screenshot())).convert("L")).astype(int)
    ground = np.bincount(picture.ravel()).argmax()
    edges = picture[:, [1, -2]]
    return (np.abs(edges - ground) > 20).mean(axis=0).__gt__(0.8).tolist()

"""The page says what explain says, in two languages."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.strategies import examples, scenes
from tests.explain.explained import stored_scene
from tests.page.pages import ANY_TRACE, TRACES, values_of
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.explain.pair import fate, pair_story
from yolo_assign_trace.explain.sentences import text_of
from yolo_assign_trace.explain.texts import NOUNS
from yolo_assign_trace.page.data import page_data
from yolo_assign_trace.page.tables import texts
from yolo_assign_trace.traces.view import OUTCOMES, TraceView

ANY_GENERATION = pytest.mark.parametrize("generation", GENERATIONS)
BEFORE_CONFLICTS = ("ground_truth", "screen", "align", "topk")


class TestSentences:
    """The page says what explain says, pair by pair, with the texts that are in its document."""

    @ANY_GENERATION
    @given(scene=scenes(min_boxes=1, max_images=2), topk2=st.sampled_from([None, 1, 2]))
    @examples(8)
    def test_every_pair_has_the_sentences_of_its_story(self, generation, scene, topk2):
        check_sentences(stored_scene(scene, generation, topk2))

    @ANY_TRACE
    def test_of_other_traces_too(self, name):
        check_sentences(TRACES[name]())


def check_sentences(kept):
    view, document = TraceView(kept), page_data(kept)
    columns = [{key: values_of(values) for key, values in image["pairs"].items()} for image in document["images"]]
    first = np.searchsorted(view.pairs[:, 0], np.arange(view.b)).tolist()
    for index, (image, gt, anchor) in enumerate(view.pairs.tolist()):
        story = pair_story(view, image, gt, anchor)
        early = [sentence.text for sentence in story.sentences if sentence.stage in BEFORE_CONFLICTS]
        own = {name: str(column[index - first[image]]) for name, column in columns[image].items()}
        x, y = (f"{value:.6g}" for value in view.array("anc_points")[anchor].tolist())
        values = document["shown"] | document["images"][image]["boxes"][gt]["shown"] | own | {"x": x, "y": y}
        assert [english(kind, values) for kind in document["kinds"][int(own["kind"])]] == early
        later = [sentence for sentence in story.sentences if sentence.stage not in BEFORE_CONFLICTS]
        told = document["images"][image]["fates"].get(str(anchor), {}).get(str(gt))
        if told is None:
            before_loss = [s.id for s in later if s.stage != "loss"]
            assert before_loss == ["resolve.unclaimed", "targets.background", "normalize.background"]
        else:
            assert [english(*one) for one in told] == [sentence.text for sentence in later]
    for image, anchor in np.argwhere(view.resolved_owner >= 0).tolist():
        owner = int(view.resolved_owner[image, anchor])
        told = document["images"][image]["fates"][str(anchor)][str(owner)]
        index = view.index.one(image, owner, anchor)
        assert [english(*one) for one in told] == [s.text for s in fate(view, image, anchor, owner, index)]


def english(id, values):
    """The sentence with its numbers as they came; only counts are still to get their noun."""
    return text_of(
        id, values, texts()["en"]["sentences"], {name: noun for name, noun in NOUNS.items() if name in values}
    )


class TestLanguages:
    @pytest.mark.parametrize("kind", sorted(set(texts()["en"]) - {"nouns"}))
    def test_both_have_the_same_ids_and_the_same_numbers_in_them(self, kind):
        one, other = texts()["en"][kind], texts()["zh"][kind]
        assert set(one) == set(other)
        for name in one:
            assert places(one[name]) == places(other[name]), name

    def test_chinese_is_chinese(self):
        for kind, table in texts()["zh"].items():
            for name, text in table.items():
                both = " ".join(text) if isinstance(text, tuple) else text
                words = re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}|\bgt\b|\bpx\b", "", both))
                assert re.search(r"[\u4e00-\u9fff]", both) or not words or name == "language", (kind, name)

    def test_every_outcome_stage_and_output_of_a_trace_has_its_text(self):
        for make in TRACES.values():
            found = page_data(make())
            for language in texts().values():
                assert set(found["outcomes"]) == set(OUTCOMES) == set(language["outcomes"])
                for stage in found["stages"]:
                    assert stage["declaration"] in language["stages"]
                    assert {output["name"] for output in stage["outputs"]} <= set(language["meanings"])
                    assert {name for name in stage["numbers"] if name != "boxes"} <= set(language["words"])


def places(text):
    return set(re.findall(r"\{(\w+)\}", " ".join(text) if isinstance(text, (tuple, list)) else text))

"""`yolo-assign explain` as people use it: from a log, from a saved trace, as text and as JSON, and asked wrongly."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import swapped_stages  # noqa: F401 - named in --swap

from tests.commands import Outcome
from tests.explain.explained import ask, stored
from tests.run.hand_made import predict
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.explain.sentences import text_of
from yolo_assign_trace.explain.texts import ENGLISH, NOUNS
from yolo_assign_trace.traces.run_log import read_run_log
from yolo_assign_trace.traces.stored import StoredTrace
from yolo_assign_trace.traces.tensors import read_trace_file

QUESTIONS = (
    # arguments, what the answer holds
    ((), "summary"),
    (("--image", "2"), "summary"),
    (("--image", "0", "--gt", "1"), "box"),
    (("--image", "2", "--gt", "1"), "box"),
    (("--image", "0", "--anchor", "19"), "anchors"),
    (("--image", "0", "--at", "240,200"), "anchors"),
    (("--image", "0", "--gt", "0", "--anchor", "12"), "pairs"),
    (("--image", "2", "--gt", "2", "--at", "P3:0:4"), "pairs"),
)
KINDS = ("study.log", "study.safetensors")


TRACED: dict[tuple[str, ...], dict[str, bytes]] = {}
"""The files of a trace by its options: many tests ask about the same one."""


class Study:
    """The study sample, traced to study.log and study.safetensors, and the command to ask about either."""

    def __init__(self, yolo_assign: Callable[..., Outcome]) -> None:
        self.yolo_assign = yolo_assign
        self.trace()

    def __call__(self, *arguments: str) -> Outcome:
        return self.yolo_assign(*arguments)

    def trace(self, *options: str) -> None:
        """Trace it anew with these options."""
        if options not in TRACED:
            files = ("--log", "study.log", "--save", "study.safetensors", "--quiet")
            assert self("trace", "--labels", "labels.txt", *files, *options).code == 0
            TRACED[options] = {kind: Path(kind).read_bytes() for kind in KINDS}
        for kind, content in TRACED[options].items():
            Path(kind).write_bytes(content)


@pytest.fixture
def study(yolo_assign, folder: Path) -> Study:
    return Study(yolo_assign)


DIFFERENCES = frozenset({"margin", "short", "distance", "sum"})
"""Differences of two printed numbers have fewer digits than these."""


def numbers_of(document: Any, name: str = "") -> list[tuple[str, float]]:
    """Every float of a document with its name, in order."""
    if isinstance(document, dict):
        return [number for key, value in document.items() for number in numbers_of(value, key)]
    if isinstance(document, list):
        return [number for value in document for number in numbers_of(value, name)]
    return [(name, document)] if isinstance(document, float) else []


def shape_of(document: Any) -> Any:
    """A document without its floats and the texts that show them."""
    if isinstance(document, dict):
        left_out = ("text", "header", "digits")
        return {key: shape_of(value) for key, value in document.items() if key not in left_out}
    if isinstance(document, list):
        return [shape_of(value) for value in document]
    return None if isinstance(document, float) else document


class TestAnswers:
    @pytest.mark.parametrize(("arguments", "part"), QUESTIONS, ids=str)
    def test_log_and_saved_trace_tell_the_same_up_to_printed_digits(self, study, arguments, part) -> None:
        log, exact = (study("explain", kind, *arguments, "--json").document for kind in KINDS)
        assert {"header", "levels", "digits", "boxes", part} == set(exact) == set(log)
        assert (log["digits"], exact["digits"]) == (5, None)
        assert shape_of(log) == shape_of(exact)
        for (name, printed), (_, number) in zip(numbers_of(log[part]), numbers_of(exact[part]), strict=True):
            assert math.isclose(printed, number, rel_tol=0.05 if name in DIFFERENCES else 1e-4), name

    @pytest.mark.parametrize(("arguments", "part"), QUESTIONS, ids=str)
    def test_a_lossless_log_tells_exactly_the_same(self, study, arguments, part) -> None:
        study.trace("--digits", "9")
        log, exact = (study("explain", kind, *arguments).out for kind in KINDS)
        assert log.replace("study.log", "study.safetensors") == exact
        assert "as printed" not in log

    def test_the_text_says_that_numbers_are_printed_ones(self, study) -> None:
        assert "numbers   as printed in the log, 5 digits\n" in study("explain", "study.log").out
        assert "as printed" not in study("explain", "study.safetensors").out

    def test_a_box_without_positives(self, study) -> None:
        lines = study("explain", "study.safetensors", "--image", "0", "--gt", "1").out.splitlines()
        assert "  no positives, metric-zero: all its metrics are 0, and tie order selected other anchors" in lines
        start = next(n for n, line in enumerate(lines) if line.startswith("Funnel"))
        assert [line.split() for line in lines[start + 1 : start + 4]] == [
            ["P3", "P4", "P5", "total"],
            ["anchors", "whose", "centre", "lies", "inside", "the", "box", "3", "0", "0", "3"],
            ["of", "these,", "metric", "above", "0", "0", "0", "0", "0"],
        ]

    def test_long_tables_are_cut_with_a_count_unless_all_is_asked_for(self, study) -> None:
        cut = study("explain", "study.log", "--image", "0", "--gt", "0").out
        whole = study("explain", "study.log", "--image", "0", "--gt", "0", "--all").out
        assert "... 10 more; --all shows them" in cut
        assert "more; --all" not in whole
        assert len(whole.splitlines()) == len(cut.splitlines()) + 9

    def test_the_command_that_is_suggested_works(self, study, save_heads) -> None:
        study.trace("--heads", save_heads(channels=67, batch=4))
        for arguments in ((), ("--image", "0", "--gt", "1")):
            last = study("explain", "study.log", *arguments).out.splitlines()[-1]
            assert last.startswith("next: yolo-assign explain study.log --image 0 --gt ")
            assert study(*last.removeprefix("next: yolo-assign ").split()).code == 0

    def test_on_synthetic_heads_only_what_holds_with_any_model_is_summed_up(self, study) -> None:
        out = study("explain", "study.log").out
        assert "not a trained model" in out
        assert "Geometry  7 boxes in 4 images\n" in out
        assert "0  no-anchor-inside\n" in out
        for word in ("positives\n", "Conflicts", "Reach", "mean target", "metric-zero"):
            assert word not in out


class TestExitCode:
    FAIL_ON = (
        # question, causes, code
        ((), "any", 1),
        ((), "metric-zero", 1),
        ((), "no-anchor-inside, lost-conflicts", 0),
        ((), "lost-conflicts,metric-zero", 1),
        (("--image", "1"), "any", 0),
        (("--image", "0", "--gt", "0"), "any", 0),
        (("--image", "0", "--gt", "1"), "any", 1),
        (("--image", "0", "--anchor", "3"), "metric-zero", 1),  # all boxes of the image
    )

    @pytest.mark.parametrize(("question", "causes", "code"), FAIL_ON, ids=str)
    def test_one_if_a_box_that_was_asked_about_has_a_cause(self, study, question, causes, code) -> None:
        assert study("explain", "study.log", *question, "--fail-on", causes).code == code
        assert study("explain", "study.log", *question, "--fail-on", causes, "--json").code == code

    def test_zero_without_being_asked(self, study) -> None:
        assert study("explain", "study.log").code == 0


class TestErrors:
    WRONG = (
        # arguments, id, part of the message or hint
        (("study.log", "--image", "4"), "no-such-image", "its images are 0..3"),
        (("study.log", "--image", "-1"), "no-such-image", "its images are 0..3"),
        (("study.log", "--image", "4", "--anchor", "0"), "no-such-image", "its images are 0..3"),
        (("study.log", "--image", "0", "--gt", "2"), "no-such-box", "its boxes are gt 0..1"),
        (("study.log", "--image", "0", "--gt", "-1"), "no-such-box", "its boxes are gt 0..1"),
        (("study.log", "--image", "1", "--gt", "1", "--anchor", "0"), "no-such-box", "its boxes are gt 0..0"),
        (("study.log", "--gt", "0"), "no-image", "add --image N"),
        (("study.log", "--anchor", "0"), "no-image", "add --image N"),
        (("study.log", "--image", "0", "--anchor", "84"), "no-such-anchor", "not one of 0..83"),
        (("study.log", "--image", "0", "--anchor", "-1"), "no-such-anchor", "not one of 0..83"),
        (("study.log", "--image", "0", "--anchor", "1", "--at", "1,1"), "two-anchors", "give one of them"),
        (("study.log", "--image", "0", "--at", "640,10"), "outside-input", "640 wide and 640 high"),
        (("study.log", "--image", "0", "--at", "10,1e9"), "wrong-place", "level:row:column"),
        (("study.log", "--image", "0", "--at", "-1,5"), "wrong-place", "level:row:column"),
        (("study.log", "--image", "0", "--at", "P3"), "wrong-place", "level:row:column"),
        (("study.log", "--image", "0", "--at", "P9:0:0"), "no-such-level", "P3"),
        (("study.log", "--image", "0", "--at", "P3:8:0"), "no-such-anchor", "rows 0..7 and columns 0..7"),
        (("study.log", "--fail-on", "metric-zeroo"), "unknown-cause", "did you mean metric-zero"),
        (("study.log", "--fail-on", "any,"), "unknown-cause", "'' is no cause"),
        (("missing.log",), "no-such-file", "missing.log"),
        (("missing.safetensors",), "no-such-file", "missing.safetensors"),
        (("labels.txt",), "no-trace", "neither a run.log nor a saved trace"),
    )

    @pytest.mark.parametrize(("arguments", "id", "says"), WRONG, ids=str)
    def test_what_cannot_be_asked(self, study, arguments, id, says) -> None:
        outcome = study("explain", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert f"[{id}]" in outcome.err
        assert says in outcome.err

    def test_a_box_of_an_image_without_boxes(self) -> None:
        with pytest.raises(InputError, match="image 1 has no gt 0: it has no box"):
            ask(stored([[(8, 8, 24, 24)], []], [predict()] * 2), 1, 0)

    def test_a_trace_without_what_is_needed(self) -> None:
        trace = stored([[(8, 8, 24, 24)]], [predict()])
        less = {key: held for key, held in trace.outputs.items() if held.output.name != "mask_topk"}
        with pytest.raises(InputError, match="no output 'mask_topk'"):
            ask(dataclasses.replace(trace, outputs=less))


class TestOtherTraces:
    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_every_generation_has_an_answer_to_everything(self, study, generation) -> None:
        options = ("--topk2", "2") if GENERATIONS[generation].has_topk2 else ()
        study.trace("--assigner", generation, *options)
        for arguments, part in QUESTIONS:
            outcome = study("explain", "study.log", *arguments)
            assert (outcome.code, outcome.err) == (0, ""), arguments
            assert part in study("explain", "study.safetensors", *arguments, "--json").document

    @pytest.mark.parametrize("stage", ["screen", "align", "topk", "resolve", "normalize"])
    def test_a_swapped_stage_that_puts_out_no_more_than_it_must(self, study, stage, monkeypatch) -> None:
        study.trace("--swap", f"{stage}=swapped_stages:minimal.{stage}")
        for arguments, _ in QUESTIONS:
            outcome = study("explain", "study.safetensors", *arguments)
            assert (outcome.code, outcome.err) == (0, ""), arguments
        document = study("explain", "study.log", "--image", "0", "--gt", "0", "--anchor", "21", "--json").document
        ids = {sentence["id"] for sentence in document["pairs"][0]["sentences"]}
        own = {"align": "align.metric-only", "topk": "topk.picked", "normalize": "normalize.score-only"}
        assert own.get(stage, "align.metric") in ids  # formulas and reasons are told of stages that are not swapped

    def test_a_trace_that_starts_at_the_call_of_the_assigner(self, study) -> None:
        whole = read_trace_file(Path("study.safetensors"))
        given = ("pd_scores", "pd_bboxes", "anc_points", "gt_labels", "gt_bboxes", "mask_gt")
        outputs = {
            f"{'capture' if held.output.name in given else held.stage}.{held.output.name}": held
            for held in whole.outputs.values()
            if held.output.name in given or held.stage in ("screen", "align", "topk", "resolve", "targets", "normalize")
        }
        captured = StoredTrace({}, whole.grid, outputs)
        for image, gt in [(0, 0), (0, 1), (2, 1), (3, 0)]:
            one, other = ask(captured, image, gt).box, ask(whole, image, gt).box
            assert (one.candidates, one.funnel, one.share) == (other.candidates, other.funnel, other.share)
        summary = ask(captured).summary
        assert (summary.boxes, summary.causes, summary.reach.reg_max) == (7, {"metric-zero": 1}, None)
        (pair,) = ask(captured, 0, 0, 21).pairs
        assert "align.metric-only" in [sentence.id for sentence in pair.sentences]  # the exponents are not known
        assert ask(captured, 0, None, 21).anchors == ask(whole, 0, None, 21).anchors

    def test_settings_of_a_log_are_those_of_the_saved_trace(self, study) -> None:
        for options in (("--topk", "7", "--alpha", "1.5"), ("--assigner", "yolo26-one2one"), ("--reg-max", "8")):
            study.trace(*options, "--digits", "9")
            log, exact = read_run_log(Path("study.log")), read_trace_file(Path("study.safetensors"))
            assert log.settings == exact.settings

    def test_equal_as_printed_is_said_where_the_digits_do_not_tell(self, study, folder) -> None:
        # two boxes that differ in the fourth digit: with two digits every contested overlap is printed equal
        (folder / "near.txt").write_text("0 .5 .5 .5 .5\n0 .5 .5 .5002 .5\n")
        study("trace", "--labels", "near.txt", "--log", "near.log", "--digits", "2", "--save", "near.safetensors", "-q")
        trace = read_trace_file(Path("near.safetensors"))
        contested = np.flatnonzero(trace.array("claims")[0] > 1).tolist()
        log = read_run_log(Path("near.log"))
        said = [ask(log, 0, gt, anchor).pairs[0].sentences[3].id for gt in (0, 1) for anchor in contested]
        assert {"resolve.won-as-printed", "resolve.lost-as-printed"} <= set(said)


def test_class_names_are_shown_where_they_are_known() -> None:
    from yolo_assign_trace.explain.answer import explain_trace
    from yolo_assign_trace.explain.question import Question

    trace = stored([[(8, 8, 24, 24)]], [predict((8, 8, 24, 24))])
    named = dataclasses.replace(trace, header={**trace.header, "names": '["cat"]'})
    assert explain_trace(named, Question(gt=0)).box.label_name == "cat"
    assert explain_trace(named, Question()).summary.classes[0].name == "0 cat"


def test_another_language_is_another_table() -> None:
    (pair,) = ask(stored([[(8, 8, 24, 24)]], [predict((8, 8, 24, 24))]), 0, 0, 9).pairs
    for sentence in pair.sentences:
        assert text_of(sentence.id, sentence.values, ENGLISH) == sentence.text
    german = {"topk.selected": "Rang {rank} von {candidates}, der Kasten nimmt {topk}: gewählt"}
    told = next(sentence for sentence in pair.sentences if sentence.stage == "topk")
    said = text_of(told.id, told.values, german, {**NOUNS, "candidates": "Kandidat"})
    assert said.startswith("Rang 1 von 5 Kandidat")
    json.dumps([dict(sentence.values) for sentence in pair.sentences])  # plain numbers only

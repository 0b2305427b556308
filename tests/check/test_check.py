"""`yolo-assign check` against assigners that are right in every form, and broken in one way each."""

from __future__ import annotations

import json

import pytest

from tests.check import broken_assigners
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.check.cases import CASE_NAMES

pytestmark = pytest.mark.usefixtures("folder")


def of_case(document: dict, name: str) -> dict:
    (row,) = [row for row in document["cases"] if row["case"] == name]
    return row


class TestRight:
    @pytest.mark.parametrize(
        "candidate",
        [
            "broken_assigners:Dense",  # a class of nn.Module: made with the parameters of the assigner
            "candidates:module",  # an nn.Module
            "candidates:module.forward",  # a method of it
            "candidates:function",  # a function
            "candidates:Plain",  # any class whose objects can be called
            "candidates:other_names",  # parameters by place
            "candidates:other_order",  # parameters by name
            "candidates:keywords_only",
            "candidates:takes_more",  # strides and the number of classes are offered as well
            "candidates:changes_its_inputs",  # each call gets its own copy
            "candidates:as_dictionary",  # outputs by full or short name, and others that are ignored
            "candidates:as_numpy_lists_and_other_types",  # numbers count, not their types, nor an axis of length 1
        ],
    )
    def test_every_form_of_a_right_assigner_is_equal_in_every_case(self, yolo_assign, candidate: str) -> None:
        outcome = yolo_assign("check", candidate, "--json")
        assert (outcome.code, outcome.err) == (0, "")
        document = outcome.document
        assert (document["candidate"], document["assigner"]) == (candidate, "yolov8")
        assert [row["case"] for row in document["cases"]] == list(CASE_NAMES)
        assert {row["verdict"] for row in document["cases"]} == {"equal"}
        assert {row["first"] for row in document["cases"]} == {None}
        assert document["agrees_everywhere_with"] == ["8.0.52"]

    # to the first is torch's own order in these cases, so TiesToTheFirst is plainly equal
    @pytest.mark.parametrize("name", ["TiesToTheLast", "NeverPicksZero"])
    def test_another_order_of_equal_values_is_equal_but_for_ties(self, yolo_assign, name: str) -> None:
        outcome = yolo_assign("check", f"broken_assigners:{name}", "--json")
        assert outcome.code == 0
        verdicts = {row["verdict"] for row in outcome.document["cases"]}
        assert verdicts == {"equal", "equal but for ties"}
        assert of_case(outcome.document, "ties")["verdict"] == "equal but for ties"
        assert outcome.document["agrees_everywhere_with"] == ["8.0.52"]

    def test_in_words(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "broken_assigners:Dense")
        assert outcome.out.startswith("broken_assigners:Dense against yolov8 (8.0.52 - 8.3.253)\n")
        assert f"equal in all {len(CASE_NAMES)} cases\nit agrees in every case with 8.0.52\n" in outcome.out

    def test_a_release_names_the_assigner_unless_one_is_named(self, yolo_assign) -> None:
        for more, name in (("8.4.60",), "ultralytics==8.4.60"), (("8.4.60", "--assigner", "tood"), "tood"):
            assert f" against {name} (" in yolo_assign("check", "broken_assigners:Dense", "--release", *more).out

    def test_another_topk_is_given_to_the_class_and_expected_of_it(self, yolo_assign) -> None:
        assert yolo_assign("check", "broken_assigners:Dense", "--topk", "13").code == 0
        assert yolo_assign("check", "candidates:module", "--topk", "13").code == 1  # it was made with 10


class TestGenerations:
    @pytest.mark.parametrize(
        ("name", "case", "output", "agrees"),
        [
            # boxes that do not contain an anchor win it
            ("8.0.0", "third-box", "target_gt_idx", ["8.0.0"]),
            # very small boxes get more candidates
            ("8.4.0", "tiny", "fg_mask", ["8.4.0"]),
            # small ones too; the next generation differs from it by 6e-8 of an overlap
            ("8.4.128", "tiny", "fg_mask", ["8.4.128", "8.4.144"]),
            ("8.4.144", "tiny", "fg_mask", ["8.4.128", "8.4.144"]),
        ],
    )
    def test_an_assigner_of_another_generation_is_told_which(
        self, yolo_assign, name: str, case: str, output: str, agrees: list[str]
    ) -> None:
        candidate = f"candidates:release_{name.replace('.', '_')}"
        outcome = yolo_assign("check", candidate, "--json")
        assert outcome.code == 1
        row = of_case(outcome.document, case)
        assert (row["verdict"], row["first"]["output"], row["agrees_with"]) == ("different", output, agrees)
        assert outcome.document["agrees_everywhere_with"] == agrees
        words = yolo_assign("check", candidate, "--case", case).out
        assert f"in this case it agrees with {', '.join(agrees)}\n" in words
        assert words.endswith(f"\nit agrees in every case with {', '.join(agrees)}\n")

    @pytest.mark.parametrize("name", GENERATIONS)
    def test_it_is_equal_to_its_own(self, yolo_assign, name: str) -> None:
        outcome = yolo_assign("check", f"candidates:release_{name.replace('.', '_')}", "--assigner", name, "--json")
        assert outcome.code == 0
        assert {row["verdict"] for row in outcome.document["cases"]} == {"equal"}
        assert name in outcome.document["agrees_everywhere_with"]


class TestBroken:
    TABLE = (
        # broken in this one way, a case that shows it, the first output that differs there
        ("UnclampedCIoU", "faint", "fg_mask"),  # a negative overlap to the sixth is a good metric
        ("InsideMaskForgotten", "tiny", "fg_mask"),  # zeros of the whole row are picked
        ("ConflictsToTheFirst", "crowded", "target_gt_idx"),
        ("ConflictsAmongSelectors", "nested", "target_gt_idx"),  # the winner had not selected the anchor
        ("ConflictsByMetric", "crowded", "target_gt_idx"),
        ("EdgesAreInside", "edges", "fg_mask"),  # inside: >= 0
        ("InsideEpsOfAnotherPlace", "edges", "fg_mask"),  # inside: > 1e-5
        ("NormalizedWithTheBoxEps", "faint", "target_scores"),  # 1e-7 for 1e-9
        ("NormalizedWithoutEps", "faint", "target_scores"),
        ("CIoUWithTheInsideEps", "tiny", "target_scores"),  # 1e-9 for 1e-7
        ("CIoUWithALargeEps", "tiny", "target_scores"),  # 1e-5 for 1e-7
        ("IoUForCIoU", "ordinary", "target_scores"),
        ("ScoresCutToIntegers", "ordinary", "target_scores"),
        ("HardScores", "ordinary", "target_scores"),
        ("NormalizedBeforeConflicts", "crowded", "target_scores"),
        ("IndexOffByOne", "ordinary", "target_gt_idx"),
        ("LabelsOfTheNextAnchor", "ordinary", "target_labels"),
        ("BoxesInCentreForm", "ordinary", "target_bboxes"),
        ("BackgroundIsPositive", "ordinary", "fg_mask"),
        ("BackgroundIsPositive", "empty-batch", "fg_mask"),
        ("PaddingNotMasked", "padding", "fg_mask"),  # a box around the origin gets anchors
        ("OneTooFew", "ordinary", "fg_mask"),
        ("PointsAtTheCorner", "ordinary", "fg_mask"),
        ("ExponentsExchanged", "ordinary", "fg_mask"),
    )

    def test_the_table_has_every_broken_assigner(self) -> None:
        classes = {name for name, value in vars(broken_assigners).items() if _is_assigner(value)}
        right = {"Dense", "TiesToTheFirst", "TiesToTheLast", "NeverPicksZero"}
        assert {name for name, *_ in self.TABLE} == classes - right

    @pytest.mark.parametrize(("name", "case", "output"), TABLE)
    def test_it_is_caught_and_the_first_differing_output_is_named(
        self, yolo_assign, name: str, case: str, output: str
    ) -> None:
        outcome = yolo_assign("check", f"broken_assigners:{name}", "--json", "--case", case)
        assert outcome.code == 1
        (row,) = outcome.document["cases"]
        assert (row["verdict"], row["first"] and row["first"]["output"]) == ("different", output)
        assert row["first"]["found"] != row["first"]["expected"]
        assert outcome.document["agrees_everywhere_with"] == []


def _is_assigner(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, broken_assigners.Dense)


class TestWords:
    def test_the_worst_element_with_both_values_and_the_anchors_address(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "broken_assigners:ScoresCutToIntegers", "--case", "one-level")
        first = yolo_assign("check", "broken_assigners:ScoresCutToIntegers", "--case", "one-level", "--json")
        worst = of_case(first.document, "one-level")["first"]
        place, found, expected, count, size = (worst[key] for key in ("place", "found", "expected", "count", "size"))
        assert f"  {place} is {found}, expected {expected} ({count} of {size} elements differ)\n" in outcome.out
        # the level is stride 16 on 256 px: a place such as target_scores[0,67,2] #67 P4 y4 x3 (56, 72 px)
        index = place.removeprefix("target_scores[").split("]")[0]
        _, anchor, _ = map(int, index.split(","))
        y, x = divmod(anchor, 16)
        assert place == f"target_scores[{index}] #{anchor} P4 y{y} x{x} ({16 * x + 8}, {16 * y + 8} px)"
        assert found == "0"
        assert 0 < float(expected) < 1
        assert size == 256 * 4
        summary = "different in 1 of 1 case; the first output that differs is target_scores\n"
        assert summary in outcome.out

    def test_what_training_never_reads_is_marked(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "candidates:background_carries_nothing", "--case", "ordinary")
        assert outcome.code == 1
        assert "elements differ; on background, which training does not read)" in outcome.out

    def test_scores_of_the_background_are_read_by_training(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "candidates:scores_on_background", "--case", "ordinary")
        assert outcome.code == 1
        assert "the first output that differs is target_scores" in outcome.out
        assert "which training does not read" not in outcome.out

    def test_a_difference_beside_ties_is_not_hidden_by_them(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "broken_assigners:IndexOffByOne", "--case", "ties", "--json")
        assert of_case(outcome.document, "ties")["verdict"] == "different"

    def test_the_tolerance_can_be_chosen(self, yolo_assign) -> None:
        arguments = ("check", "candidates:scores_off_by_a_thousandth", "--case", "ordinary")
        assert yolo_assign(*arguments).code == 1
        assert yolo_assign(*arguments, "--rtol", "1e-2").code == 0

    def test_json_is_nothing_but_json(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "broken_assigners:OneTooFew", "--case", "nested", "--json")
        assert set(json.loads(outcome.out)) == {
            *("candidate", "assigner", "parameters", "tolerance"),
            *("cases", "agrees_everywhere_with"),
        }
        assert outcome.err == ""


class TestOutputs:
    @pytest.mark.parametrize(
        ("candidate", "outputs"),
        [
            ("candidates:scores_mask_and_index", "scores,fg_mask,gt_idx"),  # fewer
            ("candidates:scores_mask_and_index", "target_scores, fg_mask, target_gt_idx"),  # full names, spaces
            ("candidates:mask_alone", "fg_mask"),
            ("candidates:mask_first", "fg_mask,gt_idx,labels,bboxes,scores"),  # another order
            ("candidates:function", "labels,_,_,fg_mask,_"),  # some are skipped
        ],
    )
    def test_fewer_and_reordered_outputs_can_be_named(self, yolo_assign, candidate: str, outputs: str) -> None:
        assert yolo_assign("check", candidate, "--outputs", outputs, "--case", "crowded").code == 0

    def test_only_what_is_named_is_compared(self, yolo_assign) -> None:
        candidate = "broken_assigners:ScoresCutToIntegers"
        assert yolo_assign("check", candidate, "--outputs", "labels,boxes,_,fg_mask,gt_idx").code == 0

    def test_outputs_in_the_wrong_places_are_differences(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "candidates:mask_first", "--json")  # five, but not in the usual order
        assert outcome.code == 1, outcome.err
        assert outcome.document["cases"][0]["verdict"] == "different"
        assert outcome.document["agrees_everywhere_with"] == []

    @pytest.mark.parametrize(
        ("candidate", "output"),
        [
            ("boxes_per_gt", "target_bboxes"),  # of another length
            ("mask_of_another_grid", "fg_mask"),
            ("mask_of_a_few_anchors", "fg_mask"),
            ("scores_not_a_number", "target_scores"),
            ("mask_of_words", "fg_mask"),
        ],
    )
    def test_outputs_of_another_shape_or_kind_are_differences(self, yolo_assign, candidate: str, output: str) -> None:
        outcome = yolo_assign("check", f"candidates:{candidate}", "--json")
        assert outcome.code == 1, outcome.err
        assert {row["verdict"] for row in outcome.document["cases"] if row["case"] != "empty-batch"} == {"different"}
        assert outcome.document["cases"][0]["first"]["output"] == output


class TestCases:
    def test_only_the_cases_that_are_named(self, yolo_assign) -> None:
        outcome = yolo_assign("check", "candidates:function", "--case", "nested", "--case", "tiny", "--json")
        assert [row["case"] for row in outcome.document["cases"]] == ["nested", "tiny"]

    def test_exit_code_and_verdicts_are_about_these(self, yolo_assign) -> None:
        assert yolo_assign("check", "broken_assigners:OneTooFew", "--case", "empty-batch").code == 0
        assert yolo_assign("check", "broken_assigners:OneTooFew", "--case", "ordinary").code == 1


@pytest.mark.parametrize(
    ("candidate", "says"),
    [
        ("candidates:raises", "RuntimeError: no such kernel (candidates.py:"),  # and where
        ("candidates:needs_a_model", "missing 1 required positional argument: 'model'"),
    ],
)
def test_a_candidate_that_fails_is_a_verdict_and_the_other_cases_go_on(yolo_assign, candidate, says) -> None:
    outcome = yolo_assign("check", candidate, "--json")
    assert outcome.code == 1
    assert [row["verdict"] for row in outcome.document["cases"]] == ["failed"] * len(CASE_NAMES)
    assert says in outcome.document["cases"][0]["failure"]
    assert says in yolo_assign("check", candidate, "--case", "ordinary").out


ERRORS = [
    # arguments, id, what the first line says, hint
    ((), "no-candidate", "there is nothing to check", "yolo-assign check package.module:MyAssigner"),
    (("candidates:CannotBeMade",), "wrong-candidate", "could not be made: ValueError: no weights", ""),
    (("candidates:number",), "wrong-candidate", "cannot be called: its type is int", ""),
    (("candidates:four_outputs",), "wrong-candidate", "returned 4 outputs, but five are expected", "--outputs"),
    (("candidates:function", "--outputs", "labels,boxes"), "wrong-candidate", "5 outputs, but 2 were named", ""),
    (("candidates:nothing",), "wrong-candidate", "candidates:nothing returned", ""),
    (("candidates:names_nobody_knows",), "wrong-candidate", "returned none of target_labels", ""),
    (("candidates:function", "--outputs", "labels,fgmask"), "unknown-output", "'fgmask' is no", "fg_mask"),
    (("candidates:function", "--outputs", "_,_,_,_,_"), "wrong-candidate", "none of target_labels", ""),
    (("candidates:functoin",), "unknown-candidate", "no attribute 'functoin'", ""),
    (("no_such_module:function",), "unknown-candidate", "there is no module 'no_such_module'", "current folder"),
    (("nowhere",), "wrong-candidate-name", "'nowhere' names no candidate", "package.module:name"),
    (("candidates:function", "--case", "crowd"), "unknown-case", "no case is called 'crowd'", "did you mean crowded?"),
    (("candidates:function", "--assigner", "yolo"), "unknown-assigner", "no assigner is called 'yolo'", "yolov8"),
]


@pytest.mark.parametrize(
    ("arguments", "id", "says", "hint"), ERRORS, ids=lambda value: None if value == "" else str(value)
)
def test_what_cannot_be_checked_is_bad_input_in_one_sentence(yolo_assign, arguments, id, says, hint) -> None:
    outcome = yolo_assign("check", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    first, *rest = outcome.err.splitlines()
    assert first.startswith("error: ")
    assert first.endswith(f" [{id}]")
    assert says in first
    assert hint in "".join(rest)
    assert len(rest) <= 1

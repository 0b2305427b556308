"""`yolo-assign check` of this project's own drop-in: equal in every case, whichever generation it is asked for."""

from __future__ import annotations

import pytest

from yolo_assign_trace.assignment.generations import GENERATIONS

DROP_IN = "yolo_assign_trace.training:TaskAlignedAssigner"


class TestDropIn:
    @pytest.mark.parametrize("name", [name for name in GENERATIONS if name != "8.0.0"])
    def test_it_is_equal_to_the_generation_it_is_asked_for(self, yolo_assign, name: str) -> None:
        outcome = yolo_assign("check", DROP_IN, "--release", name, "--json")
        assert (outcome.code, outcome.err) == (0, "")
        assert {row["verdict"] for row in outcome.document["cases"]} == {"equal"}
        assert name in outcome.document["agrees_everywhere_with"]

    def test_without_a_word_and_with_other_parameters(self, yolo_assign) -> None:
        assert yolo_assign("check", DROP_IN).code == 0
        assert yolo_assign("check", DROP_IN, "--assigner", "yolo26-one2one").code == 0
        assert yolo_assign("check", DROP_IN, "--assigner", "tood", "--topk", "5").code == 0

    def test_one_that_it_has_no_form_of(self, yolo_assign) -> None:
        outcome = yolo_assign("check", DROP_IN, "--release", "8.0.0")
        assert outcome.code == 2
        assert "release 8.0.0 is older than 8.0.52, and its assigner has no fast form" in outcome.err

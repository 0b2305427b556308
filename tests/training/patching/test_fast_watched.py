"""``fast_assigner`` and ``watch`` together: the recording has what the fast form answered, whichever began first."""

from __future__ import annotations

import pytest
import torch

from tests.training.example import SIX
from tests.training.recorded import calls, lines
from yolo_assign_trace import watch
from yolo_assign_trace.assignment.untraced.rules import Results
from yolo_assign_trace.training import fast_assigner

ORDERS = {
    # the outer one first
    "fast first": (fast_assigner, lambda: watch("w", every=1)),
    "watch first": (lambda: watch("w", every=1), fast_assigner),
}


class TestWatched:
    @pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
    @pytest.mark.parametrize("imported", [False, True])
    def test_the_recording_has_what_the_fast_form_answered(self, site, order, imported, monkeypatch):
        if imported:
            import ultralytics.utils.tal  # noqa: F401
        outer, inner = order
        with outer(), inner():
            from ultralytics.utils.tal import TaskAlignedAssigner

            answer = TaskAlignedAssigner(10, 3)(*SIX)
        assert "yolo_assign" not in TaskAlignedAssigner.forward.__code__.co_filename
        assert isinstance(answer, Results)
        ((saved, _),) = calls(site / "w").values()
        assert all(torch.equal(saved[f"output.{name}"], value) for name, value in answer._asdict().items())
        assert [line["fast"] for line in lines(site / "w", "run") if line["kind"] == "assigner"] == [True]

    def test_one_that_ends_before_the_other(self, site, tal):
        before = vars(tal.TaskAlignedAssigner)["forward"]
        for outer, inner in ORDERS.values():
            first, second = outer(), inner()
            first.__enter__(), second.__enter__()
            first.__exit__(None, None, None)
            tal.TaskAlignedAssigner(10, 3)(*SIX)
            second.__exit__(None, None, None)
            assert vars(tal.TaskAlignedAssigner)["forward"] is before

    def test_a_call_that_is_left_to_the_original_is_told_apart(self, site, monkeypatch):
        from ultralytics.utils.tal import TaskAlignedAssigner

        from yolo_assign_trace.training import assigner

        answer, turns = assigner.answer, iter([True, False, True])
        monkeypatch.setattr(assigner, "answer", lambda *all_of: answer(*all_of) if next(turns) else 1 / 0)
        with watch("w"), fast_assigner():
            for _ in range(3):
                TaskAlignedAssigner(10, 3)(*SIX)
        assert [line["fast"] for line in lines(site / "w", "run") if line["kind"] == "assigner"] == [True, False]

    def test_without_it_the_recording_says_so(self, site, train):
        with watch("w"):
            train(steps=1, epochs=1)
        assert [line["fast"] for line in lines(site / "w", "run") if line["kind"] == "assigner"] == [False]

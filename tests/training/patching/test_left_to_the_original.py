"""What has no fast form and what the fast form fails at: the original answers, and one line says so."""

from __future__ import annotations

import functools
import weakref

import pytest
import torch

from tests.training import stand_in
from tests.training.example import SIX
from yolo_assign_trace.assignment.untraced.rules import Results
from yolo_assign_trace.training import fast_assigner


def said(capsys) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("yolo-assign")]


def keeps_its_own(tal, assigner, capsys, reason: str) -> None:
    with fast_assigner():
        for _ in range(2):
            assert not isinstance(assigner(*SIX), Results)
    (line,) = said(capsys)
    assert line.startswith("yolo-assign fast: ")
    assert reason in line


class TestKeepsItsOwn:
    """The original answers, and one line says so."""

    def test_other_inputs(self, site, train, capsys):
        with fast_assigner():
            train(kind="pose")
        (line,) = said(capsys)
        assert line == "yolo-assign fast: PoseTaskAlignedAssigner keeps its own form: it has a forward of its own"

    METHODS = ("overlap", "targets", "forward", "__call__")

    @pytest.mark.parametrize("method", METHODS)
    def test_a_subclass_with_a_method_of_its_own(self, tal, capsys, method):
        def own(self, *args):
            return getattr(super(kind, self), method)(*args)

        kind = type("Rotated", (tal.TaskAlignedAssigner,), {method: own})
        keeps_its_own(tal, kind(10, 3), capsys, f"Rotated keeps its own form: it has a {method} of its own")

    def test_a_subclass_without_any_is_fast(self, tal, capsys):
        class Mine(tal.TaskAlignedAssigner):
            """Other defaults, and something beside."""

            def __init__(self):
                super().__init__(5, 3)

            def more(self):
                pass

        with fast_assigner():
            assert isinstance(Mine()(*SIX), Results)
        assert said(capsys) == []

    def test_a_method_that_somebody_has_replaced(self, tal, capsys):
        own = tal.TaskAlignedAssigner.targets
        tal.TaskAlignedAssigner.targets = lambda *given: tuple(own(*given))
        reason = f"TaskAlignedAssigner keeps its own form: {__name__} has replaced its targets"
        keeps_its_own(tal, tal.TaskAlignedAssigner(10, 3), capsys, reason)

    def test_a_forward_that_somebody_has_wrapped(self, tal, capsys):
        own = tal.TaskAlignedAssigner.forward

        @functools.wraps(own)
        def theirs(self, *args):
            return own(self, *args)

        tal.TaskAlignedAssigner.forward = theirs
        keeps_its_own(tal, tal.TaskAlignedAssigner(10, 3), capsys, f"{__name__} has replaced its forward")

    def test_an_assigner_with_a_method_of_its_own(self, tal, capsys):
        assigner = tal.TaskAlignedAssigner(10, 3)
        own = assigner.targets
        assigner.targets = lambda *given: tuple(own(*given))
        keeps_its_own(tal, assigner, capsys, "an assigner with a targets of its own keeps its own form")

    RELEASES = (
        # installed, what is said
        ("8.0.51", "release 8.0.51 is older than 8.0.52, and its assigner has no fast form"),
        ("7.1.0", "ultralytics 7.1.0 has no task-aligned assigner"),
        ("", "'' is no release"),
        ("main", "'main' is no release"),
    )

    @pytest.mark.parametrize(("release", "reason"), RELEASES)
    def test_a_release_without_a_fast_form(self, tal, release, reason, monkeypatch, capsys):
        monkeypatch.setattr("ultralytics.__version__", release)
        keeps_its_own(tal, tal.TaskAlignedAssigner(10, 3), capsys, f"the original assigner stays: {reason}")


class TestFailures:
    """A failure of ours costs time and one line."""

    @pytest.fixture
    def failing(self, monkeypatch):
        seen = []

        def fail(*_):
            held = torch.zeros(3)
            seen.append(weakref.ref(held))
            raise torch.cuda.OutOfMemoryError("planted")

        monkeypatch.setattr("yolo_assign_trace.training.assigner.answer", fail)
        return seen

    def test_the_original_answers(self, site, train, failing, capsys):
        expected = train()
        with fast_assigner():
            weights = train()
        assert len(failing) == stand_in.EPOCHS * (stand_in.STEPS + 1)
        assert all(torch.equal(weights[name], value) for name, value in expected.items())
        (line,) = said(capsys)
        assert line.startswith(
            "yolo-assign fast: a call is left to the original, the training goes on: OutOfMemoryError: planted ("
        )

    def test_what_it_held_is_free_before_the_original_runs(self, tal, failing, monkeypatch):
        own, alive = tal.TaskAlignedAssigner.forward, []

        def forward(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
            alive.append(failing[-1]())
            return own(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt)

        tal.TaskAlignedAssigner.forward = forward
        monkeypatch.setattr("yolo_assign_trace.training.fast._changed", lambda *_: "")  # or it would be left alone
        with fast_assigner():
            tal.TaskAlignedAssigner(10, 3)(*SIX)
        assert alive == [None]

    def test_an_error_of_both_is_the_originals(self, tal, failing, monkeypatch, capsys):
        assigner = tal.TaskAlignedAssigner(10, 3)
        with fast_assigner(), pytest.raises(RuntimeError, match="must match") as caught:
            assigner(SIX[0], SIX[1][:, :5], *SIX[2:])
        assert caught.value.__context__ is None
        assert said(capsys) == []

    def test_another_way_of_calling_is_the_originals_error(self, tal, capsys):
        with fast_assigner(), pytest.raises(TypeError, match="forward"):
            tal.TaskAlignedAssigner(10, 3)(*SIX, 1)
        assert said(capsys) == []

    def test_ctrl_c_reaches_the_training(self, tal, monkeypatch):
        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("yolo_assign_trace.training.assigner.answer", interrupted)
        with pytest.raises(KeyboardInterrupt), fast_assigner():
            tal.TaskAlignedAssigner(10, 3)(*SIX)

    PLACES = (
        "OnImport.begin",
        "Methods.wrap",
        "Environment.set",
        "Methods.restore",
        "OnImport.end",
        "Environment.restore",
    )

    @pytest.mark.parametrize("place", PLACES)
    def test_a_failure_of_the_patch(self, site, train, place, monkeypatch, capsys):
        from yolo_assign_trace.training import fast

        owner, _, name = place.partition(".")
        expected = train()
        monkeypatch.setattr(getattr(fast, owner), name, lambda *_: 1 / 0)
        with fast_assigner():
            weights = train()
        assert all(torch.allclose(weights[name], value, atol=1e-6) for name, value in expected.items())
        (line,) = said(capsys)
        assert line.startswith("yolo-assign fast: switched off, the training goes on: ZeroDivisionError")

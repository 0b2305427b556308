"""Classes are patched while somebody watches, wherever they come from, and are as before afterwards."""

from __future__ import annotations

import functools
import inspect
import os
import sys

import pytest
import torch

from tests.commands import python
from tests.training.example import SIX
from tests.training.recorded import kinds, lines
from yolo_assign_trace import InputError, watch
from yolo_assign_trace.training.patching.on_import import OnImport
from yolo_assign_trace.training.watching import patches

PATCHED = [
    # module, class, method
    ("ultralytics.utils.tal", "TaskAlignedAssigner", "forward"),
    ("ultralytics.utils.tal", "PoseTaskAlignedAssigner", "forward"),
    ("ultralytics.utils.loss", "v8DetectionLoss", "__call__"),
    ("ultralytics.utils.loss", "v8DetectionLoss", "loss"),
    ("ultralytics.utils.loss", "E2ELoss", "__call__"),
    ("ultralytics.engine.trainer", "BaseTrainer", "run_callbacks"),
]


def methods():
    import ultralytics.engine.trainer  # noqa: F401 - the table names what is loaded

    return {(c, m): vars(getattr(sys.modules[module], c))[m] for module, c, m in PATCHED}


def test_imported_before(site):
    before = methods()
    with watch("w"):
        during = methods()
        assert [name for name in before if during[name] is before[name]] == []
        signatures = {name: inspect.signature(method) for name, method in during.items()}
    assert methods() == before
    assert signatures == {name: inspect.signature(method) for name, method in before.items()}


def test_imported_within(site):
    with watch("w"):
        during = methods()
        assert all(hasattr(method, "__wrapped__") for method in during.values())
    assert methods() == {name: method.__wrapped__ for name, method in during.items()}


def test_a_module_keeps_no_trace_of_how_it_was_imported(site):
    with watch("w"):
        import ultralytics.utils.tal as module
    assert type(module.__loader__).__module__.startswith("_frozen_importlib")
    assert module.__spec__.loader is module.__loader__
    assert not any(isinstance(finder, OnImport) for finder in sys.meta_path)


def test_a_patch_that_others_put_over_ours_stays(site):
    from ultralytics.utils.tal import TaskAlignedAssigner

    with watch("w"):
        ours = TaskAlignedAssigner.forward
        TaskAlignedAssigner.forward = functools.partialmethod(ours)
        theirs = vars(TaskAlignedAssigner)["forward"]
    assert vars(TaskAlignedAssigner)["forward"] is theirs


def test_an_error_leaves_no_patch(site, train):
    before = methods()
    with pytest.raises(AssertionError), watch("w"):
        assert train(steps=1, epochs=1) == "something else"
    assert methods() == before
    assert kinds(site / "w")[-1] == "end"


def test_an_error_of_the_training_comes_out_as_it_is(site, train):
    from ultralytics.utils.tal import TaskAlignedAssigner

    error = RuntimeError("out of memory")

    def fail(*_):
        raise error

    TaskAlignedAssigner.forward = fail
    with pytest.raises(RuntimeError) as caught, watch("w"):
        train()
    assert caught.value is error


def test_subclasses_that_call_their_base_are_one_call(site, train):
    with watch("w", every=1):
        train(kind="pose", steps=1, epochs=1)
    assigner = next(line for line in lines(site / "w", "run") if line["kind"] == "assigner")
    assert assigner["class"] == "ultralytics.utils.tal.PoseTaskAlignedAssigner"
    assert [line["part"] for line in lines(site / "w", "counts")] == ["train", "val"]


MINE = """
from tests.check.broken_assigners import Dense
class Mine(Dense):
    pass
class Outer:
    class Inner(Dense):
        def forward(self, pred_scores, pred_bboxes, points, labels, boxes, mask):
            return super().forward(pred_scores, pred_bboxes, points, labels, boxes, mask)
"""


@pytest.mark.parametrize("name", ["Mine", "Outer.Inner"])
@pytest.mark.parametrize("imported", [False, True], ids=["before it is imported", "afterwards"])
def test_other_peoples_classes_are_named(site, monkeypatch, name, imported):
    """One inherits its forward and gives it back; one calls the arguments something else."""
    (site / "mine.py").write_text(MINE)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    if imported:
        import mine
    with watch("w", classes=[f"mine:{name}"], every=1):
        import mine

        kind = mine.Mine if name == "Mine" else mine.Outer.Inner
        assert "forward" in vars(kind)
        assigner = kind(10, 3)
        for _ in range(3):  # an assigner that comes round again begins a step
            assigner(*SIX)
    assert ("forward" in vars(mine.Mine)) is False
    assert [line["step"] for line in lines(site / "w", "counts")] == [0, 1, 2]
    assert lines(site / "w", "counts")[0]["contested"] is None
    monkeypatch.delitem(sys.modules, "mine")


def test_a_class_itself_can_be_given(site):
    from tests.check.broken_assigners import Dense

    with watch("w", classes=[Dense]):
        Dense(10, 3)(*SIX)
    assert len(lines(site / "w", "counts")) == 1


def test_a_name_that_is_no_class_is_one_line(site, capsys, train):
    with watch("w", classes=["ultralytics.utils.tal:Nothing"]):
        train(steps=1, epochs=1)
    assert capsys.readouterr().err.count("ultralytics.utils.tal:Nothing is no class") == 1
    assert len(lines(site / "w", "counts")) == 2


WRONG = [
    # arguments, id
    ({"every": -1}, "wrong-value"),
    ({"count_every": -1}, "wrong-value"),
    ({"max_size": 0}, "wrong-value"),
    ({"max_size": float("nan")}, "wrong-value"),
    ({"classes": ["mine.Mine"]}, "wrong-class-name"),
]


@pytest.mark.parametrize(("arguments", "id"), WRONG)
def test_arguments_that_cannot_be(arguments, id):
    with pytest.raises(InputError) as caught:
        watch("w", **arguments)
    assert caught.value.id == id


def test_watching_twice_is_one_recording(site, capsys, train):
    with watch("w"), watch("other"):
        train(steps=1, epochs=1)
    assert not (site / "other").exists()
    assert len(lines(site / "w", "counts")) == 2
    assert "watched already" in capsys.readouterr().err
    assert not patches.is_active()


def test_the_environment_is_as_before(site):
    before = dict(os.environ)
    with watch("w"):
        assert "YOLO_ASSIGN_WATCHING" in os.environ
    assert dict(os.environ) == before


def test_neither_watching_nor_importing_loads_torch():
    code = "import sys\nfrom yolo_assign_trace import watch\nwith watch('/tmp/none'): print('torch' in sys.modules)"
    assert python("-c", code).stdout.strip() == "False"


def test_off_means_off():
    code = "import yolo_assign_trace, sys; print([m for m in sys.modules if 'training' in m], len(sys.meta_path))"
    assert python("-c", code).stdout == python("-c", "import sys; print([], len(sys.meta_path))").stdout


def test_torch_compile_reads_only_the_original(site):
    from ultralytics.utils.tal import TaskAlignedAssigner

    assigner = TaskAlignedAssigner(10, 3)
    with watch("w"):
        compiled = torch.compile(lambda six: assigner(*six), backend="eager")(SIX)
    assert all(torch.equal(a, b) for a, b in zip(compiled, assigner(*SIX), strict=True))
    assert not (site / "w").exists()  # nothing was recorded

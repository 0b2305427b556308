"""``fast_assigner``: trainings inside are assigned by the fast form; whatever it cannot do stays with the original."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest
import torch

from tests.commands import environment, loaded_after
from tests.training.example import SIX
from yolo_assign_trace import watch
from yolo_assign_trace.assignment.untraced.rules import Results
from yolo_assign_trace.training import fast_assigner
from yolo_assign_trace.training.fast import VARIABLE
from yolo_assign_trace.training.patching.children import STARTUP

TINY = (*SIX[:4], torch.tensor([[[13.0, 13, 15.5, 15.5]]] * 2), SIX[5])
"""A box that holds no centre: it has candidates from 8.4.0 on."""


def said(capsys) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("yolo-assign")]


class TestPatch:
    def test_what_was_imported_before(self, tal):
        before = vars(tal.TaskAlignedAssigner)["forward"]
        with fast_assigner():
            during = vars(tal.TaskAlignedAssigner)["forward"]
            assert during is not before
            assert inspect.signature(during) == inspect.signature(before)
            assert "forward" not in vars(tal.TaskAlignedAssigner(10, 3))
        assert vars(tal.TaskAlignedAssigner)["forward"] is before

    def test_what_is_imported_within(self, site):
        with fast_assigner():
            from ultralytics.utils.tal import TaskAlignedAssigner

            assert isinstance(TaskAlignedAssigner(10, 3)(*SIX), Results)
            assert "fast.py" in TaskAlignedAssigner.forward.__code__.co_filename
        assert "fast.py" not in TaskAlignedAssigner.forward.__code__.co_filename

    def test_an_error_leaves_no_patch(self, tal):
        before, variables, finders = vars(tal.TaskAlignedAssigner)["forward"], dict(os.environ), list(sys.meta_path)
        error = RuntimeError("out of pictures")
        with pytest.raises(RuntimeError) as caught, fast_assigner():
            raise error
        assert caught.value is error
        assert vars(tal.TaskAlignedAssigner)["forward"] is before
        assert (dict(os.environ), sys.meta_path) == (variables, finders)

    def test_one_within_another(self, tal):
        before = vars(tal.TaskAlignedAssigner)["forward"]
        with fast_assigner():
            with fast_assigner():
                pass
            assert isinstance(tal.TaskAlignedAssigner(10, 3)(*SIX), Results)
        assert vars(tal.TaskAlignedAssigner)["forward"] is before

    def test_a_patch_that_others_put_over_ours_stays_and_is_the_originals_afterwards(self, tal):
        with fast_assigner():
            ours = tal.TaskAlignedAssigner.forward
            tal.TaskAlignedAssigner.forward = lambda *given: tuple(ours(*given))
            theirs = tal.TaskAlignedAssigner.forward
            tal.TaskAlignedAssigner(10, 3)(*SIX)
        assert tal.TaskAlignedAssigner.forward is theirs
        assert not isinstance(ours(tal.TaskAlignedAssigner(10, 3), *SIX), Results)

    def test_torch_is_not_loaded_for_it(self):
        code = "from yolo_assign_trace.training import fast_assigner\nwith fast_assigner(): pass"
        assert "torch" not in loaded_after(code)


class TestAnswers:
    @pytest.mark.parametrize("kind", ["detect", "e2e"])
    def test_a_training_ends_where_it_would_have_ended(self, site, train, kind, capsys):
        expected = train(kind=kind)
        with fast_assigner():
            weights = train(kind=kind)
        assert said(capsys) == []
        for name, value in expected.items():
            assert torch.allclose(weights[name], value, rtol=0, atol=1e-6)

    def test_names_are_those_of_the_original(self, tal):
        names = ("pd_scores", "pd_bboxes", "anc_points", "gt_labels", "gt_bboxes", "mask_gt")
        assigner = tal.TaskAlignedAssigner(10, 3)
        with fast_assigner():
            for split in range(7):
                rest = dict(zip(names[split:], SIX[split:], strict=True))
                found = assigner(*SIX[:split], **rest)
                assert isinstance(found, Results)
                assert torch.equal(found.fg_mask, assigner(*SIX)[3])

    ATTRIBUTES = (
        # what somebody changes on the assigner between two calls; has the stand-in that too?
        ("topk", 2, True),
        ("alpha", 4.0, True),
        ("beta", 1.0, True),
        ("eps", 0.5, False),
        ("num_classes", 5, False),
    )

    @pytest.mark.parametrize(("name", "value", "beside"), ATTRIBUTES)
    def test_attributes_are_read_at_each_call(self, tal, name, value, beside):
        assigner = tal.TaskAlignedAssigner(10, 3)
        with fast_assigner():
            before = assigner(*SIX)
            setattr(assigner, name, value)
            after = assigner(*SIX)
        fresh = tal.TaskAlignedAssigner(10, 3)
        setattr(fresh, name, value)
        assert isinstance(after, Results)
        assert before.target_scores.shape != after.target_scores.shape or not torch.equal(before[2], after[2])
        assert not beside or all(torch.allclose(a, b) for a, b in zip(after[:3], fresh(*SIX)[:3], strict=True))

    RELEASES = (
        # installed, does a box without a centre get positives?
        ("8.0.52", False),
        ("8.3.253", False),
        ("8.4.0", True),
        ("8.4.190", True),
    )

    @pytest.mark.parametrize(("release", "positives"), RELEASES)
    def test_the_generation_is_that_of_the_installed_release(self, tal, release, positives, monkeypatch, capsys):
        monkeypatch.setattr("ultralytics.__version__", release)
        with fast_assigner():
            assert bool(tal.TaskAlignedAssigner(10, 3)(*TINY)[3].any()) == positives
        assert said(capsys) == []

    def test_a_newer_release_is_told(self, tal, monkeypatch, capsys):
        monkeypatch.setattr("ultralytics.__version__", "8.9.0")
        with fast_assigner():
            for _ in range(2):
                assert isinstance(tal.TaskAlignedAssigner(10, 3)(*SIX), Results)
        newest = "8.9.0 is newer than 8.4.190, the newest that was measured, and is taken to be as that"
        assert said(capsys) == [f"yolo-assign fast: {newest}"]


class TestCheckpoints:
    @pytest.mark.parametrize("kind", ["detect", "e2e", "pose"])
    def test_they_know_nothing_of_us(self, site, train, kind):
        def kept():
            loaded = torch.load(site / "last.pt", weights_only=False)["model"].criterion
            return {name: type(value) for name, value in vars(getattr(loaded, "one2many", loaded).assigner).items()}

        train(kind=kind)
        expected = kept()
        with fast_assigner():
            train(kind=kind)
        assert b"yolo_assign" not in (site / "last.pt").read_bytes()
        assert kept() == expected
        code = "import sys, torch; sys.modules['yolo_assign_trace'] = None; torch.load('last.pt', weights_only=False)"
        path = os.pathsep.join([str(site), environment()["PYTHONPATH"]])
        subprocess.run([sys.executable, "-c", code], check=True, env=environment(PYTHONPATH=path))


ASKS = """
from tests.training.example import SIX
def job():
    from ultralytics.utils.tal import TaskAlignedAssigner
    print(type(TaskAlignedAssigner(10, 3)(*SIX)).__name__, flush=True)
"""
STARTS = """
import multiprocessing, ask
if __name__ == "__main__":
    process = multiprocessing.get_context("{}").Process(target=ask.job)
    process.start()
    process.join()
"""
CHILDREN = (
    # how a child comes about
    "import ask; ask.job()",
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import ask; ask.job()'])",
    "import os; os.fork() or __import__('ask').job()",
    *(
        f"open('run.py', 'w').write({STARTS.format(m)!r}); __import__('runpy').run_path('run.py', run_name='__main__')"
        for m in ("fork", "spawn")
    ),
)


@pytest.mark.parametrize("code", CHILDREN, ids=["itself", "of a child", "os.fork", "fork", "spawn"])
def test_children_are_patched(site, monkeypatch, code):
    (site / "ask.py").write_text(ASKS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), environment()["PYTHONPATH"]]))

    def child() -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=site).stdout.strip()

    with fast_assigner():
        assert child() == "Results"
    assert child() == "tuple"


def test_a_failure_at_the_start_of_a_child_is_one_line():
    code = "import sys; sys.version_info = (3, 10)\nimport runpy; runpy.run_path(sys.argv[1])"
    command = [sys.executable, "-c", code, str(STARTUP / "sitecustomize.py")]
    done = subprocess.run(command, env=environment(**{VARIABLE: "1"}), capture_output=True, text=True, check=True)
    reason = "RuntimeError: Python 3.11 or newer is needed, this is "
    assert done.stderr.startswith(f"yolo-assign fast: the original assigner stays: {reason}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_loss_goes_on(site, backend):
    """The graph breaks at the assigner, as it does for whatever has sizes that depend on its data."""
    from ultralytics.engine.trainer import BaseTrainer, Net

    def run(step):
        torch.manual_seed(0)
        model, batch = Net("detect"), BaseTrainer(site).batch(0)
        found = step(model, batch)
        found.backward()
        return found.detach(), [p.grad for p in model.parameters()]

    def step(model, batch):
        return model.criterion(model(batch["img"]), batch)[0]

    expected, gradients = run(step)
    torch.compiler.reset()
    with fast_assigner(), watch("w"):
        loss, found = run(torch.compile(step, backend=backend))
    torch.compiler.reset()
    assert torch.allclose(loss, expected)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, gradients, strict=True))


def test_a_compiled_call_is_answered_by_the_fast_form(tal):
    assigner = tal.TaskAlignedAssigner(10, 3)
    torch.compiler.reset()
    with fast_assigner():
        found = torch.compile(lambda six: (six[0] * 2, assigner(*six), six[0] + 1), backend="eager")(SIX)
    assert isinstance(found[1], Results)
    assert all(torch.allclose(a, b) for a, b in zip(found[1][:3], assigner(*SIX)[:3], strict=True))

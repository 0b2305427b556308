"""A watched training is the same training: weights, randomness, objects, graphs, checkpoints."""

from __future__ import annotations

import errno
import gc
import os
import random
import sys
import weakref

import numpy as np
import pytest
import torch

from tests.training import stand_in
from tests.training.example import SIX
from tests.training.recorded import equal, kinds, lines
from yolo_assign_trace import watch

KINDS = ["detect", "e2e", "pose"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_are_the_same(site, train, kind):
    unwatched = train(kind=kind)
    with watch("w", every=1, pictures=True):
        assert equal(train(kind=kind), unwatched)
    assert equal(train(kind=kind), unwatched)


def test_no_random_number_is_drawn(site, train):
    def states():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()

    train()
    before = states()
    with watch("w", every=1, pictures=True):
        train()
    assert states() == before


def test_outputs_are_the_originals_own_and_inputs_stay_as_they_are(site, train):
    from ultralytics.utils.tal import TaskAlignedAssigner

    own, given = TaskAlignedAssigner.forward, []

    def forward(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
        six = pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt
        given.append((six, [(t._version, t.requires_grad, t.clone()) for t in six], own(self, *six)))
        return given[-1][2]

    TaskAlignedAssigner.forward = forward
    with watch("w", every=1, pictures=True):
        assigner = TaskAlignedAssigner(10, 3)
        six = SIX
        answer = assigner(*six)
    assert answer is given[0][2]
    for tensor, (version, grad, before) in zip(*given[0][:2], strict=True):
        assert (tensor._version, tensor.requires_grad) == (version, grad)
        assert torch.equal(tensor, before)


def test_no_graph_is_touched(site):
    """Scores that have a graph, as in a loss that lets gradients through."""
    from ultralytics.utils.tal import TaskAlignedAssigner

    scores, *rest = SIX
    raw = torch.logit(scores).requires_grad_()
    with watch("w", every=1):
        given = raw.sigmoid()
        before = given.grad_fn
        TaskAlignedAssigner(10, 3)(given, *rest)
        assert given.grad_fn is before
        given.sum().backward()
    expected = torch.logit(scores).requires_grad_()
    expected.sigmoid().sum().backward()
    assert torch.equal(raw.grad, expected.grad)


def test_nothing_of_the_training_is_held(site, train):
    from ultralytics.engine.trainer import BaseTrainer

    with watch("w"):
        trainer = BaseTrainer(site, steps=1, epochs=1)
        held = [weakref.ref(trainer), weakref.ref(trainer.train())]
        del trainer
        gc.collect()
        assert [ref() for ref in held] == [None, None]


@pytest.mark.parametrize("broken", [False, True], ids=["whole", "switched off"])
def test_no_batch_is_held(site, train, monkeypatch, broken):
    from ultralytics.engine.trainer import BaseTrainer

    if broken:
        monkeypatch.setattr("yolo_assign_trace.training.watching.engine.look_at", lambda *_, **__: 1 / 0)
    batches = []
    own = BaseTrainer.batch
    monkeypatch.setattr(BaseTrainer, "batch", lambda self, n: Weak(batches, own(self, n)))
    with watch("w"):
        train(steps=2, epochs=1)
        gc.collect()
        assert [ref() for ref in batches] == [None, None]


class Weak(dict):
    def __init__(self, seen, values):
        super().__init__(values)
        seen.append(weakref.ref(self))


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_know_nothing_of_us(site, train, kind):
    with watch("w", every=1):
        train(kind=kind)
    watched = (site / "last.pt").read_bytes()
    assert b"yolo_assign" not in watched
    loaded = torch.load(site / "last.pt", weights_only=False)
    train(kind=kind)
    again = torch.load(site / "last.pt", weights_only=False)
    assert equal(loaded["model"].state_dict(), again["model"].state_dict())
    assert vars(loaded["model"].criterion).keys() == vars(again["model"].criterion).keys()


def test_ctrl_c_reaches_the_training(site, train, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("yolo_assign_trace.training.watching.engine.look_at", interrupted)
    with pytest.raises(KeyboardInterrupt), watch("w"):
        train()


def full(after):
    """A disk that takes so many writes."""
    left, own = [after], os.write

    def write(file, data):
        left[0] -= 1
        if left[0] < 0:
            own(file, bytes(data)[: len(data) // 2])  # a part of it gets there
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return own(file, data)

    return write


@pytest.mark.parametrize("after", range(15))  # all that this training writes
def test_a_full_disk(site, train, monkeypatch, capsys, after):
    unwatched = train()
    monkeypatch.setattr("os.write", full(after))
    with watch("w"):
        assert equal(train(), unwatched)
    err = capsys.readouterr().err
    assert err.count("No space left on device") == 1
    for entry in ("run", "counts", "boxes") if (site / "w").exists() else ():
        lines(site / "w", entry)  # what got there is whole


def test_a_disk_that_is_full_for_calls(site, train, monkeypatch, capsys):
    unwatched = train()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 29}))
    with watch("w", every=1):
        assert equal(train(), unwatched)
    assert capsys.readouterr().err.count("no more calls are saved: less than 1 GiB") == 1
    assert list((site / "w" / "calls").iterdir()) == []
    assert kinds(site / "w") == ["run", "trainer", "assigner", "remark", "end"]


SIGNATURES = [
    # what other people's assigners may take or return
    "def forward(self, pd_scores): return pd_scores",
    "def forward(self, *six): return six[0]",
    "def forward(self, a, b, c, d, e, f): return {'fg_mask': a}",
    "def forward(self, pd_scores, pd_bboxes, priors, gt_labels, gt_bboxes, flag): return (priors,) * 5",
]


@pytest.mark.parametrize("text", SIGNATURES)
def test_another_signature(site, capsys, text):
    space = {}
    exec(f"import torch\nclass Other(torch.nn.Module):\n    {text}", space)
    other, six = space["Other"](), SIX
    monkey = sys.modules.setdefault("others", type(sys)("others"))
    monkey.Other = space["Other"]
    arguments = six[:1] if "pd_scores)" in text else six
    with watch("w", classes=["others:Other"]):
        for _ in range(3):
            assert torch.equal(_first(other(*arguments)), _first(other.forward.__wrapped__(other, *arguments)))
    assert capsys.readouterr().err.count("switched off") == 1
    del sys.modules["others"]


def _first(answer):
    if isinstance(answer, dict):
        return next(iter(answer.values()))
    return answer if isinstance(answer, torch.Tensor) else answer[0]


def test_a_folder_that_cannot_be_made(site, train, capsys):
    (site / "file").write_text("")
    unwatched = train()
    with watch("file/w") as recording:
        assert equal(train(), unwatched)
    assert recording.folder is None or not recording.folder.exists()
    assert "nothing is recorded" in capsys.readouterr().err


def test_nobody_reads_stderr(site, train, monkeypatch):
    monkeypatch.setattr("yolo_assign_trace.training.watching.engine.look_at", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(sys, "stderr", None)
    with watch("w"):
        train()


def test_determinism_stays_as_it_was_asked_for(site, train):
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with watch("w", every=1):
            train()
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
    assert len(lines(site / "w", "counts")) == stand_in.EPOCHS * (stand_in.STEPS + 1)

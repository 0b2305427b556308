"""The same numbers by epoch for TensorBoard and for a W&B run that is under way."""

from __future__ import annotations

import sys
from collections import defaultdict
from types import ModuleType, SimpleNamespace

import pytest

from tests.training.recorded import lines
from yolo_assign_trace import watch
from yolo_assign_trace.basics.box_sizes import SIZES


def expected(site, kind="detect"):
    """By name and epoch, from the lines of the recording."""
    sums = defaultdict(lambda: defaultdict(float))
    for line in lines(site / "w", "counts"):
        own = sums[line["epoch"], f"yolo_assign/{line['part']}/{line['head']}"]
        positives = [sum(of_level) for of_level in line["positives"]]
        own["boxes"] += sum(line["boxes"])
        own["positives"] += sum(positives)
        own["without"] += sum(line["without"])
        for level, number in zip(line["levels"], positives, strict=True):
            own[level] += number
        for size, boxes, without in zip(SIZES, line["boxes"], line["without"], strict=True):
            own[f"boxes {size}"] += boxes
            own[f"without {size}"] += without
        if line["contested"] is not None:
            own["contested"] += line["contested"]
        own["score"] += line["target_mean"] * sum(positives)
    found = {}
    for (epoch, place), own in sums.items():
        found[f"{place}/positives_per_box", epoch] = own["positives"] / own["boxes"]
        found[f"{place}/share_without", epoch] = own["without"] / own["boxes"]
        found[f"{place}/target_score", epoch] = own["score"] / own["positives"]
        for level in ("P3", "P4", "P5"):
            found[f"{place}/share_of_{level}", epoch] = own[level] / own["positives"]
        for size in SIZES:
            if own[f"boxes {size}"]:
                found[f"{place}/share_without_{size}", epoch] = own[f"without {size}"] / own[f"boxes {size}"]
        if "contested" in own:
            found[f"{place}/contested_per_box", epoch] = own["contested"] / own["boxes"]
    return found


@pytest.fixture
def board(monkeypatch):
    """What a SummaryWriter is told: torch brings one that needs tensorboard, so this one stands in."""
    told = SimpleNamespace(scalars={}, folder=None, closed=0)

    class SummaryWriter:
        def __init__(self, folder):
            told.folder = folder

        def add_scalar(self, name, value, step):
            told.scalars[name, step] = value

        def flush(self):
            pass

        def close(self):
            told.closed += 1

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    return told


@pytest.mark.parametrize("kind", ["detect", "e2e", "pose"])
def test_tensorboard(site, train, board, kind):
    with watch("w", tensorboard="board"):
        train(kind=kind)
    assert board.folder == str(site / "board")
    assert board.closed == 1
    told = {key: value for key, value in board.scalars.items() if not key[0].endswith("beyond_per_box")}
    assert told == pytest.approx(expected(site))
    assert {epoch for _, epoch in told} == {0, 1}


def test_tensorboard_where_it_is_not_installed(site, train, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with watch("w", tensorboard="board"):
        train()
    assert capsys.readouterr().err.count("no scalars for TensorBoard: ModuleNotFoundError") == 1
    assert len(lines(site / "w", "counts")) == 8


def test_only_the_first_process_writes_scalars(site, train, board, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with watch("w", tensorboard="board"):
        train()
    assert board.folder is None
    assert len(lines(site / "w", "counts", rank=1)) == 8


@pytest.fixture
def wandb(monkeypatch):
    module = ModuleType("wandb")
    module.run = SimpleNamespace(told=[], log=lambda values, **how: module.run.told.append((values, how)))
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def test_a_run_of_wandb(site, train, wandb):
    """Without commit: the values join what the training logs next, and the run's steps stay its own."""
    with watch("w"):
        train()
    assert [how for _, how in wandb.run.told] == [{"commit": False}] * 2
    assert [values.pop("yolo_assign/epoch") for values, _ in wandb.run.told] == [0, 1]
    told = {(name, epoch): v for epoch, (values, _) in enumerate(wandb.run.told) for name, v in values.items()}
    told = {key: value for key, value in told.items() if not key[0].endswith("beyond_per_box")}
    assert told == pytest.approx(expected(site))


def test_before_the_training_logs_its_own(site, train, wandb):
    """So that both land in the same row: the callbacks of the end of an epoch run after ours."""
    from ultralytics.engine.trainer import BaseTrainer

    trainer = BaseTrainer(site)
    trainer.callbacks["on_fit_epoch_end"] = [lambda t: wandb.run.log({"theirs": 1}, step=t.epoch + 1)]
    with watch("w"):
        trainer.train()
    assert [list(how) for _, how in wandb.run.told] == [["commit"], ["step"], ["commit"], ["step"]]


def test_wandb_without_a_run(site, train, wandb):
    wandb.run = None
    with watch("w"):
        train()
    assert len(lines(site / "w", "counts")) == 8


def test_wandb_is_never_imported(site, train):
    with watch("w"):
        train()
    assert "wandb" not in sys.modules

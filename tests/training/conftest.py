"""A training to watch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from tests.training import stand_in
from yolo_assign_trace.training.watching import patches


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with the stand-in package in it; it can be imported."""
    for name in ("YOLO_ASSIGN_WATCHING", "YOLO_ASSIGN_FAST_TRAINING", "RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(patches, "_active", [])
    monkeypatch.setattr("sys.meta_path", list(sys.meta_path))  # a watch that fails to end must not meet the next test
    monkeypatch.chdir(stand_in.write(tmp_path))
    variables = dict(os.environ)
    with stand_in.importable(tmp_path):
        yield tmp_path
    os.environ.clear()  # likewise
    os.environ.update(variables)


@pytest.fixture
def train(site: Path) -> Callable[..., dict[str, torch.Tensor]]:
    """Trains in this process; returns the weights."""

    def run(**settings: Any) -> dict[str, torch.Tensor]:
        from ultralytics.engine.trainer import BaseTrainer

        return BaseTrainer(site, **settings).train().state_dict()

    return run


@pytest.fixture
def tal(site: Path) -> ModuleType:
    """The module of the assigners, imported."""
    return import_module("ultralytics.utils.tal")

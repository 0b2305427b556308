"""A recording of a real watch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training import stand_in
from yolo_assign_trace import watch


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three epochs of a training with two heads, as ``watch`` records it; its second label has no anchor inside."""
    folder = stand_in.write(tmp_path_factory.mktemp("watched"))
    with stand_in.importable(folder):
        from ultralytics.engine.trainer import BaseTrainer

        with watch(folder / "w", every=3):
            BaseTrainer(folder, epochs=3, kind="e2e").train()
    return folder / "w"

"""The trace that most tests of comparing begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compare.planted import saved
from tests.traces.traces import KINDS


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A saved trace of 7 boxes in 4 images, 84 anchors."""
    return saved(tmp_path_factory.mktemp("study"), KINDS[0])

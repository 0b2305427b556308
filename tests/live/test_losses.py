"""The loss of recorded head outputs is what a real trainer takes as its items, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.live.releases import LIVE, RELEASES, Release, dataset

STEPS = 2
RELATIVE = {
    "8.4.190": "1e-6",
    "8.3.200": "3e-6",  # its float32 sums are off by up to 1.5e-6 from ours in float64
}


@pytest.mark.parametrize("number", RELATIVE)
def test_items_of_a_training(number, tmp_path):
    if number not in RELEASES:
        pytest.skip(f"{number} is not among RELEASES={' '.join(RELEASES)}")
    release = Release(number, tmp_path)
    release.prepare()
    script = str(Path(__file__).with_name("loss_beside.py"))
    data = dataset(tmp_path / "d", "detect")
    arguments = ["yolov8n.yaml", str(data), str(tmp_path), RELATIVE[number]]
    said = release.run([str(LIVE / "bin" / "python"), script, *arguments], ROOT)
    assert f"items equal {STEPS}" in said

"""The loss of recorded head outputs is what a real trainer takes as its items, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.live.releases import LIVE, RELEASES, Release, dataset

STEPS = 2
CASES = [
    # release, model, relative tolerance
    ("8.4.190", "yolov8n", "1e-6"),
    ("8.4.190", "yolo26n", "1e-6"),  # two heads, R = 1
    ("8.3.200", "yolov8n", "3e-6"),  # its float32 sums are off by up to 1.5e-6 from ours in float64
]


@pytest.mark.parametrize(("number", "model", "relative"), CASES)
def test_items_of_a_training(number, model, relative, tmp_path):
    if number not in RELEASES:
        pytest.skip(f"{number} is not among RELEASES={' '.join(RELEASES)}")
    release = Release(number, tmp_path)
    release.prepare()
    script = str(Path(__file__).with_name("loss_beside.py"))
    arguments = [f"{model}.yaml", str(dataset(tmp_path / "d", "detect")), str(tmp_path), relative]
    said = release.run([str(LIVE / "bin" / "python"), script, *arguments], ROOT)
    assert f"items equal {STEPS}" in said

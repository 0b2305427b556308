"""Fixtures of the command and its files: a clean folder and two ways to run `yolo-assign` in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.commands import ONE_BOX, ROOT, Outcome, environment, listen_to_ctrl_c
from yolo_assign_trace.cli.main import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty but for two label files; no environment variable sets an option or a colour."""
    for name in list(os.environ):
        if name.startswith("YOLO_ASSIGN_") or name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
            monkeypatch.delenv(name)
    (tmp_path / "labels.txt").write_bytes((ROOT / "sample_inputs" / "labels.txt").read_bytes())  # 7 boxes, 4 images
    (tmp_path / "one.txt").write_text(ONE_BOX)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def yolo_assign(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """The command in this process: torch is imported once for all tests."""

    def call(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(list(arguments))
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def process(folder: Path) -> Callable[..., subprocess.Popen[str]]:
    """The command in a process of its own, its streams piped unless told otherwise."""

    def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        options["env"] = environment(**options.get("env", {}))
        options["preexec_fn"] = listen_to_ctrl_c
        return subprocess.Popen([sys.executable, "-m", "yolo_assign_trace", *arguments], **options)

    return start


@pytest.fixture
def save_heads(folder: Path) -> Callable[..., str]:
    """Saves random head outputs as heads.npz in the folder: one map (b, channels, h, w) per (h, w) of ``maps``."""

    def save(
        channels: int = 65, batch: int = 1, maps: tuple[tuple[int, int], ...] = ((8, 8), (4, 4), (2, 2)), **edits: float
    ) -> str:
        random = np.random.RandomState(7)
        arrays = {f"p{3 + i}": random.randn(batch, channels, h, w).astype(np.float32) for i, (h, w) in enumerate(maps)}
        for name, value in edits.items():  # the first number of that map
            arrays[name][0, 0, 0, 0] = value
        np.savez(folder / "heads.npz", **arrays)
        return "heads.npz"

    return save


@pytest.fixture
def dataset(folder: Path) -> Path:
    """Five images of 80x40 px in folders, three classes, and a data.yaml; the labels of image 3 are missing."""
    rows = (
        "0 .5 .5 .5 .5\n1 .25 .5 .25 .5\n",
        "2 .5 .5 .9 .9\n",
        "",
        None,
        "1 .5 .5 .4 .4\n0 .5 .5 .3 .8\n2 .4 .4 .2 .2\n",
    )
    for name in ("images", "labels"):
        (folder / "set" / name).mkdir(parents=True)
    for number, text in enumerate(rows):
        Image.new("RGB", (80, 40)).save(folder / f"set/images/{number}.png")
        if text is not None:
            (folder / f"set/labels/{number}.txt").write_text(text)
    content = {"path": "set", "train": "images", "names": ["person", "a\nb [0]", "人"]}
    (folder / "data.yaml").write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return folder

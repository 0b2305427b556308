"""The commands that README and documents show run as shown, and print what is shown below them."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.assignment import golden_cases
from tests.commands import ROOT, Outcome
from tests.history.recordings import example
from tests.inputs.models.site import install_standin

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_ZERO = {
    # how a command begins that finds something, exit code
    "diff run.log other.log": 1,
    "diff a.safetensors b.safetensors": 1,
    "diff a.safetensors --assigner": 1,
    "diff trace.safetensors --assigner": 1,
    "check mypkg.mod:MyAssigner --assigner": 1,
}
CASES = ("ordinary", "tiny")
"""Cases that check runs here; all of them take seconds."""
MODULES = {
    "my_tracers.py": """
from yolo_assign_trace import Tracer
class PositivesPerLevel(Tracer):
    pass
""",
    "mypkg/mod.py": """
import torch
from tests.check.broken_assigners import Dense as MyAssigner
def my_topk(align_metric, pairs, topk):
    return torch.arange(len(align_metric)) % 2 == 0
""",
}


@dataclass(frozen=True)
class Shown:
    """A command as a document shows it, and the output shown below it; without one, none is promised."""

    place: str
    command: str
    output: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.place


def shown_in(path: Path) -> Iterator[Shown]:
    """Lines ``$ yolo-assign ...`` with what follows in their block, and indented ``    yolo-assign ...``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if match := re.match(r"(\$ |    )yolo-assign (.*)", line):
            below: list[str] = []
            for following in lines[number + 1 :] if match[1] == "$ " else []:
                if following.startswith(("$ ", "```")):
                    break
                below.append(following)
            yield Shown(f"{path.name}:{number + 1}", match[2], tuple(below))


COMMANDS = [shown for path in DOCUMENTS for shown in shown_in(path)]


def saved_call() -> bytes:
    """An assigner call as ``torch.save`` writes it."""
    with np.load(golden_cases.COPIED / "tood_settings.npz") as case:
        names = ("pred_scores", "pred_bboxes", "gt_labels", "gt_bboxes", "mask_gt", "imgsz", "strides")
        call = {name: torch.from_numpy(case[name]) for name in names}
    file = BytesIO()
    torch.save(call, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the commands read, by name."""
    from yolo_assign_trace.cli.main import run

    folder = tmp_path_factory.mktemp("shown")
    labels = str(ROOT / "sample_inputs" / "labels.txt")
    for name, options in {"a": (), "b": ("--assigner", "8.4.190"), "trace": ()}.items():
        run(
            [
                "trace",
                "--labels",
                labels,
                "--no-log",
                "--quiet",
                "--save",
                str(folder / f"{name}.safetensors"),
                *options,
            ]
        )
    run(["trace", "--labels", labels, "--seed", "1", "--quiet", "--log", str(folder / "other.log")])
    run(["page", str(folder / "trace.safetensors"), "--output", str(folder / "val.html")])
    example(folder / "watch", "8.3.200", small=3.2, starving=2)
    example(folder / "watch2", "8.4.190", small=5.1, starving=0)
    made = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}
    sample = {path.name: path.read_bytes() for path in (ROOT / "sample_inputs").iterdir()}
    log = (ROOT / "run.log").read_bytes()
    picture = BytesIO()
    Image.new("RGB", (64, 48)).save(picture, "png")
    return {
        "train.py": b"",
        "bin/yolo": b"#!/bin/sh\n",
        "bin/python": f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode(),
        "data.yaml": b"path: set\ntrain: images\nval: images\nnames: [person, car, dog]\n",
        "labels/train2017/0.txt": b"0 0.5 0.5 0.3 0.3\n",
        "call.pt": saved_call(),
        "best.pt": b"{}",
        "yolov8n.yaml": b"{}",
        "yolo26n.pt": b'{"layout": "two heads"}',
        "set/images/0.png": picture.getvalue(),
        "pictures/0.png": picture.getvalue(),
        "set/labels/0.txt": b"0 0.5 0.5 0.3 0.3\n2 0.6 0.6 0.2 0.4\n",
        **made,
        **sample,
        **{f"sample_inputs/{name}": content for name, content in sample.items()},
        **{name: text.encode() for name, text in MODULES.items()},
        "heads.npz": sample["random_heads.npz"],
        "call.npz": (golden_cases.COPIED / "tood_settings.npz").read_bytes(),
        "000000000009.txt": b"45 0.5 0.5 0.3 0.3\n49 0.6 0.6 0.05 0.05\n",
        "run.log": log,
        "old/run.log": log,
    }


def test_there_are_commands_to_run():
    assert len(COMMANDS) > 30
    assert sum(bool(shown.output) for shown in COMMANDS) >= 4


@pytest.mark.parametrize("shown", COMMANDS, ids=str)
def test_a_command_runs_as_shown(
    yolo_assign: Callable[..., Outcome],
    folder: Path,
    files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    shown: Shown,
):
    if "--model" in shown.command:
        monkeypatch.syspath_prepend(install_standin(tmp_path_factory.mktemp("site")))
        monkeypatch.delitem(sys.modules, "ultralytics", raising=False)
    if shown.command.startswith("draw"):
        pytest.importorskip("matplotlib")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("webbrowser.open", lambda url: True)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr("yolo_assign_trace.check.cases.CASE_NAMES", CASES)
    arguments = shlex.split(shown.command, comments=True)
    outcome = yolo_assign(*arguments)
    codes = [code for start, code in NOT_ZERO.items() if " ".join(arguments).startswith(start)]
    assert outcome.code == (codes[0] if codes else 0), outcome.err
    if shown.output:
        parts = [".*\n" if line == "..." else re.escape(f"{line}\n") for line in shown.output]
        assert re.fullmatch("".join(f"(?s:{part})" for part in parts), outcome.out), outcome.out

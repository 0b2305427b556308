"""How long a user waits for the first line, in units of ``import torch``, which any tracing has to wait for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .measure import Line, in_turns, slower

ROOT = Path(__file__).parents[1]
ROUNDS = 11


def lines() -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "console.txt"

        def run(*command: str) -> None:
            with out.open("w") as file:
                subprocess.run([sys.executable, *command], cwd=ROOT, stdout=file, stderr=subprocess.DEVNULL, check=True)

        tool = str(Path(sys.executable).with_name("yolo-assign"))
        trace = [tool, "trace", *_sample_inputs(), "--log", str(Path(folder) / "run.log")]
        torch, help_, sample = in_turns(
            ROUNDS, lambda: run("-c", "import torch"), lambda: run(tool, "--help"), lambda: run(*trace)
        )
    return [
        slower("yolo-assign --help : import torch", help_, torch, at_most=0.25),
        slower("sample trace : import torch", sample, torch, at_most=1.3),
    ]


def _sample_inputs() -> list[str]:
    """The arguments of ``make trace``, from the Makefile itself."""
    text = (ROOT / "Makefile").read_text()
    return next(line.partition(":=")[2].split() for line in text.splitlines() if line.startswith("INPUTS"))

"""Where things lie, and how tests start processes of the package that is tested."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yolo_assign_trace

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Cases that are too large for the repository; what needs them skips without them."""

ONE_BOX = "0 0.5 0.5 0.5 0.5\n"


def environment(**more: str) -> dict[str, str]:
    """Variables for a process of its own, so that it imports the package that is tested, whatever is installed."""
    paths = [str(Path(yolo_assign_trace.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | more


def listen_to_ctrl_c() -> None:
    """What a shell runs in the background ignores Ctrl-C, and hands that down to its children; the tests send it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def python(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A Python process with the tested package; an exit code other than 0 is an error."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=environment(), **options)


def loaded_after(code: str) -> set[str]:
    """Names of all modules that are loaded after ``code`` in a fresh interpreter."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    return set(json.loads(python("-c", script).stderr.splitlines()[-1]))


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

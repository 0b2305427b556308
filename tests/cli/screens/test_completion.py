"""Completion for bash, zsh and fish: what is installed asks the command, and the command answers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.commands import environment

SHELLS = [
    # shell, where its script is installed, how it asks for what begins with "tr"
    ("bash", ".bash_completions/yolo-assign.sh", {"COMP_WORDS": "yolo-assign tr", "COMP_CWORD": "1"}),
    ("zsh", ".zfunc/_yolo-assign", {"_TYPER_COMPLETE_ARGS": "yolo-assign tr"}),
    (
        "fish",
        ".config/fish/completions/yolo-assign.fish",
        {"_TYPER_COMPLETE_ARGS": "yolo-assign tr", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    ),
]


def start(home, *arguments, **variables):
    env = environment(HOME=str(home), **variables)
    command = [sys.executable, "-m", "yolo_assign_trace", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=env)


@pytest.mark.parametrize(("shell", "script", "asks"), SHELLS, ids=[row[0] for row in SHELLS])
def test_completion_is_installed_and_answers(tmp_path, shell, script, asks):
    disabled = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"} if os.name == "posix" else {}
    done = start(tmp_path, "--install-completion", shell, **disabled)
    assert done.returncode == 0, done.stderr
    assert "_YOLO_ASSIGN_COMPLETE" in (tmp_path / script).read_text()
    answer = start(tmp_path, _YOLO_ASSIGN_COMPLETE=f"complete_{shell}", **asks)
    assert "trace" in answer.stdout
    assert "explain" not in answer.stdout

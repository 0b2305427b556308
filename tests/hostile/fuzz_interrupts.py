"""Ctrl-C at any moment, to the whole foreground as a terminal sends it: one line, exit code 130, nobody left behind.

    python -m tests.hostile.fuzz_interrupts 200 [--seed 0]

starts commands, interrupts each at a random moment between its first instruction and its last, and ends with how many
were interrupted, or with what the first that did not end well said. The suite runs :func:`interrupted` a few times.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.commands import environment, listen_to_ctrl_c

COMMANDS = (
    ("labels", "labels", "--processes", "2"),
    ("labels", "labels", "--processes", "2", "--json"),
    ("trace", "--labels", "one.txt", "--quiet"),
    ("stages",),
)
LINES = ("interrupted", "interrupted; no file was left half written")
START = """
import os, sys
from yolo_assign_trace.basics.interrupts import end_at_once
end_at_once()
os.write(int(sys.argv.pop(1)), b"x")
from yolo_assign_trace.__main__ import main
main()
"""
"""The command, which tells when its first line has run: until then Python itself is starting."""


def make_files(folder: Path, labels: int = 6000) -> None:
    """A folder of label files that several processes read, and a file to trace."""
    (folder / "labels").mkdir()
    for i in range(labels):
        (folder / "labels" / f"{i}.txt").write_text(
            f"{i % 3} 0.5 0.5 0.4 0.4\n0 0.2 0.2 0.3 {'x' if i % 7 else '0.2'}\n"
        )
    (folder / "one.txt").write_text("0 .5 .5 .5 .5\n")


def interrupted(arguments: tuple[str, ...], folder: Path, after: float) -> bool:
    """Run a command and interrupt it so many seconds after its first line; False if it had ended before.

    Raises:
        AssertionError: it hangs, leaves processes behind, or says or returns something else.
    """
    begun, begins = os.pipe()
    command = [sys.executable, "-c", START, str(begins), *arguments]
    running = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(OMP_NUM_THREADS="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=[begins],
        preexec_fn=listen_to_ctrl_c,  # noqa: PLW1509
    )
    try:
        os.close(begins)
        os.read(begun, 1)
        os.close(begun)
        time.sleep(after)
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{arguments} hangs after an interrupt at {after:.3f} s") from None
    finally:
        left = False
        try:
            os.killpg(running.pid, signal.SIGKILL)
            left = running.poll() is not None
        except ProcessLookupError:
            pass
    said = err.decode().splitlines()
    what = f"{arguments} interrupted at {after:.3f} s: {running.returncode}, {said}"
    assert not left, f"processes were left behind by {what}"
    if running.returncode in (0, 1):
        assert not any(line in LINES for line in said), what
        return False
    assert running.returncode == 130, what
    assert len(said) == 1, what
    assert said[0] in LINES, what
    assert not list(folder.glob(".*.part")), what
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description="Interrupt commands at random moments.")
    parser.add_argument("times", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, hit = random.Random(options.seed), 0
    with tempfile.TemporaryDirectory() as name:
        make_files(Path(name))
        for _ in range(options.times):
            arguments = chance.choice(COMMANDS)
            hit += interrupted(arguments, Path(name), chance.random() * (2.5 if "trace" in arguments else 1.0))
    print(
        f"{options.times} runs, {hit} interrupted before their end, seed {options.seed}: none hung, none left a trace"
    )


if __name__ == "__main__":
    main()

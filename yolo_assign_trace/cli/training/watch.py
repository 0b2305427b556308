"""``yolo-assign watch``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ...basics.errors import InputError, reason_of
from ...training.watching.settings import MAX_SIZE, VARIABLE, Settings
from ..options.declared import ASSIGNER, OUTPUT, option

EXAMPLES = """[bold]Examples[/bold]

yolo-assign watch -- yolo detect train model=yolov8n.yaml data=data.yaml epochs=100

yolo-assign watch --out runs/a --every 500 --pictures -- python train.py

yolo-assign watch --class my_package.assign:MyAssigner -- python train.py
"""
FORWARDED = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
]
WAITED_FOR = {*FORWARDED, getattr(signal, "SIGCHLD", signal.SIGINT)}
FROM_THE_KERNEL = 128
"""si_code of what a terminal sends, to the command and to its child alike: it must not reach the child twice."""


def watch(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND ...", help="What trains, as you would start it.")],
    fast: Annotated[
        bool,
        option("fast", panel=ASSIGNER, help="Assign by the fast form: the same answers, sooner."),
    ] = False,
    out: Annotated[
        Path,
        option("out", panel=OUTPUT, metavar="FOLDER", help="The recording; if one is there, FOLDER-2 ... is taken."),
    ] = Path("watch"),
    every: Annotated[
        int, option("every", panel=OUTPUT, metavar="N", least=0, help="Save the calls of every N-th step; 0 for none.")
    ] = 100,
    pictures: Annotated[
        bool,
        option("save_pictures", flags=("--pictures",), panel=OUTPUT, help="Save the augmented pictures too."),
    ] = False,
    count_every: Annotated[
        int,
        option("count_every", panel=OUTPUT, metavar="N", least=0, help="Count those of every N-th step; 0 for none."),
    ] = 1,
    max_size: Annotated[
        float,
        option(
            "max_size",
            panel=OUTPUT,
            metavar="GIB",
            help="What the recording may take; it is thinned before it takes more.",
        ),
    ] = MAX_SIZE,
    classes: Annotated[
        list[str] | None,
        option(
            "classes",
            flags=("--class",),
            panel=OUTPUT,
            metavar="NAME",
            help="Another assigner: package.module:Class. Repeatable.",
        ),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        option(
            "tensorboard",
            panel=OUTPUT,
            metavar="FOLDER",
            help="Scalars by epoch, where training has tensorboard installed.",
        ),
    ] = None,
) -> int:
    """Run a training and record what its assigner does: counts, boxes by epoch, whole calls.

    The training is started as it is and computes what it would have computed. Its exit code is handed on.
    """
    from ...training.fast import VARIABLE as FAST
    from ...training.patching.children import child_environment
    from ...training.patching.guard import say
    from ...training.watching.recording import claim
    from ...training.watching.summary import shown, summary

    board = str(tensorboard.absolute()) if tensorboard else ""
    settings = Settings(str(out.absolute()), every, count_every, pictures, tuple(classes or ()), max_size, board)
    settings.check()
    if shutil.which(command[0]) is None:
        raise _not_startable(command[0], "there is no such command")
    try:
        folder = claim(out.absolute())
    except OSError as error:
        raise InputError("not-writable", f"the folder cannot be made: {reason_of(error)}", where=str(out)) from None
    environment = {**os.environ}
    environment |= child_environment(VARIABLE, replace(settings, out=str(folder)).text(), environment)
    if fast:
        environment |= child_environment(FAST, "1", environment)
    say(f"recording to {shown(folder)}: {_plan(settings)}")
    try:
        code = _run(command, environment)
    finally:
        say(summary(folder))
    if code > 128:  # what trained was ended by a signal, and so are we
        from ..main import Terminated

        raise Terminated(code - 128)
    return code


def _plan(settings: Settings) -> str:
    parts = ["boxes of every validation"]
    for every, what in ((settings.count_every, "counts"), (settings.every, "whole calls")):
        if every:
            parts.append(f"{what} of every {'step' if every == 1 else f'{every} steps'}")
    return ", ".join(parts)


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run it to its end with this process's streams, and hand signals on.

    Raises:
        InputError: it cannot be started.
    """
    held = hasattr(signal, "sigwaitinfo")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR) if held else set()
    restore = (lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before)) if held else None
    try:
        child = subprocess.Popen(command, env=environment, preexec_fn=restore)  # noqa: S603, PLW1509 - one thread
        (_wait if held else _wait_with_handlers)(child)
    except OSError as error:
        raise _not_startable(command[0], reason_of(error)) from None
    finally:
        if restore is not None:
            restore()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _not_startable(command: str, reason: str) -> InputError:
    hint = "write it as in the shell: yolo-assign watch -- python train.py"
    return InputError("not-startable", f"this cannot be started: {reason}", where=command, hint=hint)


def _wait(child: subprocess.Popen[bytes]) -> None:
    while child.poll() is None:
        found = signal.sigwaitinfo(WAITED_FOR)
        if found.si_signo != signal.SIGCHLD and found.si_code != FROM_THE_KERNEL:
            child.send_signal(found.si_signo)


def _wait_with_handlers(child: subprocess.Popen[bytes]) -> None:
    """Where who sent a signal cannot be known, Ctrl-C is taken to have reached the child as well."""
    for number in FORWARDED:
        passes = number != signal.SIGINT
        signal.signal(number, (lambda n, _: child.send_signal(n)) if passes else signal.SIG_IGN)
    child.wait()

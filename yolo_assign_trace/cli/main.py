"""The ``yolo-assign`` command: every outcome gets its exit code here."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from functools import cache
from types import FrameType
from typing import Any, NoReturn

import typer

from ..basics.errors import InputError, reason_of
from ..basics.interrupts import INTERRUPTED, end_at_once, raise_interrupt, was_interrupted
from . import assigners, check, diff, draw, explain, html_page, plan, stages, sweep, trace
from .datasets import audit, labels
from .options.declared import EPILOG
from .options.variables import unknown_variables, variables_behind
from .screens.terminal import forget_stdout, in_flags, prepare_streams, say
from .training import history, watch

FINE, DIFFERENT, BAD_INPUT, DEFECT = 0, 1, 2, 3

app = typer.Typer(
    name="yolo-assign",
    help="A microscope for label assignment in the YOLOv8 family: why did this anchor become positive?",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("trace", epilog=EPILOG)(trace.trace)
app.command("plan", epilog=EPILOG)(plan.plan)
app.command("labels", epilog=EPILOG)(labels.labels)
app.command("audit", epilog=EPILOG)(audit.audit)
app.command("explain", epilog=EPILOG)(explain.explain)
app.command("sweep", epilog=EPILOG)(sweep.sweep)
app.command("stages")(stages.stages)
app.command("assigners")(assigners.assigners)
app.command("check")(check.check)
app.command("diff")(diff.diff)
app.command("draw", epilog=EPILOG)(draw.draw)
app.command("page", epilog=EPILOG)(html_page.page)
app.command("watch", epilog=watch.EXAMPLES, context_settings={"allow_interspersed_args": False})(watch.watch)
app.command("history")(history.history)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"yolo-assign {version('yolo-assign-trace')}")
        raise typer.Exit


@app.callback()
def _options(
    _: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and exit."),
) -> None:
    pass


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; nothing escapes but a defect's message."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        command = _command()
        for sentence in unknown_variables(command):
            say(f"warning: {sentence}", "yellow")
        code = command.main(args=arguments, prog_name="yolo-assign", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        code = _code_of(error, arguments)
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code
        say("interrupted; no file was left half written", "red")
    return code if isinstance(code, int) else FINE


@cache  # it takes 30 ms, and tests run the command thousands of times
def _command() -> Any:
    return typer.main.get_command(app)


def _code_of(error: Exception, arguments: list[str]) -> int:
    """The exit code for what ended a run, after it was said."""
    if was_interrupted():  # and something, such as an import, made another exception of it
        return INTERRUPTED
    if isinstance(error, InputError):
        first, *more = str(error).split("\n")
        say(f"error: {first}", "red", *more, *_about_variables(first, arguments))
    elif isinstance(error, typer.TyperException):
        if text := error.format_message():  # empty where the help has just been printed
            say(f"error: {text} [usage]", "red", f"  hint: {_help_of(error)}", *_about_variables(text, arguments))
    elif isinstance(error, BrokenPipeError):
        forget_stdout()
        return FINE
    elif _lacks_memory(error):
        hint = "trace fewer images, classes or a smaller input at a time; yolo-assign plan says what a trace takes"
        say("error: this machine has too little memory for the run [out-of-memory]", "red", f"  hint: {hint}")
    elif isinstance(error, OSError):
        say(f"error: the output cannot be written: {reason_of(error)} [not-writable]", "red")
        forget_stdout()
    else:
        import traceback

        first, *more = "".join(traceback.format_exception(error)).rstrip("\n").split("\n")
        say(first, "", *more)
        say("This is a defect of yolo-assign, not of your input. Please report it with the lines above.", "red")
        return DEFECT
    return BAD_INPUT


_NO_MEMORY = re.compile(r"(can't|cannot) allocate memory|not enough memory|out of memory|bad_alloc", re.IGNORECASE)


def _lacks_memory(error: BaseException | None) -> bool:
    """Did the machine have too little memory? torch and the loader of libraries say so in their own words."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if isinstance(error, RuntimeError | ImportError | OSError) and _NO_MEMORY.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _about_variables(text: str, arguments: list[str]) -> list[str]:
    return [f"  hint: it comes from the variable {name}" for name in variables_behind(in_flags(text), arguments)]


def _help_of(error: typer.TyperException) -> str:
    """What helps with a wrong use: the help of the command, if it is known."""
    context = getattr(error, "ctx", None)
    if context is None or context.parent is None:
        return "yolo-assign --help, or yolo-assign COMMAND --help"
    return f"yolo-assign {context.info_name} --help"


def main() -> NoReturn:
    """Entry point of the command."""
    prepare_streams()
    raise_interrupt()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = run()
    except Terminated as request:
        code = request.code
    end_at_once()
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        forget_stdout()
    if code == INTERRUPTED:  # Python would end by the signal if code made of text, as of a dataclass, was interrupted
        os._exit(code)
    sys.exit(code)


class Terminated(BaseException):
    """A request to end, as an exception, so that partial files are removed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)

"""The ``yolo-assign`` command: every outcome gets its exit code here."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from ..basics.errors import InputError, reason_of
from . import assigners, check, diff, draw, explain, html_page, labels, plan, stages, sweep, trace
from .options.declared import EPILOG
from .screens.terminal import forget_stdout, prepare_streams, say

FINE, DIFFERENT, BAD_INPUT, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(
    name="yolo-assign",
    help="A microscope for label assignment in the YOLOv8 family: why did this anchor become positive?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("trace", epilog=EPILOG)(trace.trace)
app.command("plan", epilog=EPILOG)(plan.plan)
app.command("labels", epilog=EPILOG)(labels.labels)
app.command("explain", epilog=EPILOG)(explain.explain)
app.command("sweep", epilog=EPILOG)(sweep.sweep)
app.command("stages")(stages.stages)
app.command("assigners")(assigners.assigners)
app.command("check")(check.check)
app.command("diff")(diff.diff)
app.command("draw")(draw.draw)
app.command("page", epilog=EPILOG)(html_page.page)


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
    try:
        code = app(args=arguments, standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        first, *more = str(error).split("\n")
        say(f"error: {first}", "red", *more)
        return BAD_INPUT
    except typer.TyperException as error:
        text = error.format_message()
        if text:  # empty where the help has just been printed
            say(f"error: {text} [usage]", "red", f"  hint: {_help_of(error)}")
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        forget_stdout()
        return FINE
    except OSError as error:
        say(f"error: the output cannot be written: {reason_of(error)} [not-writable]", "red")
        forget_stdout()
        return BAD_INPUT
    except MemoryError:
        say("error: this machine has too little memory for the run [out-of-memory]", "red")
        return BAD_INPUT
    except Exception as error:
        import traceback

        first, *more = "".join(traceback.format_exception(error)).rstrip("\n").split("\n")
        say(first, "", *more)
        say("This is a defect of yolo-assign, not of your input. Please report it with the lines above.", "red")
        return DEFECT
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code
        say("interrupted; no file was left half written", "red")
    return code if isinstance(code, int) else FINE


def _help_of(error: typer.TyperException) -> str:
    """Which help tells about what was used wrongly: that of the command, if it is known."""
    context = getattr(error, "ctx", None)
    command = context.info_name if context is not None and context.parent is not None else None
    return f"yolo-assign {command} --help" if command else "yolo-assign --help, or yolo-assign COMMAND --help"


def main() -> NoReturn:
    """Entry point of the command."""
    prepare_streams()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = run()
    except Terminated as request:
        code = request.code
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        forget_stdout()
    sys.exit(code)


class Terminated(BaseException):
    """A request to end, as an exception, so that partial files are removed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)

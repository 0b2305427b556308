"""``yolo-assign trace``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..assigners import YOLOV8
from ..errors import InputError
from .terminal import message_console, result_console, say

if TYPE_CHECKING:
    from ..record import Tracer

INPUT, OUTPUT = "Input", "Output"


def trace(
    labels: Annotated[
        Path,
        typer.Option(
            envvar="YOLO_ASSIGN_LABELS",
            help="Label file: rows of class cx cy w h (one image), or image class cx cy w h (a batch).",
            rich_help_panel=INPUT,
        ),
    ],
    shapes: Annotated[
        str | None,
        typer.Option(
            envvar="YOLO_ASSIGN_SHAPES",
            help="Feature maps: study (the default), yolov8, yolov8-p2, yolov8-p6, or a YAML file.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    imgsz: Annotated[
        str | None,
        typer.Option(
            envvar="YOLO_ASSIGN_IMGSZ",
            help="Network input in px for a named head: 640, or height,width.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            envvar="YOLO_ASSIGN_HEADS",
            help="Head outputs: .npz with one array (b, 4R+c, h, w) per level. Without it they are synthetic.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    nc: Annotated[
        int | None,
        typer.Option(
            envvar="YOLO_ASSIGN_NC", min=1, help="Classes; default: largest class + 1.", rich_help_panel=INPUT
        ),
    ] = None,
    reg_max: Annotated[
        int | None,
        typer.Option(envvar="YOLO_ASSIGN_REG_MAX", min=1, help="Bins per side, R; default: 16.", rich_help_panel=INPUT),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            envvar="YOLO_ASSIGN_SEED", min=0, max=2**32 - 1, help="Seed of synthetic heads.", rich_help_panel=INPUT
        ),
    ] = 0,
    log: Annotated[
        Path, typer.Option(envvar="YOLO_ASSIGN_LOG", help="Where the log goes.", rich_help_panel=OUTPUT)
    ] = Path("run.log"),
    no_log: Annotated[bool, typer.Option("--no-log", help="Write no log.", rich_help_panel=OUTPUT)] = False,
    digits: Annotated[
        int,
        typer.Option(
            envvar="YOLO_ASSIGN_DIGITS",
            min=1,
            max=17,
            help="Significant digits in the log; 9 is lossless for float32.",
            rich_help_panel=OUTPUT,
        ),
    ] = 5,
    max_log: Annotated[
        float,
        typer.Option(
            envvar="YOLO_ASSIGN_MAX_LOG",
            min=0,
            help="Stop before writing a log larger than this many GiB; 0: no limit.",
            rich_help_panel=OUTPUT,
        ),
    ] = 1.0,
    save: Annotated[
        Path | None,
        typer.Option(
            envvar="YOLO_ASSIGN_SAVE", help="Save all tensors, exact, as .safetensors.", rich_help_panel=OUTPUT
        ),
    ] = None,
    stage: Annotated[
        list[str] | None,
        typer.Option(
            help="Print only this stage (repeatable). Log and saved file stay complete.", rich_help_panel=OUTPUT
        ),
    ] = None,
    tracer: Annotated[
        list[str] | None,
        typer.Option(help="Also run this tracer: package.module:Class, or an installed name.", rich_help_panel=OUTPUT),
    ] = None,
    no_plugins: Annotated[
        bool, typer.Option("--no-plugins", help="Leave out installed tracers.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no trace.", rich_help_panel=OUTPUT)] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print a summary as JSON instead.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Run label assignment stage by stage and show every tensor, on the console and in run.log.

    Without --heads the head outputs are synthetic: no trained model is involved, and every output says so.
    """
    from ..inputs.load import Request, load_inputs
    from ..inputs.shapes import parse_imgsz

    shown = [YOLOV8.stage(name).name for name in stage or ()]
    _check_paths([labels, heads, Path(shapes) if shapes else None], [None if no_log else log, save])
    size = parse_imgsz(imgsz) if imgsz else None
    inputs, remarks = load_inputs(Request(labels, shapes, size, heads, nc, reg_max, seed))
    for remark in remarks:
        say(f"note: {remark}", "yellow")

    from ..tracers.json_summary import JsonSummary
    from ..tracers.run_log import RunLog

    tracers: list[Tracer] = _plugins(tracer or [], no_plugins)
    summary = JsonSummary(shown) if json else None
    messages = message_console() if sys.stderr.isatty() else None
    if messages is not None:
        from ..tracers.progress import ProgressBar

        tracers.append(ProgressBar(messages))
    if summary is not None:
        tracers.append(summary)
    elif not quiet:
        from ..tracers.console import Console

        tracers.append(Console(result_console(), shown))
    if save is not None:
        from ..tracers.tensors import TensorFile

        tracers.append(TensorFile(save))
    if not no_log:  # last, so that the old log is replaced only when nothing else can fail
        tracers.append(RunLog(log, digits=digits, limit=int(max_log * 2**30)))

    from ..trace import trace as run_trace

    run_trace(inputs, YOLOV8, tracers)
    if summary is not None:
        import orjson

        document = summary.document | {"log": None if no_log else str(log), "remarks": remarks}
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    written = [str(path) for path in (None if no_log else log, save) if path is not None]
    if written and not quiet:
        say(f"wrote {', '.join(written)}")


def _plugins(named: list[str], no_plugins: bool) -> list[Tracer]:
    from ..tracers.plugins import load_installed, load_named

    tracers = [load_named(name) for name in named]
    if not no_plugins:
        tracers += load_installed(lambda text: say(f"warning: {text}", "yellow"), except_for=set(named))
    return tracers


def _check_paths(inputs: list[Path | None], outputs: list[Path | None]) -> None:
    """No output may replace an input or the other output."""
    taken = {path.resolve() for path in inputs if path is not None}
    for path in outputs:
        if path is None:
            continue
        if path.resolve() in taken and path.is_file():
            raise InputError("would-overwrite", "this file is also an input or another output", where=str(path))
        taken.add(path.resolve())

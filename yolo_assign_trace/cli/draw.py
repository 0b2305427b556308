"""``yolo-assign draw``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..basics.errors import InputError
from ..basics.plural import count
from .options import INPUT, OUTPUT, option
from .screens.terminal import say

NAMED_AT_MOST = 6


def draw(
    trace: Annotated[
        Path, typer.Argument(metavar="TRACE", help="A saved trace (.safetensors) or a run.log.", show_default=False)
    ],
    output: Annotated[
        Path, option("--output", "-o", panel=OUTPUT, metavar="FOLDER", help="Where the pictures go; made if missing.")
    ],
    images: Annotated[
        Path | None, option(panel=INPUT, metavar="FOLDER", help="Where the pictures are that the trace is about.")
    ] = None,
    image: Annotated[
        list[int] | None, option(panel=INPUT, metavar="N", help="Only this image; repeatable. Default: all.")
    ] = None,
    gt: Annotated[
        list[int] | None, option(panel=INPUT, metavar="N", help="Also heat maps of this box; repeatable.")
    ] = None,
    stage: Annotated[
        list[str] | None,
        option(
            panel=OUTPUT,
            metavar="NAMES",
            help="A picture after each of these stages instead of one at the end: screen,align,topk,resolve,normalize.",
        ),
    ] = None,
    format: Annotated[str, option(panel=OUTPUT, metavar="NAME", help="png, svg or pdf.")] = "png",
    theme: Annotated[str, option(panel=OUTPUT, metavar="NAME", help="light or dark.")] = "light",
) -> int:
    """Draw what became of anchors and boxes: one picture of the trace, one of every image, one of each --gt."""
    _require_matplotlib()
    from ..draw.work import DrawOptions
    from ..draw.work import draw as draw_trace
    from ..traces.open_trace import open_trace

    stages = tuple(name.strip() for names in stage or () for name in names.split(","))
    options = DrawOptions(
        tuple(image or ()), tuple(dict.fromkeys(gt or ())), tuple(dict.fromkeys(stages)), format, theme, images
    )
    options.check()  # before a large trace is read
    written = draw_trace(open_trace(trace), output, options, lambda text: say(f"warning: {text}", "yellow"))
    names = [path.name for path in written[:NAMED_AT_MOST]]
    more = f" and {len(written) - NAMED_AT_MOST} more" if len(written) > NAMED_AT_MOST else ""
    say(f"wrote {count(len(written), 'picture')} to {output}: {', '.join(names)}{more}")
    return 0


def _require_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        hint = "pip install 'yolo-assign-trace[draw]'"
        raise InputError("no-matplotlib", "pictures need matplotlib, the extra 'draw'", hint=hint) from None

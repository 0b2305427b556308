"""``yolo-assign draw``."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ..basics.errors import InputError
from ..basics.plural import count, cut_list
from ..inputs.request import Request
from .options.assigner import AssignerOptions
from .options.declared import INPUT, OUTPUT, option
from .options.expand import expanded
from .options.pictures import PICTURES, images_and_pictures
from .screens.terminal import say
from .trace_source import batch_from

NAMED_AT_MOST = 6


@expanded
def draw(
    request: Request,
    chosen: AssignerOptions,
    output: Annotated[
        Path,
        option(
            "output",
            flags=("--output", "-o"),
            panel=OUTPUT,
            metavar="FOLDER",
            help="Where the pictures go; made if missing.",
        ),
    ],
    trace: Annotated[
        Path | None,
        typer.Argument(
            metavar="TRACE",
            help="A saved trace (.safetensors) or a run.log. Without it: the options of trace.",
            show_default=False,
        ),
    ] = None,
    pictures: Annotated[Path | None, option("pictures", help=PICTURES)] = None,
    image: Annotated[
        list[int] | None, option("image", panel=INPUT, metavar="N", help="Only this image; repeatable. Default: all.")
    ] = None,
    gt: Annotated[
        list[int] | None, option("gt", panel=INPUT, metavar="N", help="Also heat maps of this box; repeatable.")
    ] = None,
    stage: Annotated[
        list[str] | None,
        option(
            "stage",
            panel=OUTPUT,
            metavar="NAMES",
            help="A picture after each of these stages instead of one at the end: screen,align,topk,resolve,normalize.",
        ),
    ] = None,
    format: Annotated[str, option("format", panel=OUTPUT, metavar="NAME", help="png, svg or pdf.")] = "png",
    theme: Annotated[str, option("theme", panel=OUTPUT, metavar="NAME", help="light or dark.")] = "light",
) -> int:
    """Draw what became of anchors and boxes: one picture of the trace, one of every image, one of each --gt."""
    _require_matplotlib()
    from ..draw.photos import in_folder
    from ..draw.work import DrawOptions
    from ..draw.work import draw as draw_trace
    from ..inputs.datasets.dataset import select_images

    images, pictures = images_and_pictures(request.images, pictures)
    stages = tuple(name.strip() for names in stage or () for name in names.split(","))
    asked = DrawOptions((), tuple(dict.fromkeys(gt or ())), tuple(dict.fromkeys(stages)), format, theme)
    asked.check()  # before a large trace is read
    # of a finished trace --images selects what is drawn, of inputs what is traced
    batch = batch_from(trace, replace(request, images=None if trace else images), chosen)
    selected = select_images(batch.trace.box_counts, images) if trace and images else ()
    shown = in_folder(pictures, batch.trace) if pictures else batch.pictures
    asked = replace(asked, images=(*(image or ()), *selected))
    written = draw_trace(batch.trace, output, asked, lambda text: say(f"warning: {text}", "yellow"), shown)
    names = [path.name for path in written]
    say(f"wrote {count(len(written), 'picture')} to {output}: {cut_list(names, NAMED_AT_MOST)}")
    return 0


def _require_matplotlib() -> None:
    if find_spec("matplotlib") is None:
        hint = "pip install 'yolo-assign-trace[draw]'"
        raise InputError("no-matplotlib", "pictures need matplotlib, the extra 'draw'", hint=hint)

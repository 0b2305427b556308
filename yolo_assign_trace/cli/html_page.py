"""``yolo-assign page``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ..basics.errors import InputError
from ..inputs.request import Request
from .options.assigner import AssignerOptions
from .options.declared import OUTPUT, option
from .options.expand import expanded
from .options.loss import LossOptions
from .options.pictures import PICTURES, images_and_pictures
from .screens.terminal import say
from .trace_source import batch_from

DEFAULT = Path("trace.html")


@expanded
def page(
    request: Request,
    chosen: AssignerOptions,
    loss: LossOptions,
    trace: Annotated[
        Path | None,
        typer.Argument(
            metavar="TRACE",
            help="A finished trace: .safetensors of trace --save, or run.log. Without it: the options of trace.",
        ),
    ] = None,
    pictures: Annotated[Path | None, option("pictures", help=PICTURES)] = None,
    output: Annotated[
        Path,
        option("output", flags=("--output", "-o"), panel=OUTPUT, metavar="FILE", help="The page to write."),
    ] = DEFAULT,
    open_it: Annotated[
        bool, option("open_it", flags=("--open",), panel=OUTPUT, help="Open the page in the browser.")
    ] = False,
) -> int:
    """Write one HTML page to step through a trace: every stage, box, anchor and pair. It loads nothing.

    English and Chinese.
    """
    from ..formats.safe_write import write_whole

    images, pictures = images_and_pictures(request.images, pictures)
    for path in (*request.files, *([trace] if trace else [])):
        if output.exists() and path.exists() and output.is_file() and output.samefile(path):
            raise InputError("would-overwrite", "this file is also an input", where=str(output))
    batch = batch_from(trace, replace(request, images=images), chosen, loss)
    from ..draw.photos import in_folder
    from ..page.html import page_html

    shown = in_folder(pictures, batch.trace) if pictures else batch.pictures
    html = page_html(batch.trace, shown, lambda text: say(f"warning: {text}", "yellow"))
    write_whole(output, "page", html)
    say(f"wrote {output}: {len(html) / 1e6:.2f} MB")
    if open_it:
        _open(output)
    return 0


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say("warning: no browser could be opened; open the file yourself", "yellow")

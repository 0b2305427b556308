"""``yolo-assign page``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..basics.errors import InputError
from .input_options import AssignerOptions, InputOptions
from .options import INPUT, OUTPUT, option
from .screens.terminal import say
from .shared import expanded
from .trace_source import trace_from

DEFAULT = Path("trace.html")


@dataclass(frozen=True)
class PageInputs(InputOptions):
    """What to show; with a finished trace ``--images`` is the folder of its pictures, as in ``draw``."""

    images: Annotated[
        str | None,
        option(
            panel=INPUT,
            env="IMAGES",
            metavar="FOLDER|A:B",
            help="With TRACE: the folder of its pictures. Without: images of a dataset, from A up to but without B.",
        ),
    ] = None


@expanded
def page(
    given: PageInputs,
    chosen: AssignerOptions,
    trace: Annotated[
        Path | None,
        typer.Argument(
            metavar="TRACE",
            help="A finished trace: .safetensors of trace --save, or run.log. Without it: the options of trace.",
        ),
    ] = None,
    pictures: Annotated[
        Path | None,
        option(panel=INPUT, metavar="FOLDER", help="Where the pictures are; with TRACE --images says the same."),
    ] = None,
    output: Annotated[
        Path, option("--output", "-o", panel=OUTPUT, metavar="FILE", help="The page to write.")
    ] = DEFAULT,
    open_it: Annotated[bool, option("--open", panel=OUTPUT, help="Open the page in the browser.")] = False,
) -> int:
    """Write one HTML page to step through a trace: every stage, box, anchor and pair. It loads nothing.

    English and Chinese.
    """
    from ..formats.safe_write import SafeFile

    folder = _pictures(trace, given, pictures)
    for path in (*given.files, *([trace] if trace else [])):
        if output.exists() and path.exists() and output.is_file() and output.samefile(path):
            raise InputError("would-overwrite", "this file is also an input", where=str(output))
    stored = trace_from(trace, given, chosen)
    from ..page.html import page_html

    html = page_html(stored, folder, lambda text: say(f"warning: {text}", "yellow"))
    file = SafeFile(output, "page")
    try:
        file.write(html)
        file.commit()
    finally:
        file.discard()
    say(f"wrote {output}: {len(html) / 1e6:.2f} MB")
    if open_it:
        _open(output)
    return 0


def _pictures(trace: Path | None, given: PageInputs, pictures: Path | None) -> Path | None:
    """The folder of pictures, by either of its options.

    Raises:
        InputError: both, or no such folder.
    """
    if trace is not None and given.images is not None:
        if pictures is not None:
            message = "with a finished trace both name the folder of its pictures"
            raise InputError("options-exclude", message, where="--images, --pictures", hint="leave one of them out")
        pictures = Path(given.images)
    if pictures is not None and not pictures.is_dir():
        raise InputError("no-such-folder", "there is no such folder of pictures", where=str(pictures))
    return pictures


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say("warning: no browser could be opened; open the file yourself", "yellow")

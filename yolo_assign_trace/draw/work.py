"""What to draw of a trace, and the files it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..basics.errors import InputError, Parameter, did_you_mean, reason_of
from ..basics.plural import count
from ..basics.printable import printable
from ..traces.stored import StoredTrace
from ..traces.view import TraceView
from .anchors import STAGES
from .box_sheet import box_sheet
from .image_sheet import image_sheet
from .photos import Photo, Pictures, find_photo
from .scene import NEEDS, ImageScene
from .sheet import Sheet
from .theme import THEMES, Theme, settings, undrawable
from .trace_sheet import trace_sheet
from .write import FORMATS, write_sheet


@dataclass(frozen=True)
class DrawOptions:
    """What somebody asks for; ``images`` and ``gts`` are numbers, no image means all of them, no gt none."""

    images: tuple[int, ...] = ()
    gts: tuple[int, ...] = ()
    stages: tuple[str, ...] = ()
    format: str = "png"
    theme: str = "light"

    def check(self) -> None:
        """Are the words among those that are known?

        Raises:
            InputError: a stage, format or theme that is not; the hint lists near matches.
        """
        known = [("stage", STAGES, stage) for stage in self.stages]
        for what, words, word in [*known, ("format", FORMATS, self.format), ("theme", tuple(THEMES), self.theme)]:
            if word not in words:
                message = f"no {what}{' that can be drawn' if what == 'stage' else ''} is called {word!r}"
                raise InputError(f"unknown-{what}", message, where=f"--{what}", hint=did_you_mean(word, words))


def draw(
    trace: StoredTrace,
    folder: Path,
    options: DrawOptions,
    remark: Callable[[str], None],
    pictures: Pictures | None = None,
) -> list[Path]:
    """Draw what ``options`` ask for of ``trace`` into ``folder``, over its ``pictures``. The files written.

    ``remark`` hears what is missing.

    Raises:
        InputError: an image or gt that is not there, an unknown word, or a folder that cannot be written.
    """
    options.check()
    view = TraceView(trace, NEEDS)
    for number in options.images:
        view.require_image(number)
    images = sorted(set(options.images)) or list(range(view.b))
    _check_gts(view, images, options.gts, named=bool(options.images))
    make_folder(folder)
    written = []
    with settings(THEMES[options.theme]):
        if options.format != "svg":
            _remark_fonts(view, images, remark)
        for name, sheet in _sheets(view, images, options, remark, pictures):
            path = folder / f"{name}.{options.format}"
            write_sheet(sheet, path)
            written.append(path)
    return written


def _sheets(
    view: TraceView,
    images: Sequence[int],
    options: DrawOptions,
    remark: Callable[[str], None],
    pictures: Pictures | None,
) -> Iterator[tuple[str, Sheet]]:
    """Name and sheet of every file, one at a time."""
    theme = THEMES[options.theme]
    first = find_photo(pictures, view.trace, 0)
    yield "trace", trace_sheet(view, theme, first.photo)
    for image in images:
        one = find_photo(pictures, view.trace, image) if image else first
        if one.remark:
            remark(one.remark)
        yield from _sheets_of(view, image, options, theme, one.photo)


def _sheets_of(
    view: TraceView, image: int, options: DrawOptions, theme: Theme, photo: Photo | None
) -> Iterator[tuple[str, Sheet]]:
    scene, named, header = ImageScene(view, image), view.trace.image(image), view.trace.header
    name = named.name if named else ""
    for stage in options.stages or ("",):
        sheet = image_sheet(scene, header, name, theme, photo, stage)
        yield f"image-{image}{f'-{stage}' if stage else ''}", sheet
    for gt in options.gts:
        if gt < len(scene.boxes):
            yield f"image-{image}-gt-{gt}", box_sheet(scene, gt, header, name, theme, view.settings.topk)


def _check_gts(view: TraceView, images: Sequence[int], gts: Sequence[int], *, named: bool) -> None:
    """Has every image that was named, or at least one of all, these boxes?"""
    for gt in gts:
        have = [int(view.boxes[image]) for image in images]
        if (min if named else max)(have, default=0) <= gt or gt < 0:
            which = f"image {images[have.index(min(have))]}" if named else "no image of the trace"
            if named:
                message = f"{which} has no gt {gt}: it has {count(min(have), 'box')}"
            else:
                message = f"{which} has a gt {gt}: the most is {count(max(have, default=0), 'box')}"
            raise InputError(
                "no-such-gt", message, where=Parameter("gt"), hint="boxes are counted from 0 in each image"
            )


def make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("not-writable", f"the folder cannot be made: {reason_of(error)}", where=str(folder)) from None
    except ValueError as error:
        raise InputError("not-writable", f"the folder cannot be made: {error}", where=printable(str(folder))) from None


def _remark_fonts(view: TraceView, images: Sequence[int], remark: Callable[[str], None]) -> None:
    names = [view.class_name(line.label) for image in images for line in view.lines_of(image)]
    names += [named.name for image in images if (named := view.trace.image(image))]
    missing = undrawable(iter(map(printable, [*names, *view.trace.header.values()])))
    if missing:
        shown = missing[:8] + ("..." if len(missing) > 8 else "")
        remark(f"no font here has {shown}; install Noto Sans CJK, or draw with `format=svg`, whose text stays text")

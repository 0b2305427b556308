"""What to draw of a trace, and the files it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..basics.errors import InputError, Parameter, did_you_mean, reason_of
from ..basics.plural import count
from ..traces.stored import StoredTrace
from .anchors import STAGES
from .box_page import box_page
from .image_page import image_page
from .names import placement, plain
from .page import Page
from .pictures import Found, Picture, find_picture
from .scene import TraceScene
from .theme import THEMES, Theme, settings, undrawable
from .trace_page import trace_page
from .write import FORMATS, write_page


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for; ``images`` and ``gts`` are numbers, no image means all of them, no gt none."""

    images: tuple[int, ...] = ()
    gts: tuple[int, ...] = ()
    stages: tuple[str, ...] = ()
    format: str = "png"
    theme: str = "light"
    pictures: Path | None = None

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
        if self.pictures is not None and not self.pictures.is_dir():
            raise InputError("no-such-folder", "there is no such folder of pictures", where=str(self.pictures))


def draw(trace: StoredTrace, folder: Path, wanted: Wanted, remark: Callable[[str], None]) -> list[Path]:
    """Draw what is ``wanted`` of ``trace`` into ``folder``; ``remark`` hears what is missing. The files written.

    Raises:
        InputError: an image or gt that is not there, an unknown word, or a folder that cannot be written.
    """
    wanted.check()
    scene = TraceScene(trace)
    images = _images(scene, wanted.images)
    _check_gts(scene, images, wanted.gts, named=bool(wanted.images))
    make_folder(folder)
    written = []
    with settings(THEMES[wanted.theme]):
        if wanted.format != "svg":
            _remark_fonts(scene, images, remark)
        for name, page in _pages(scene, images, wanted, remark):
            path = folder / f"{name}.{wanted.format}"
            write_page(page, path)
            written.append(path)
    return written


def _pages(
    scene: TraceScene, images: Sequence[int], wanted: Wanted, remark: Callable[[str], None]
) -> Iterator[tuple[str, Page]]:
    """Name and page of every file, one at a time."""
    theme = THEMES[wanted.theme]
    found = {0: _found(scene, 0, wanted)} if scene.images else {}
    yield "trace", trace_page(scene, theme, found[0].picture if found else None)
    for image in images:
        one = found.pop(image) if image in found else _found(scene, image, wanted)
        if one.remark:
            remark(one.remark)
        yield from _pages_of(scene, image, wanted, theme, one.picture)


def _pages_of(
    scene: TraceScene, image: int, wanted: Wanted, theme: Theme, picture: Picture | None
) -> Iterator[tuple[str, Page]]:
    one, placed = scene.image(image), placement(scene.header, image)
    name = placed.name if placed else ""
    for stage in wanted.stages or ("",):
        page = image_page(one, scene.header, name, theme, picture, stage)
        yield f"image-{image}{f'-{stage}' if stage else ''}", page
    for gt in wanted.gts:
        if gt < len(one.boxes):
            yield f"image-{image}-gt-{gt}", box_page(one, gt, scene.header, name, theme, scene.topk)


def _found(scene: TraceScene, image: int, wanted: Wanted) -> Found:
    return find_picture(wanted.pictures, placement(scene.header, image), scene.grid, image)


def _images(scene: TraceScene, numbers: Sequence[int]) -> list[int]:
    for number in numbers:
        if not 0 <= number < scene.images:
            known = f"0 to {scene.images - 1}" if scene.images else "none"
            message = f"there is no image {number}: the trace has {count(scene.images, 'image')}, {known}"
            raise InputError("no-such-image", message, where=Parameter("image"))
    return sorted(set(numbers)) if numbers else list(range(scene.images))


def _check_gts(scene: TraceScene, images: Sequence[int], gts: Sequence[int], *, named: bool) -> None:
    """Has every image that was named, or at least one of all, these boxes?"""
    for gt in gts:
        have = [len(scene.lines[image]) for image in images]
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
        raise InputError("not-writable", f"the folder cannot be made: {error}", where=plain(str(folder))) from None


def _remark_fonts(scene: TraceScene, images: Sequence[int], remark: Callable[[str], None]) -> None:
    names = [box.class_name for image in images for box in scene.image(image).boxes]
    names += [placed.name for image in images if (placed := placement(scene.header, image))]
    missing = undrawable(iter([*map(plain, names), *map(plain, scene.header.values())]))
    if missing:
        shown = missing[:8] + ("..." if len(missing) > 8 else "")
        remark(f"no font here has {shown}; install Noto Sans CJK, or draw with `format=svg`, whose text stays text")

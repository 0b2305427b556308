"""Pages of the images of a dataset that lost most boxes, and an index of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...basics.errors import InputError, reason_of
from ...basics.plural import count
from ...inputs.request import Request
from ..options.assigner import AssignerOptions
from ..options.loss import LossOptions
from ..screens.terminal import say
from ..trace_source import traces_from

if TYPE_CHECKING:
    from ...explain.answer import Answer

MOST = 20
"""Images that get a page."""


def write_pages(
    folder: Path, answer: Answer, request: Request, chosen: AssignerOptions, loss: LossOptions, *, several: bool
) -> None:
    """Write them; the images are traced once more, one by one, so that not all pages are in memory at a time.

    ``several``: does the answer come from several batches, so that its images have their numbers in the dataset?

    Raises:
        InputError: the folder cannot be written.
    """
    from ...formats.safe_write import write_whole
    from ...page.html import page_html
    from ...page.index import Lost, index_html
    from ...run.given import GEOMETRIC

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("not-writable", f"the folder cannot be made: {reason_of(error)}", where=str(folder)) from None
    boxes = Counter(line.image for line in answer.asked)
    lost: dict[int, Counter[str]] = {image: Counter() for image in boxes}
    for line in answer.asked:
        if line.cause and (line.cause in GEOMETRIC or not answer.synthetic):  # heads of no model decide nothing else
            lost[line.image][line.cause] += 1
    worst = sorted((image for image in lost if lost[image]), key=lambda image: (-lost[image].total(), image))[:MOST]
    rows: list[Lost] = []
    for image in worst:
        if several or not rows:
            own = replace(request, images=f"{image}:{image + 1}") if several else request
            batch = next(traces_from(None, own, chosen, loss, tell=False))
            page = f"image-{image:06}.html" if several else "images.html"
            write_whole(folder / page, "page", page_html(batch.trace, batch.pictures))
        place = answer.places.get(image)
        named = batch.trace.image(0 if several else image)
        name = named.name if named else f"image {image}"
        address = page if several else f"{page}#image={image}"
        rows.append(Lost(name, address, boxes[image], lost[image], place.path if place else ""))
    about = answer.summary
    assert about is not None
    header = "; ".join(
        answer.header[name] for name in ("labels", "grid", "heads", "release", "assigner") if name in answer.header
    )
    without = sum(causes.total() for causes in lost.values())
    html = index_html(rows, about.images, about.boxes, without, header=header, synthetic=answer.synthetic)
    write_whole(folder / "index.html", "page", html)
    say(f"wrote {folder / 'index.html'}, and {count(len(worst) if several else bool(worst), 'page')}")

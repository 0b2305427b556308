"""The worst pictures of an audit: read once more, their boxes with what each gets, the photo made small."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...basics.printable import printable
from ...inputs.datasets.entries import Entry
from ...inputs.datasets.survey import read_part
from ...inputs.reading.files import open_regular
from ...run.letterbox import Letterbox
from ..geometry.candidates import screen
from ..geometry.placed import Chunk, place_parts
from ..report import Report

Command = Callable[[Mapping[str, str]], str]
"""Makes a command of the parameters of a page."""

MOST = 12
"""Pictures that are shown."""

MOST_BOXES = 500
"""Boxes that are drawn in each: those with fewest candidates."""

LARGEST, QUALITY = 640, 70
"""Longest side in px of a photo, and its JPEG quality: twelve stay under a megabyte or two."""


def worst_pictures(report: Report, command: Command) -> list[dict[str, Any]]:
    """For the first combination: the pictures with most boxes that lack candidates, then those with most boxes."""
    shown = []
    for number in worst_numbers(report)[:MOST]:
        picture = _picture(report, number, command)
        if picture:
            shown.append(picture)
    return shown


def worst_numbers(report: Report) -> list[int]:
    """Numbers in the dataset of those pictures, the worst first; of what is named, which may not be all."""
    entries, counted = report.dataset.entries, report.tally.counted[0]
    if not entries or entries[0].data is not None:  # a single file, which may be of a batch and has no photos
        return []
    crowded = [picture.number for picture in report.tally.read[0].worst]
    if entries[0].table is not None:  # all boxes of COCO are in one file, so that a place does not say the picture
        return crowded
    lacking = Counter(place.path for place in counted.few)
    for place in counted.never:
        lacking[place.path] += 1_000_000  # none at all is worse than any number of few
    worst = {path: rank for rank, (path, _) in enumerate(lacking.most_common(MOST))}
    numbers = {worst[entry.label]: i for i, entry in enumerate(entries) if entry.label in worst}
    return list(dict.fromkeys([*(numbers[rank] for rank in sorted(numbers)), *crowded]))


def _picture(report: Report, number: int, command: Command) -> dict[str, Any] | None:
    """None if nothing of it arrives in training."""
    entry, one = report.dataset.entries[number], report.question.combinations[0]
    settings = report.question.readings[one.reading]
    chunk, _ = place_parts([(0, read_part([entry], settings))], [entry], number, settings)
    if not len(chunk):
        return None
    fractions, kept = chunk.fractions(one.imgsz)
    boxes = chunk.boxes if kept is None else chunk.boxes.only(kept)
    seen = screen(fractions if kept is None else fractions[:, kept], one.grid, one.enlarged_below)
    order = seen.total.argsort(kind="stable")[:MOST_BOXES].tolist()
    height, width = one.imgsz
    return {
        "name": printable(entry.name),
        "number": number,
        "labels": printable(entry.label),
        "width": width,
        "height": height,
        "boxes": [
            {
                "line": int(boxes.line[i]),
                "class": report.class_name(int(boxes.label[i])),
                "corners": [round(float(side), 2) for side in seen.corners[:, i]],
                "screened": [round(float(side), 2) for side in seen.screened[:, i]],
                "candidates": int(seen.total[i]),
            }
            for i in order
        ],
        "more": len(boxes) - len(order),
        "photo": _photo(entry, chunk, one.imgsz),
        "command": command(_asked(report, entry, number, chunk)),
    }


def _asked(report: Report, entry: Entry, number: int, chunk: Chunk) -> dict[str, str]:
    """What shows every step of the picture's assignment; by its label file, because splits count images otherwise."""
    one, size = report.question.combinations[0], chunk.size_of_picture(0)
    if entry.table is not None:
        asked = {"source": entry.label, "images": f"{number}:{number + 1}"}
    else:
        asked = {"labels": entry.label} | ({"image_size": f"{size[0]}x{size[1]}"} if size else {"letterboxed": ""})
    height, width = one.imgsz
    imgsz = one.size_text if height == width else f"{height},{width}"
    return asked | {"imgsz": imgsz, "shapes": one.shapes.name, "release": one.release}


def _photo(entry: Entry, chunk: Chunk, imgsz: tuple[int, int]) -> dict[str, Any] | None:
    """The picture as a JPEG and where it lies: x, y, width, height px of the input; None if it cannot be read."""
    if entry.image is None:
        return None
    from PIL import Image, ImageOps

    try:
        with open_regular(Path(entry.image), "picture") as file, Image.open(file) as opened:
            opened.draft("RGB", (LARGEST, LARGEST))
            pixels = ImageOps.exif_transpose(opened).convert("RGB")
    except Exception:  # whatever is wrong with it, `labels` names it; the boxes can do without
        return None
    pixels.thumbnail((LARGEST, LARGEST))
    buffer = io.BytesIO()
    pixels.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return {"uri": f"data:image/jpeg;base64,{data}", "place": list(_place(chunk, imgsz))}


def _place(chunk: Chunk, imgsz: tuple[int, int]) -> Iterator[float]:
    size = chunk.size_of_picture(0)
    if size is None:
        yield from (0, 0, imgsz[1], imgsz[0])
        return
    box = Letterbox.of(size, imgsz, chunk.settings.placing)
    yield from (float(box.left), float(box.top), float(box.scaled_width), float(box.scaled_height))

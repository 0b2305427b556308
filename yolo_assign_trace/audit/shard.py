"""One shard of a dataset: its label files read, its boxes counted. What a worker does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..assignment.releases import dotted
from ..basics.arrays import Array
from ..inputs.datasets.entries import Entry
from ..inputs.datasets.survey import ReadPart, Survey, SurveySettings, read_part
from .count import climb, count_chunk
from .geometry.crowds import nested
from .geometry.placed import UNKNOWN, Chunk, picture_classes, place_parts
from .question import Question
from .tables import Tables
from .tally import HEAT, PICTURES, WORST, Picture, Read, Tally, worst_of

_ENTRIES_AT_ONCE = 500
_BOXES_AT_ONCE = 50_000
"""Enough for numpy to be fast, and few enough for little memory."""


@dataclass(frozen=True)
class Shard:
    """A run of images of a dataset.

    Attributes:
        number: of the shard.
        first: number in the dataset of its first image.
        entries: the images.
    """

    number: int
    first: int
    entries: Sequence[Entry]


def audit_shard(shard: Shard, question: Question, tables: Path | None = None) -> Tally:
    """Read and count a shard; its boxes and pictures become tables in the folder ``tables``."""
    ladders = question.ladders()
    tally = Tally.empty(len(question.readings), len(question.combinations), len(ladders), question.keep)
    for number, settings in enumerate(question.readings):
        own = [i for i, one in enumerate(question.combinations) if one.reading == number]
        read, rows = tally.read[number], list[Array]()
        with _tables(tables, shard, number, dotted(settings.placing.release)) as table:
            for chunk, part in _chunks(shard, settings):
                read.merge(part)
                levels = {}
                for i in own:
                    one = question.combinations[i]
                    counted, levels[one] = count_chunk(chunk, one, question, tally.counted[i])
                    tally.counted[i].merge(counted, question.keep)
                for ladder, sizes in zip(tally.ladders, ladders, strict=True):
                    if sizes[0].reading == number:
                        ladder.merge(climb(chunk, sizes))
                totals = [each.clip(0).sum(axis=0) for each in levels.values()]
                read.worst = worst_of([*read.worst, *_crowded(chunk, totals)])
                rows.append(chunk.rows()[chunk.sizes_of >= UNKNOWN])
                if table:
                    table.add(chunk, levels)
        read.real, read.padded = _padding(np.concatenate(rows), question.batch)
    return tally


def _tables(folder: Path | None, shard: Shard, reading: int, release: str) -> AbstractContextManager[Tables | None]:
    return Tables(folder, shard.number, reading, release) if folder else nullcontext()


def _chunks(shard: Shard, settings: SurveySettings) -> Iterator[tuple[Chunk, Read]]:
    """The shard in portions of many boxes, and what is told of each while it is read."""
    first, parts, read = 0, list[tuple[int, ReadPart]](), Read(Survey(keep=settings.keep))
    for start in range(0, len(shard.entries), _ENTRIES_AT_ONCE):
        end = min(start + _ENTRIES_AT_ONCE, len(shard.entries))
        part = read_part(shard.entries[start:end], settings)
        read.survey.merge(part.survey)
        parts.append((start - first, part))
        if sum(len(part.boxes) for _, part in parts) >= _BOXES_AT_ONCE or end == len(shard.entries):
            chunk, read.unplaced = place_parts(parts, shard.entries[first:end], shard.first + first, settings)
            corners = _corners(chunk.boxes.places)
            read.nested = int(nested(corners, chunk.picture).sum())
            read.heat = _heat(chunk.boxes.places)
            sizes = [*chunk.sizes, None]  # where -1, unknown, leads
            arriving = chunk.sizes_of[chunk.sizes_of >= UNKNOWN]
            read.pictures = np.bincount(picture_classes(sizes)[arriving], minlength=len(PICTURES))
            yield chunk, read
            first, parts, read = end, [], Read(Survey(keep=settings.keep))


def _corners(places: Array) -> Array:
    """(xyxy, box) float64 of boxes (box, 4) cx cy w h, in the same unit."""
    centre, half = places[:, :2].T.astype(np.float64), places[:, 2:].T.astype(np.float64) / 2
    return np.concatenate([centre - half, centre + half])


def _heat(places: Array) -> Array:
    """(16, 16) centres of boxes (box, 4) by place in the image."""
    x, y = (places[:, :2].T * HEAT).astype(np.int64).clip(0, HEAT - 1)
    heat: Array = np.bincount(y * HEAT + x, minlength=HEAT * HEAT).reshape(HEAT, HEAT)
    return heat


def _crowded(chunk: Chunk, totals: Sequence[Array]) -> list[Picture]:
    """The pictures of the chunk with most boxes."""
    rows = chunk.rows()
    pairs = [np.bincount(chunk.picture, weights=total, minlength=len(rows)) for total in totals]
    most = np.lexsort([np.arange(len(rows)), -rows])[:WORST].tolist()
    pictures = []
    for i in most:
        if rows[i]:
            width, height = chunk.size_of_picture(i) or (0, 0)
            found = tuple(int(pair[i]) for pair in pairs)
            pictures.append(Picture(int(rows[i]), chunk.first + i, chunk.path(i), width, height, found))
    return pictures


def _padding(rows: Array, batch: int) -> tuple[int, int]:
    """Rows of images (image,) as they are, and padded to the longest of their batch."""
    whole = np.concatenate([rows, np.zeros(-len(rows) % batch, dtype=np.int64)]).reshape(-1, batch)
    images = np.full(len(whole), batch)
    images[-1:] -= -len(rows) % batch
    return int(rows.sum()), int((whole.max(axis=1, initial=0) * images).sum())

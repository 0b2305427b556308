"""All label files of a dataset read and counted, in several processes; the result does not depend on their number."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from ...run.letterbox import VALIDATION, Letterbox, Placing
from ..labels.findings import ERROR, GRADES, KINDS, Finding
from ..labels.geometry import LOST_UNDER, geometry_findings
from ..labels.placed import place_table
from ..labels.row import POLYGONS
from ..labels.rules import LabelRules
from ..labels.text import EMPTY, FOUND, MISSING, LabelTable
from .boxes import Boxes
from .entries import Dataset, Entry
from .image_check import CheckedImage, findings_about, look_at
from .image_files import NearMisses
from .plain_files import read_plain
from .processes import map_in_processes
from .read_entry import read_entry

KEPT_AT_MOST = 1000
"""Findings of one kind that are kept if nothing else is said; all are counted."""

STATES = (FOUND, MISSING, EMPTY)

_ENTRIES_AT_ONCE = 500
_WORTH_PROCESSES = 4 * _ENTRIES_AT_ONCE
_THINNEST = 8
"""In images thinner than 1:8 every box is looked at, because it may be under 2 px."""


@dataclass(frozen=True)
class SurveySettings:
    """How to read: by which release, how many classes, and into which input.

    ``image_size`` is (width, height) of every image, None to take it from the images; ``letterboxed`` says that labels
    are fractions of the network input already; ``decode`` has every image decoded, not only its header and end read;
    ``keep`` is how many findings of a kind are kept.
    """

    rules: LabelRules
    nc: int | None
    imgsz: tuple[int, int] = (640, 640)
    image_size: tuple[int, int] | None = None
    letterboxed: bool = False
    placing: Placing = VALIDATION
    decode: bool = False
    keep: int = KEPT_AT_MOST

    def smallest(self, *, image: bool) -> float:
        """Width and height, as fractions, from which no box is under 2 px, but in images thinner than 1:8.

        Args:
            image: is there one whose size decides, unless it is given?
        """
        if self.image_size is None:
            scaled = self.imgsz
            thinnest = _THINNEST if image and not self.letterboxed else 1
        else:
            letterbox = Letterbox.of(self.image_size, self.imgsz, self.placing)
            scaled, thinnest = (letterbox.scaled_height, letterbox.scaled_width), 1
        return max(LOST_UNDER * thinnest / max(scaled), LOST_UNDER / min(scaled))


@dataclass
class Group:
    """Findings of one kind: how many, in how many files, and the first ones."""

    count: int = 0
    files: int = 0
    first: list[Finding] = field(default_factory=list)


@dataclass
class Survey:
    """What a dataset holds.

    Attributes:
        images: how many; a file of a batch holds several.
        states: label files by their state: found, missing, empty.
        boxes: boxes that training sees, after duplicates are reduced.
        keep: how many findings of a kind are kept.
        polygons: label files of polygons.
        dropped: images that training drops, because a row fails or for what is wrong with the image.
        image_files: images that exist as files; the header and the end of each are looked at.
        decoded: how many of them were decoded.
        classes: boxes by class.
        groups: findings by id.
    """

    images: int = 0
    states: Counter[str] = field(default_factory=Counter)
    boxes: int = 0
    keep: int = KEPT_AT_MOST
    polygons: int = 0
    dropped: int = 0
    image_files: int = 0
    decoded: int = 0
    classes: Counter[int] = field(default_factory=Counter)
    groups: dict[str, Group] = field(default_factory=dict)

    def graded(self, grade: str) -> int:
        """Number of findings of a grade."""
        return sum(group.count for kind, group in self.groups.items() if KINDS[kind].grade == grade)

    def ordered(self) -> list[tuple[str, Group]]:
        """Groups by grade, gravest first, then in the order of :data:`KINDS`."""
        order = list(KINDS)
        return sorted(self.groups.items(), key=lambda item: (GRADES.index(KINDS[item[0]].grade), order.index(item[0])))

    def document(self) -> list[dict[str, Any]]:
        """The groups in that order, as JSON has them."""
        return [
            {
                "id": kind,
                "grade": KINDS[kind].grade,
                "consequence": KINDS[kind].consequence,
                "count": group.count,
                "files": group.files,
                "first": [asdict(finding) for finding in group.first],
            }
            for kind, group in self.ordered()
        ]

    def add(self, findings: Iterable[Finding]) -> None:
        """Count the findings of one file."""
        seen = set()
        for finding in findings:
            group = self.groups.setdefault(finding.id, Group())
            group.count += 1
            group.files += finding.id not in seen
            seen.add(finding.id)
            if len(group.first) < self.keep:
                group.first.append(finding)

    def merge(self, other: Survey) -> None:
        """Add what was found in the images that follow."""
        self.images += other.images
        self.states += other.states
        self.boxes += other.boxes
        self.polygons += other.polygons
        self.dropped += other.dropped
        self.image_files += other.image_files
        self.decoded += other.decoded
        self.classes += other.classes
        for kind, group in other.groups.items():
            mine = self.groups.setdefault(kind, Group())
            mine.count += group.count
            mine.files += group.files
            mine.first += group.first[: self.keep - len(mine.first)]


def survey(
    dataset: Dataset,
    settings: SurveySettings,
    *,
    processes: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Survey:
    """Read every label file of ``dataset``.

    Args:
        dataset: the images.
        settings: how to read.
        processes: how many; by default as many as there are cores, and one for small datasets.
        progress: is told how many images are done.
    """
    total = Survey(keep=settings.keep)
    for finding in dataset.findings:
        total.add([finding])
    parts = _parts(dataset.entries)
    workers = processes or (os.cpu_count() or 1 if len(dataset.entries) >= _WORTH_PROCESSES else 1)
    workers = min(workers, -(-len(dataset.entries) // _ENTRIES_AT_ONCE) or 1)  # no more than there is work for
    if workers == 1 or (dataset.entries[:1] and dataset.entries[0].table is not None):
        for part in parts:
            total.merge(survey_part(part, settings))
            progress(len(part))
        return total
    # in order, so that the first findings are the first ones however many processes there are
    with closing(map_in_processes(partial(survey_part, settings=settings), parts, workers)) as results:
        for part, found in results:
            total.merge(found)
            progress(len(part))
    return total


def _parts(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), _ENTRIES_AT_ONCE):
        yield entries[start : start + _ENTRIES_AT_ONCE]


def survey_part(entries: Sequence[Entry], settings: SurveySettings) -> Survey:
    """The survey of some images."""
    return read_part(entries, settings).survey


@dataclass(frozen=True)
class ReadPart:
    """What some images hold: the survey, the boxes that arrive in training, and the images as they were looked at.

    ``tables`` holds, by the place of their image, the label files that were read by themselves, and ``dropped`` the
    places of the images that training drops; those have no table.
    """

    survey: Survey
    boxes: Boxes
    images: Sequence[CheckedImage | None]
    tables: Sequence[tuple[int, LabelTable]]
    dropped: Sequence[int]


def read_part(entries: Sequence[Entry], settings: SurveySettings) -> ReadPart:
    """Read the label files of some images and look at the images."""
    images = [look_at(entry, settings.placing.release, decode=settings.decode) for entry in entries]
    bounds = {has_image: settings.smallest(image=has_image) for has_image in (False, True)}
    smallest = [bounds[entry.image is not None] for entry in entries]
    odd = [_is_odd(entry, image, settings) for entry, image in zip(entries, images, strict=True)]
    plain = read_plain(entries, odd, settings.rules, settings.nc, smallest)
    part = Survey(plain.files, Counter({FOUND: plain.files} if plain.files else {}), len(plain.boxes), settings.keep)
    part.classes = plain.classes
    part.image_files = sum(
        entry.image is not None and image is not None and image.finding != "image-not-found"
        for entry, image in zip(entries, images, strict=True)
    )
    part.decoded = part.image_files if settings.decode else 0
    near, tables, dropped_images = NearMisses(), list[tuple[int, LabelTable]](), list[int]()
    for at in plain.others:
        entry, image = entries[at], images[at]
        table = read_entry(entry, settings.rules, settings.nc, near)
        about_image = findings_about(entry, image)
        dropped = bool(table.failures) or any(finding.grade == ERROR for finding in about_image)
        part.images += int(table.rows[:, 0].max(initial=0)) + 1
        part.states[table.state] += 1
        part.polygons += table.form == POLYGONS
        part.dropped += dropped
        if dropped:
            dropped_images.append(at)
        else:
            part.boxes += len(table.rows)
            part.classes.update(map(int, table.rows[:, 1].tolist()))
            tables.append((at, table))
        findings = [*about_image, *table.findings, *_about_boxes(table, settings, image.size if image else None)]
        if findings:
            part.add(sorted(findings, key=lambda finding: finding.line))
    boxes = Boxes.joined([(0, plain.boxes), (0, Boxes.of_tables(tables))])
    return ReadPart(part, boxes, images, tables, dropped_images)


def _is_odd(entry: Entry, image: CheckedImage | None, settings: SurveySettings) -> bool:
    """Is there anything to be said of an image, or may there be of any of its boxes?"""
    if settings.placing.training or findings_about(entry, image):  # training may clip and drop every box
        return True
    return image is not None and image.size is not None and max(image.size) > _THINNEST * min(image.size)


def _about_boxes(table: LabelTable, settings: SurveySettings, size: tuple[int, int] | None) -> Iterable[Finding]:
    """What is to be said of the boxes in the image and in the input."""
    if not len(table.rows):
        return []
    size = (settings.imgsz[1], settings.imgsz[0]) if settings.letterboxed else settings.image_size or size
    letterbox = Letterbox.of(size, settings.imgsz, settings.placing) if size else None
    if letterbox and settings.placing.training:
        return place_table(table, letterbox, Letterbox.whole(settings.imgsz), settings.placing)[1]
    return geometry_findings(table, settings.imgsz, letterbox)

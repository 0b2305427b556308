"""What a person should take away from an audit: about ten sentences, the first ones to act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..basics.box_sizes import SIZES
from ..basics.plural import count
from ..inputs.labels.findings import ERROR, WARNING
from .document import CANNOT_SAY
from .question import Combination
from .report import Report
from .tally import BOXES, CANDIDATES, NEVER, Counted

BAD, ODD, FINE = "bad", "odd", "fine"
"""How grave a sentence is."""


class Sentence(NamedTuple):
    """What it is about, in a word; what is said; how grave it is."""

    about: str
    text: str
    grade: str = FINE


def verdict(report: Report) -> list[Sentence]:
    """The sentences about the first combination, and what others would change."""
    one, counted = report.rows[0]
    read = report.tally.read[one.reading]
    sentences = [*_about_labels(report)]
    if not counted.boxes:
        return [*sentences, Sentence("boxes", "there is no box to count", ODD), *_limits()]
    sentences += _about_never(report, one, counted)
    sentences += _about_few(report, one, counted)
    if counted.beyond:
        reach = report.question.reg_max - 1
        text = f"{_boxes(counted.beyond, counted.boxes)} have a side more than {reach} cells from every candidate"
        sentences.append(Sentence("sizes", f"{text}: no level can express them, boxes come out too small", ODD))
    sentences += _about_conflicts(counted, read.nested)
    if read.worst:
        worst = read.worst[0]
        dense, pairs = 4 * worst.boxes * one.grid.anchors, 4 * worst.pairs[0]
        text = f"{worst.path} has {count(worst.boxes, 'box')}: {bytes_text(dense)} for each dense float32 tensor of an"
        text += f" assigner, {bytes_text(pairs)} on candidate pairs"
        if read.padded:
            text += (
                f"; in batches of {report.question.batch} {percent(read.padded - read.real, read.padded)} is padding"
            )
        sentences.append(Sentence("memory", text))
    return [*sentences, *_limits()]


def _limits() -> list[Sentence]:
    return [Sentence("limits", "; ".join(CANNOT_SAY))]


def _about_labels(report: Report) -> Iterator[Sentence]:
    settings, read = report.question.readings[0], report.tally.read[0]
    errors, warnings = read.survey.graded(ERROR), read.survey.graded(WARNING)
    dropped = f"; training drops {count(read.survey.dropped, 'image')}" if read.survey.dropped else ""
    if errors or warnings:
        text = f"{count(errors, 'error')}, {count(warnings, 'warning')} read as {settings.rules.name}{dropped}"
        yield Sentence("labels", text, BAD if errors else ODD)
    if read.unplaced:
        text = (
            f"{count(read.unplaced, 'box')} not counted: the size of their images is not known; `image_size` gives it"
        )
        yield Sentence("images", text, BAD)


def _about_never(report: Report, one: Combination, counted: Counted) -> Iterator[Sentence]:
    if not counted.without:
        yield Sentence("never", f"every box has a candidate at {one.name}{_about_older(report, one)}")
    else:
        what = f"{_boxes(counted.without, counted.boxes)} have no candidate at {one.name} and get no positive"
        what += f", {counted.padding:,} of them taken for padding" if counted.padding else ""
        yield Sentence("never", what, BAD)
        where = [
            _hit(counted.by_class.tolist(), [report.class_name(i) for i in range(len(counted.by_class))], "class ")
        ]
        where.append(_hit(counted.by_size.tolist(), [f"{size} px" for size in SIZES], "boxes of "))
        yield Sentence("hit", f"most often {'; '.join(where)}", BAD)
    helps = [
        f"{what} {percent(int(numbers[0]), counted.without)}"
        for what, numbers in counted.helped.items()
        if counted.without
    ]
    for other, there in report.rows[1:]:
        if (other.imgsz, other.shapes) == (one.imgsz, one.shapes) and there.without < counted.without:
            helps.append(f"release {other.release} {percent(counted.without - there.without, counted.without)}")
    if helps:
        yield Sentence("helps", f"would rescue of them: {', '.join(helps)}", ODD)
    smallest = next((each for each in report.smallest if _levels(each.one) == _levels(one)), None)
    if smallest:
        a, k = _inputs(smallest.candidate, smallest.last.size_text), _inputs(smallest.enough, smallest.last.size_text)
        yield Sentence("inputs", f"with a candidate: {a}; with {one.k}: {k}")


def _about_older(report: Report, one: Combination) -> str:
    """A release that enlarges small boxes hides what others cannot teach."""
    if one.enlarged_below is None or any(other.enlarged_below is None for other in report.question.combinations):
        return ""
    return ", which enlarges small boxes to find them one; releases before 8.4.0 do not: `release=8.3.253`"


def _levels(one: Combination) -> tuple[str, int]:
    return one.shapes.name, one.reading


def _inputs(sizes: Mapping[int, str | None], last: str) -> str:
    return ", ".join(f"{share} % at {size or f'no input up to {last}'}" for share, size in sizes.items())


def _about_few(report: Report, one: Combination, counted: Counted) -> Iterator[Sentence]:
    mean = f"{counted.candidates / counted.boxes:.3g} candidates a box on average"
    levels = ", ".join(
        f"{level.name} {percent(number, counted.candidates)}"
        for level, number in zip(one.grid.levels, counted.levels.tolist(), strict=True)
    )
    few = f"{_boxes(counted.fewer, counted.boxes)} have some but fewer than {one.k}"
    yield Sentence("few", f"{few}; {mean} ({levels})", ODD if counted.fewer else FINE)


def _about_conflicts(counted: Counted, nested: int) -> Iterator[Sentence]:
    parts = []
    if counted.shared:
        parts.append(
            f"{_boxes(counted.shared, counted.boxes)} have no candidate of their own: all lie in one other box"
        )
    if counted.twins:
        other = f", {counted.twins_of_classes:,} of another class" if counted.twins_of_classes else ""
        parts.append(f"{counted.twins:,} have the very same candidates as another{other}")
    if nested:
        parts.append(f"{nested:,} lie within another box")
    if parts:
        yield Sentence("conflict", "; ".join(parts), ODD)


def _hit(table: Sequence[Sequence[int]], names: Sequence[str], before: str) -> str:
    """The group with most boxes without a candidate."""
    most = max(range(len(table)), key=lambda i: table[i][NEVER])
    never, boxes = int(table[most][NEVER]), int(table[most][BOXES])
    return f"{before}{names[most]}, {never:,} of {boxes:,}"


def _boxes(number: int, of: int) -> str:
    return (
        f"{number:,} of {count(of, 'box')} ({percent(number, of)})"
        if of < 1000
        else (f"{number:,} of {of:,} boxes ({percent(number, of)})")
    )


def percent(part: int, whole: int) -> str:
    """A share; what is not nothing is not 0 %, and what is not everything not 100 %.

    >>> percent(1, 3), percent(0, 5), percent(1, 10**6), percent(10**6 - 1, 10**6)
    ('33.3 %', '0 %', '<0.1 %', '>99.9 %')
    """
    if part in (0, whole) or not whole:
        return f"{100 if part and whole else 0} %"
    share = 100 * part / whole
    return "<0.1 %" if share < 0.1 else ">99.9 %" if share > 99.9 else f"{share:.1f} %"


def bytes_text(number: int) -> str:
    """Bytes in the unit that suits them.

    >>> bytes_text(1_400_000), bytes_text(900)
    ('1.4 MB', '0.9 kB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1e3:.1f} kB"


def candidates_per_box(row: Sequence[int]) -> float:
    """Of a group of boxes, see :data:`~.tally.BOXES`."""
    return row[CANDIDATES] / row[BOXES] if row[BOXES] else 0.0

"""Histories as data: documents for scripts, and one flat row an epoch for tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..basics.box_sizes import SIZES
from .against import SINGLE, Against
from .boxes import Box
from .history import Epoch, Group, History


def document(history: History) -> dict[str, Any]:
    """A history as JSON has it: all counts, and the means made of them."""
    return {
        "recording": history.name,
        "settings": dict(history.recorded.settings),
        "notes": list(history.notes),
        "epochs": [_epoch(history, group, epoch) for group, epochs in history.groups.items() for epoch in epochs],
        "boxes": {head: sum(box.head == head for box in history.boxes.boxes.values()) for head in history.heads},
        "starving": [starving(box) for box in history.boxes.starving()],
    }


def against_document(against: Against) -> dict[str, Any]:
    """What differs between two histories; differences are the second less the first."""
    return {
        "settings": [{"name": name, "a": a, "b": b} for name, a, b in against.settings],
        "epochs": [
            {"part": part, "head": head, "epoch": one.number}
            | {name: _less(value(other), value(one)) for name, value in SINGLE.items()}
            for (part, head), pairs in against.pairs.items()
            for one, other in pairs
        ],
        "starving": {
            name: [{"head": head, "place": place} for head, place in places]
            for name, places in against.starving.items()
        },
    }


def starving(box: Box) -> dict[str, Any]:
    return {
        "head": box.head,
        "place": box.place,
        "picture": box.picture,
        "labels": box.labels,
        "line": box.line,
        "gt": box.gt,
        "class": box.label,
        "size": list(box.size),
        "epochs": box.epochs,
        "causes": {cause or "unknown": number for cause, number in box.causes.most_common()},
    }


def flat_rows(histories: Sequence[History]) -> list[dict[str, Any]]:
    """One row for every recording, part, head and epoch; the same columns in all."""
    levels = list(dict.fromkeys(level for history in histories for level in history.levels))
    return [
        {"recording": history.name, "part": part, "head": head, "epoch": epoch.number}
        | _single(epoch)
        | _columns(epoch, levels)
        for history in histories
        for (part, head), epochs in history.groups.items()
        for epoch in epochs
    ]


def _columns(epoch: Epoch, levels: Sequence[str]) -> dict[str, int | None]:
    """Counts by size class and by level, under names of their own."""
    tally = epoch.tally
    counts = {"boxes": tally.boxes, "without": tally.without, "positives": tally.by_size}
    row = {f"{name}_{size}": int(values[n]) for name, values in counts.items() for n, size in enumerate(SIZES)}
    of_level = {level: int(positives.sum()) for level, positives in tally.positives.items()}
    return row | {f"positives_{level}": of_level.get(level) for level in levels}


def _single(epoch: Epoch) -> dict[str, Any]:
    """The single numbers of an epoch."""
    tally = epoch.tally
    return {
        "calls": tally.calls,
        "images": tally.images,
        "boxes": int(tally.boxes.sum()),
        "without": int(tally.without.sum()),
        "positives": int(tally.by_size.sum()),
        "contested": tally.contested,
        "beyond": tally.beyond,
        "target_max": tally.target_max,
        **{name: value(epoch) for name, value in SINGLE.items()},
    }


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _epoch(history: History, group: Group, epoch: Epoch) -> dict[str, Any]:
    tally, churn = epoch.tally, epoch.churn
    sizes = zip(SIZES, tally.boxes.tolist(), tally.by_size.tolist(), tally.without.tolist(), strict=True)
    return {
        "part": group[0],
        "head": group[1],
        "epoch": epoch.number,
        **_single(epoch),
        "sizes": [
            {"size": size, "boxes": boxes, "positives": positives, "without": without}
            | {"churn": churn.mean(n) if churn else None}
            for n, (size, boxes, positives, without) in enumerate(sizes)
        ],
        "levels": [
            {"level": level, "positives": int(tally.positives[level].sum()), "by_size": tally.positives[level].tolist()}
            for level in history.levels
            if level in tally.positives
        ],
    }

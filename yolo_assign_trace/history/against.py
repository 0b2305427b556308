"""Two histories against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .history import Epoch, Group, History
from .recorded import differing

SINGLE: Mapping[str, Callable[[Epoch], float | None]] = {
    "positives_per_box": lambda epoch: epoch.tally.per_box(),
    "share_without": lambda epoch: epoch.tally.share_without(),
    "churn": lambda epoch: epoch.churn.mean() if epoch.churn else None,
    "target_mean": lambda epoch: epoch.tally.target_mean,
}
"""The numbers of an epoch that are held against each other; None where an epoch has none."""


STARVING_IN: Mapping[str, str] = {"only_a": "A only", "only_b": "B only", "both": "both"}
"""Which of the two a box starves in, and how it is said."""


@dataclass(frozen=True)
class Against:
    """What two recordings have in common, and what differs.

    Attributes:
        settings: name and both values of what differs.
        pairs: the epochs that both have, in order, by part and head.
        starving: head and place of the boxes that starve, by :data:`STARVING_IN`.
    """

    settings: Sequence[tuple[str, str, str]]
    pairs: Mapping[Group, Sequence[tuple[Epoch, Epoch]]]
    starving: Mapping[str, Sequence[tuple[str, str]]]


def hold_against(one: History, other: History) -> Against:
    """Epochs are matched by number, boxes by head and label line."""
    pairs = {}
    for group, epochs in one.groups.items():
        theirs = {epoch.number: epoch for epoch in other.groups.get(group, ())}
        pairs[group] = [(epoch, theirs[epoch.number]) for epoch in epochs if epoch.number in theirs]
    a, b = (dict.fromkeys((box.head, box.place) for box in history.boxes.starving()) for history in (one, other))
    starving = {
        "only_a": [box for box in a if box not in b],
        "only_b": [box for box in b if box not in a],
        "both": [box for box in a if box in b],
    }
    return Against(
        differing(one.recorded, other.recorded), {group: found for group, found in pairs.items() if found}, starving
    )

"""What is worth knowing about a loss: what training prints, what it minimises, which targets are clamped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..assignment.loss.outputs import MARGIN, Loss
from ..basics.arrays import Array
from ..basics.plural import and_more, count
from .given import NO_LOSS_OF_A_MODEL
from .record import Fact, Run

NAMED_AT_MOST = 4
SIDES = ("left", "top", "right", "bottom")


def loss_facts(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    """Of the stage ``loss``; ``kept`` holds its sums, and what it knows of the targets."""
    facts = [Fact("synthetic-loss", NO_LOSS_OF_A_MODEL, notable=True)] if run.synthetic else []
    if not {"loss_items", "divisor", "target_distances"} <= kept.keys():  # a swapped stage may leave them out
        return facts
    items = kept["loss_items"].astype(np.float64)
    printed = ", ".join(f"{name} {item:.5g}" for name, item in zip(("box", "cls", "dfl"), items.tolist(), strict=True))
    kind: Any = run.assigner.stage("loss").result
    prints = "training prints" if prints_items(run.head, run.assigner.loss_since) else "its items are"
    facts.append(Fact("loss-items", f"{prints} {printed}; divided by {kept['divisor'][0]:.6g}"))
    if run.head:
        facts.append(Fact("one-of-two-heads", about_two_heads(run.head, run.assigner.loss_since)))
        return facts + _clamped(run, kept)
    images = run.sizes["image"]
    returned = np.atleast_1d(kind.returned(items, images)).tolist()
    numbers = ", ".join(f"{number:.5g}" for number in returned)
    what = "their sum" if issubclass(kind, Loss) and kind.as_one_number else "each"
    facts.append(Fact("loss-returned", f"training minimises {numbers}: {what} times {count(images, 'image')}"))
    return facts + _clamped(run, kept)


def prints_items(head: str, loss_since: str) -> bool:
    """Are the items of ``head`` alone what training prints? Of two heads those of one2one are, from 8.4.0 on."""
    return not head or (head == "one2one" and loss_since == Loss.since)


def about_two_heads(head: str, loss_since: str) -> str:
    """How the loss of one of two heads counts."""
    if loss_since != Loss.since:
        return f"{head} is one of two heads, whose losses training adds"
    printed = "its own" if head == "one2one" else "those of one2one"
    return f"{head} is one of two heads: training adds them with weights that move by epoch, and prints {printed} alone"


def beyond_reach(target_distances: Array, reg_max: int) -> Array:
    """(...) cells by which distances lie outside what reg_max bins can be trained on, 0 .. reg_max - 1.01."""
    inside: Array = target_distances.clip(0, reg_max - 1 - MARGIN)
    beyond: Array = np.abs(target_distances - inside)
    return beyond


def _clamped(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    """Sides that lie farther away than the last bin; those within the margin below it are not worth a word."""
    reg_max = run.settings["reg_max"]
    distances = kept["target_distances"]
    if reg_max == 1:
        return []
    places = np.argwhere((distances > reg_max - 1) | (distances < 0))
    if not len(places):
        return []
    by = beyond_reach(distances, reg_max)
    named = [
        _named(run, kept, place, float(distances[tuple(place)]), float(by[tuple(place)]))
        for place in places[:NAMED_AT_MOST].tolist()
    ]
    positives = len(np.unique(places[:, :2], axis=0))
    text = f"{count(len(places), 'side')} of {count(positives, 'positive')} beyond the bins 0..{reg_max - 1}, clamped: "
    return [Fact("clamped", text + "; ".join(named) + and_more(len(places), NAMED_AT_MOST), notable=True)]


def _named(run: Run, kept: Mapping[str, Array], place: Sequence[int], cells: float, by: float) -> str:
    image, anchor, side = place
    gt = kept["target_gt_idx"][image, anchor]
    return f"image {image} gt {gt} {run.grid.address(anchor).short} {SIDES[side]} at {cells:.5g} cells, by {by:.5g}"

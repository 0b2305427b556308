"""Sentences about one pair: pure functions from numbers to text.

Every sentence keeps its id and its numbers beside the text, so that a page or a translation can say it in its own
way. Numbers are shown with five significant digits, as in run.log; px up to six.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..basics.plural import count
from ..formats.number_text import number_text
from .texts import ENGLISH, NOUNS

DIGITS = 5
_PLAIN = frozenset(
    {
        *("x", "y", "x1", "y1", "x2", "y2", "sum", "left", "top", "right", "bottom", "edge", "distance"),
        *("width", "height", "own_width", "own_height", "alpha", "beta"),
    }
)
"""Numbers in px and exponents, which read better without exponents of their own."""
SIDES = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class Sentence:
    """One thing said: ``id`` is a key of :data:`.texts.ENGLISH`, ``values`` the numbers in it, ``stage`` where it is
    decided (empty for causes and costs of boxes)."""

    id: str
    stage: str
    values: Mapping[str, Any]
    text: str


def sentence(id: str, /, **values: Any) -> Sentence:
    """The sentence ``id`` with numbers put in, in English.

    >>> sentence("align.zero-overlap", score=0.25).text
    'the metric is 0 because the overlap is 0; the score is 0.25'
    """
    stage = id.partition(".")[0]
    return Sentence(id, "" if stage in ("cause", "cost") else stage, values, text_of(id, values, ENGLISH))


def text_of(id: str, values: Mapping[str, Any], texts: Mapping[str, str], nouns: Mapping[str, str] = NOUNS) -> str:
    """A sentence in the language of ``texts``, a table like :data:`.texts.ENGLISH`; ``nouns`` go with counts."""
    numbers = {
        name: count(value, nouns[name]) if name in nouns else shown(name, value) for name, value in values.items()
    }
    return texts[id].format(**numbers)


def shown(name: str, value: Any) -> str:
    """A number as sentences show it; ``name`` tells how."""
    if isinstance(value, float):
        return f"{value:.6g}" if name in _PLAIN else number(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(shown(name, part) for part in value)
    return str(value)


def number(value: float) -> str:
    """A number as run.log writes it, with five digits.

    >>> number(0.28125), number(1.20283e-7)
    ('0.28125', '1.2028e-7')
    """
    return number_text(value, DIGITS)


# --- screen ----------------------------------------------------------------------------------------------------------


def screened(
    inside: bool, point: Sequence[float], box: Sequence[float], deltas: Sequence[float], *, swapped: bool = False
) -> tuple[Sentence, ...]:
    """Where an anchor's centre lies: one sentence if inside, one per failing side if not.

    Args:
        inside: is the pair a candidate?
        point: x, y px, the anchor's centre.
        box: x1, y1, x2, y2 px, the box as screening sees it.
        deltas: distances px from the centre to the left, top, right and bottom side, positive inwards.
        swapped: was the stage replaced by a function of the user's?
    """
    centre = dict(zip("xy", point, strict=True))
    if inside:
        return (sentence("screen.inside", **centre, **dict(zip(SIDES, deltas, strict=True))),)
    off = []
    for side, edge, delta in zip(SIDES, box, deltas, strict=True):
        if not swapped and not delta > 1e-9:
            if delta >= -1e-9:
                off.append(sentence(f"screen.on-{side}", **centre, edge=edge))
            else:
                off.append(sentence(f"screen.{side}", **centre, edge=edge, distance=-delta))
    return tuple(off) or (sentence("screen.not-a-pair", **centre),)


# --- align -----------------------------------------------------------------------------------------------------------


def aligned(
    score: float, overlap: float, metric: float, alpha: float | None, beta: float | None, *, swapped: bool = False
) -> Sentence:
    """What score and overlap make; ``alpha`` and ``beta`` are None where the trace does not tell them."""
    known = {"score": score, "overlap": overlap, "metric": metric}
    if swapped or alpha is None or beta is None:
        return sentence("align.metric-only", **known)
    if not math.isfinite(metric):
        return sentence("align.non-finite", **known)
    if metric == 0 and alpha > 0 and beta > 0:
        if score == 0 and overlap == 0:
            return sentence("align.zero-both")
        if score == 0:
            return sentence("align.zero-score", overlap=overlap)
        return sentence("align.zero-overlap", score=score) if overlap == 0 else sentence("align.zero-product", **known)
    return sentence("align.metric", **known, alpha=alpha, beta=beta)


# --- topk ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Where a candidate stands in its box.

    ``rank`` is None if the trace has none, ``topk`` None if unknown. ``equals`` counts the candidates of this rank,
    itself included; ``above`` those with a metric above 0 or nan; ``tied`` says that tie order decided in this box.
    """

    selected: bool
    metric: float
    rank: int | None
    equals: int
    candidates: int
    above: int
    topk: int | None
    cutoff: float
    tied: bool
    swapped: bool = False


def ranked(standing: Standing) -> Sentence:
    """Why a candidate was selected or not."""
    s = standing
    if s.swapped or s.rank is None or s.topk is None:
        return sentence("topk.picked" if s.selected else "topk.left")
    known = {"rank": s.rank, "candidates": s.candidates, "topk": s.topk}
    if s.metric == 0 and s.tied and s.above < s.topk:
        what = "topk.selected-zero" if s.selected else "topk.not-selected-zero"
        return sentence(what, topk=s.topk, candidates=s.candidates)
    at_cut = s.tied and s.rank <= s.topk < s.rank + s.equals
    if at_cut and s.selected:
        return sentence("topk.selected-by-tie", **known, metric=s.metric)
    if at_cut:
        return sentence("topk.not-selected-by-tie", rank=s.rank, candidates=s.candidates, metric=s.metric)
    if s.selected:
        return sentence("topk.selected", **known)
    return sentence("topk.not-selected", **known, metric=s.metric, cutoff=s.cutoff, short=s.cutoff - s.metric)


# --- resolve ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contest:
    """One anchor, seen from one box.

    Attributes:
        gt: the box.
        owner: who has the anchor after conflicts, -1 for nobody.
        claims: number of boxes that selected it.
        selected: is the box one of them?
        inside: does the box contain the anchor's centre?
        owner_inside: does the owner?
        overlap: of the box, 0 if it does not contain the centre.
        owner_overlap: of the owner.
        other: the other box around the anchor that overlaps most, -1 if there is none.
        other_overlap: its overlap.
        printed: are the overlaps rounded to printed digits?
        swapped: was the stage replaced by a function of the user's?
    """

    gt: int
    owner: int
    claims: int
    selected: bool
    inside: bool
    owner_inside: bool
    overlap: float
    owner_overlap: float
    other: int = -1
    other_overlap: float = 0.0
    printed: bool = False
    swapped: bool = False


def contested(c: Contest) -> Sentence:
    """Who got an anchor, and why."""
    if c.claims == 0 and c.owner < 0:
        return sentence("resolve.unclaimed")
    if c.owner < 0:
        return sentence("resolve.given-nobody", claims=c.claims)
    if c.swapped or c.claims == 0:
        return sentence("resolve.given", claims=c.claims, owner=c.owner)
    if c.claims == 1:
        return sentence("resolve.alone", owner=c.owner)
    known = {"claims": c.claims, "owner": c.owner}
    if math.isnan(c.owner_overlap):
        return sentence("resolve.nan", **known)
    if c.owner_overlap == 0:
        return sentence("resolve.zero", claims=c.claims)
    return _won(c, known) if c.owner == c.gt else _lost(c, known)


def _won(c: Contest, known: Mapping[str, int]) -> Sentence:
    if not c.inside:
        return sentence("resolve.won-outside", **known, overlap=c.owner_overlap)
    start = "resolve.won" if c.selected else "resolve.won-unselected"
    if c.overlap == c.other_overlap:
        what = "resolve.won-as-printed" if c.printed else f"{start}-first"
        return sentence(what, **known, overlap=c.overlap, other=c.other)
    return sentence(start, **known, overlap=c.overlap, other=c.other, other_overlap=c.other_overlap)


def _lost(c: Contest, known: Mapping[str, int]) -> Sentence:
    if not c.inside:
        return sentence("resolve.given", **known)
    both = {"gt": c.gt, "owner_overlap": c.owner_overlap}
    if c.overlap == c.owner_overlap:
        return sentence("resolve.lost-as-printed" if c.printed else "resolve.lost-first", **known, **both)
    return sentence("resolve.lost" if c.owner_inside else "resolve.lost-outside", **known, **both, overlap=c.overlap)


# --- topk2, targets, normalize ---------------------------------------------------------------------------------------


def kept(is_kept: bool, owner: int, topk2: int, metric: float, *, tied: bool) -> Sentence:
    """Whether topk2 left an anchor with its owner; ``metric`` is that of the two."""
    what = "keep.kept" if is_kept else "keep.dropped-by-tie" if tied else "keep.dropped"
    return sentence(what, owner=owner, topk2=topk2, metric=metric)


def targeted(owner: int, label: int, box: Sequence[float]) -> Sentence:
    """What a positive anchor learns; ``box`` is x1, y1, x2, y2 px of its owner."""
    return sentence(
        "targets.positive", owner=owner, label=label, **dict(zip(("x1", "y1", "x2", "y2"), box, strict=True))
    )


def normalized(owner: int, metric: float | None, best_overlap: float, best_metric: float, target: float) -> Sentence:
    """A positive's target score; ``metric`` is None where the formula is not known."""
    if metric is None:
        return sentence("normalize.score-only", target=target)
    numbers = {"metric": metric, "best_overlap": best_overlap, "best_metric": best_metric}
    return sentence("normalize.score", owner=owner, **numbers, target=target)

"""What ``yolo-assign explain`` prints for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...basics.plural import count
from ...explain.answer import Answer
from ...explain.funnel import STEPS
from ...explain.pair import NO_PAIR_OUTCOMES
from ...explain.sentences import Sentence
from ...explain.sentences import number as num
from ...run.given import SYNTHETIC
from ...tracers.text_page import Column, Page
from ...traces.view import OUTCOMES
from .explain_loss import print_box_loss, print_loss
from .explain_summary import left_out, print_geometry, print_summary

if TYPE_CHECKING:
    from rich.console import Console

    from ...explain.anchor import AnchorStory
    from ...explain.box import BoxStory, Contender
    from ...explain.pair import Candidate, PairStory

ROWS = 12
"""Candidates of a box that are shown in any case; those with an own story follow."""
ROWS_AT_MOST = 30


def print_answer(
    answer: Answer, console: Console, *, command: str, one_image: str = "--image", all_rows: bool = False
) -> None:
    """Print an answer.

    Args:
        answer: what to print.
        console: where.
        command: how it was asked for, without a question, to suggest the next one.
        one_image: the flag that a single image is chosen with.
        all_rows: cut no table.
    """
    page = Page(console)
    _header(page, answer)
    if answer.box is not None:
        _box(page, answer.box, answer, command, all_rows)
    if answer.box_loss is not None:
        print_box_loss(page, answer.box_loss, answer)
    for anchor in answer.anchors:
        _anchor(page, anchor)
    for pair in answer.pairs:
        _pair(page, pair)
    if answer.summary is not None:
        summed_up = print_geometry if answer.synthetic else print_summary
        summed_up(page, answer.summary, answer, f"{command} {one_image}", all_rows)
    if answer.loss is not None:
        print_loss(page, answer.loss, answer, f"{command} {one_image}", all_rows)
    page.print()


def _header(page: Page, answer: Answer) -> None:
    for key in ("release", "assigner", "loss", "heads"):
        if value := answer.header.get(key):
            page.line((f"{key:<10}{value}", "yellow" if "not a trained model" in value else "dim"), indent=0, hang=10)
    if answer.synthetic and answer.summary is None:  # the summary leaves out what carries none
        page.line((SYNTHETIC, "yellow"), indent=10, hang=0)
    if answer.digits is not None:
        page.line((f"{'numbers':<10}as printed in the log, {answer.digits} digits", "dim"), indent=0, hang=10)


def _box(page: Page, box: BoxStory, answer: Answer, command: str, all_rows: bool) -> None:
    levels = answer.levels
    corners = ", ".join(f"{corner:.6g}" for corner in box.box)
    line = box.line
    page.heading(line.name, f"class {named(line.label, box.label_name)}, {line.size} px ({corners})")
    page.line((box.verdict, "bold red" if box.cause else "bold green"))
    if place := answer.place(line):
        page.line((place.where, "dim"), indent=4)
    for sentence in box.cause.sentences if box.cause else ():
        page.line(sentence.text, indent=4)

    page.heading("Funnel", "anchors that each step leaves")
    steps = box.funnel.steps
    columns = [Column("", [STEPS[step.id] for step in steps], right=False)]
    columns += [Column(name, [str(step.per_level[i]) for step in steps]) for i, name in enumerate(levels)]
    columns.append(Column("total", [str(step.total) for step in steps]))
    page.table(columns)
    for number, text in (
        (box.funnel.lost, "selected, but lost to other boxes"),
        (box.funnel.won, "won from boxes that had selected them, without having selected them itself"),
        (box.funnel.outside, "owned though their centre lies outside the box"),
        (box.funnel.dropped, "dropped by topk2"),
    ):
        if number:
            page.line(f"{count(number, 'anchor')} {text}")
    if box.losses:
        page.heading("Lost")
        for loss in box.losses:
            page.line(loss.sentence(steps[2].total).text)
    _cut(page, box)
    if box.candidates:
        _candidates(page, box, all_rows)
    for outsider in box.outsiders:
        page.line(f"{outsider.address} outside the box: overlap {num(outsider.overlap)}, target {num(outsider.target)}")
    contested = [candidate for candidate in box.candidates if candidate.pair.outcome in ("lost", "won")]
    example = (contested or list(box.candidates))[:1]
    if example:
        page.closing(f"next: {command} --image {line.image} --gt {line.gt} --anchor {example[0].anchor}")


def _cut(page: Page, box: BoxStory) -> None:
    cut, share = box.cut, box.share
    page.heading("Cut-off and share")
    if cut.cutoff is not None and box.candidates:
        page.line(f"cut-off {num(cut.cutoff)}: the k-th largest metric of the box, 0 with fewer candidates")
    if cut.last_in is not None and cut.first_out is not None and cut.margin is not None:
        margin = f"margin {num(cut.margin)}"
        page.line(f"last selected {num(cut.last_in)}, first not selected {num(cut.first_out)}: {margin}")
    elif cut.last_in is not None and box.candidates:
        page.line(f"every candidate was selected; the smallest metric is {num(cut.last_in)}")
    if cut.tied:
        page.line(("tie order decided: equal metrics stood at the cut", "yellow"))
    part = f": {share.share:.1%}" if share.share is not None else ""
    page.line(f"target scores {num(share.own)} of {num(share.image)} in its image{part}")


def _candidates(page: Page, box: BoxStory, all_rows: bool) -> None:
    page.heading("Candidates", "best metric first")
    shown = [
        candidate
        for place, candidate in enumerate(box.candidates)
        if all_rows or place < ROWS or candidate.pair.outcome != "not-selected"
    ]
    shown = shown if all_rows else shown[:ROWS_AT_MOST]
    shares = Counter(c.pair.rank for c in box.candidates)
    targets = ["" if c.target is None else num(c.target) for c in shown]
    page.table(
        [
            Column("rank", [_rank(c.pair, shares[c.pair.rank]) for c in shown]),
            Column("anchor", [c.address for c in shown], right=False, narrow=[_short(c.address) for c in shown]),
            Column("score", [num(c.pair.score) for c in shown]),
            Column("overlap", [num(c.pair.overlap) for c in shown]),
            Column("metric", [num(c.pair.metric) for c in shown]),
            Column("target", targets, narrow=[]),
            Column("", [_outcome(c) for c in shown], right=False),
        ],
        [_style(c.pair) for c in shown],
    )
    left_out(page, len(box.candidates) - len(shown))


def _rank(pair: Candidate, sharing: int = 1) -> str:
    """``3``, or ``3=`` where several candidates share it."""
    return "?" if pair.rank is None else f"{pair.rank}{'=' if sharing > 1 else ''}"


def _outcome(candidate: Contender) -> str:
    outcome = candidate.pair.outcome
    if outcome == "lost":
        if candidate.owner < 0:
            return "lost to nobody"
        return f"lost to gt {candidate.owner} ({num(candidate.owner_overlap)})"
    texts = {"not-selected": "", "won": "won, not selected", "dropped": "dropped by topk2"}
    return texts.get(outcome, outcome)


def _style(pair: Candidate) -> str:
    return {"positive": "green", "won": "green", "lost": "red", "dropped": "red"}.get(pair.outcome, "")


def _anchor(page: Page, anchor: AnchorStory) -> None:
    page.heading(f"image {anchor.image} anchor {anchor.address}", anchor.verdict)
    corners = ", ".join(f"{corner:.6g}" for corner in anchor.predicted)
    classes = ", ".join(f"{named(best.label, best.label_name)}: {num(best.score)}" for best in anchor.best_classes)
    page.line(f"predicts ({corners}) px")
    page.line(f"best classes {classes}")
    if anchor.claims:
        claims = anchor.claims
        ended = [claim.pair.outcome for claim in claims]
        page.line(f"lies in {count(len(claims), 'box')}, selected by {anchor.selected_by}:")
        page.table(
            [
                Column("gt", [str(c.gt) for c in claims]),
                Column("class", [named(c.label, c.label_name) for c in claims]),
                Column("rank", [_rank(c.pair) for c in claims]),
                Column("score", [num(c.pair.score) for c in claims]),
                Column("overlap", [num(c.pair.overlap) for c in claims]),
                Column("metric", [num(c.pair.metric) for c in claims]),
                Column("", [OUTCOMES[outcome] for outcome in ended], right=False, narrow=ended),
            ],
            [_style(c.pair) for c in claims],
            indent=4,
        )
    else:
        page.line("lies in no box")
    _life(page, anchor.sentences)


def _pair(page: Page, pair: PairStory) -> None:
    label = f"class {named(pair.label, pair.label_name)}"
    page.heading(f"image {pair.image} gt {pair.gt} and anchor {pair.address}", label)
    good = pair.outcome in ("positive", "won", "won-outside")
    text = {**OUTCOMES, **NO_PAIR_OUTCOMES}[pair.outcome]
    page.line((f"{pair.outcome}: {text}" if pair.outcome != text else text, "bold green" if good else "bold red"))
    _life(page, pair.sentences)


def _life(page: Page, sentences: Sequence[Sentence]) -> None:
    names = {"keep": "topk2"}
    width = max(len(names.get(s.stage, s.stage)) for s in sentences) + 2
    for sentence in sentences:
        stage = names.get(sentence.stage, sentence.stage)
        page.line(f"{stage:<{width}}{sentence.text}", hang=width)


def named(label: int, name: str) -> str:
    """``2`` or ``2 dog``."""
    return f"{label} {name}".strip()


def _short(address: str) -> str:
    return address.partition(" (")[0]

"""The screen of ``yolo-assign diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...assignment.loss.choice import NAME as LOSS
from ...basics.plural import and_more, count, cut_list
from ...compare.results import (
    BY_TIES,
    FIRST,
    INDEPENDENT,
    INTRODUCED,
    NOT_REPRODUCED,
    NOT_RERUN,
    ONLY_A,
    ONLY_B,
    SAME,
    TIES,
    OutputDiff,
    TraceDiff,
)
from ...formats.number_text import number_text
from ...tracers.text_page import Column, Page
from .terminal import result_console

if TYPE_CHECKING:
    from ...compare.consequences import Consequences
    from ...traces.stored import StoredTrace

SHOWN_AT_MOST = 6
_COLOUR = {
    INTRODUCED: "bold red",
    INDEPENDENT: "yellow",
    NOT_REPRODUCED: "yellow",
    NOT_RERUN: "yellow",
    BY_TIES: "cyan",
}


def print_diff(diff: TraceDiff, name_a: str, name_b: str, a: StoredTrace, b: StoredTrace, command: str | None) -> None:
    """Verdict, first divergence, consequence, later differences, and the command to go on with."""
    page = Page(result_console())
    for side, name, trace in (("A", name_a, a), ("B", name_b, b)):
        digits = "exact" if trace.digits is None else count(trace.digits, "digit")
        page.line((f"{side} ", "bold cyan"), (name, "bold"), (f"  {digits}", "dim"), indent=0)
    for key, sides in diff.header.items():
        for side, text in zip("AB", sides, strict=True):
            page.line((f"{key if side == 'A' else '':<9} {side} {text or '-'}", "dim"), hang=12)
    page.gap()
    _verdict(page, diff, a, b)
    if diff.first is not None:
        _first(page, diff, diff.first)
        _consequence(page, diff.consequences)
    _later(page, [output for output in diff.differing if output is not diff.first])
    for stage, why in {output.stage: output.why for output in diff.differing if output.why}.items():
        page.gap()
        page.line((f"{stage}: {why}", "dim"), indent=0, hang=len(stage) + 2)
    if command is not None:
        page.closing(command)
    page.print()


def _verdict(page: Page, diff: TraceDiff, a: StoredTrace, b: StoredTrace) -> None:
    """One line, and one for what only one side has."""
    digits = min((d for d in (a.digits, b.digits) if d is not None), default=None)
    how = "" if digits is None else f", compared at {count(digits, 'digit')}"
    within = sum(output.elements.within for output in diff.outputs if output.elements is not None)
    if within:
        how += f"; {count(within, 'value')} unequal but within tolerance"
    if diff.verdict == SAME:
        values = sum(output.elements.size for output in diff.outputs if output.elements is not None)
        rest = f" in all {count(diff.common, 'output')} that both have: {values:,} values{how}"
        page.line(("same", "bold green"), rest, indent=0)
    else:
        rest = f": {len(diff.differing)} of {count(diff.common, 'output')} differ{how}"
        only_ties = ("different only in the order of equal values", "bold yellow")
        page.line(only_ties if diff.verdict == TIES else ("different", "bold red"), rest, indent=0)
        introduced = dict.fromkeys(output.stage for output in diff.differing if output.isolated == INTRODUCED)
        if introduced:
            stages = ", ".join(introduced)
            page.line(f"introduced in {stages}: B's stages on A's own inputs give something else", indent=0)
    of_loss = [output for output in diff.outputs if output.stage == LOSS]
    for verdict, side in ((ONLY_A, "A"), (ONLY_B, "B")):
        only = diff.only(verdict)
        if of_loss and all(output.verdict == verdict for output in of_loss):
            page.line((f"only {side} has a loss: the stage did not run in the other", "bold yellow"), indent=0)
            only = tuple(output for output in only if output.stage != LOSS)
        names = [output.key for output in only]
        if names:
            page.line((f"{verdict}: {cut_list(names, SHOWN_AT_MOST)}", "dim"), indent=0)


def _first(page: Page, diff: TraceDiff, first: OutputDiff) -> None:
    stages = list(dict.fromkeys(output.stage for output in diff.outputs))
    page.heading(
        "First divergence",
        f"stage {stages.index(first.stage) + 1} {first.stage}, {first.name} ({first.unit})",
        *([(f"  {first.isolated}", _COLOUR.get(first.isolated, "dim"))] if first.isolated else []),
        *([("  ties", _COLOUR[BY_TIES])] if first.mark == BY_TIES else []),
    )
    if first.what_a != first.what_b:
        page.line(f"A {first.what_a}")
        page.line(f"B {first.what_b}")
    if "pairs" in first.reasons and first.place is not None:
        only = ((first.pairs_only_a, "only in A"), (first.pairs_only_b, "only in B"))
        pairs = " and ".join(f"{count(number, 'candidate pair')} {where}" for number, where in only if number)
        page.line(f"{pairs}; the first is")
        page.line(f"{first.name}{first.place}")
    elements = first.elements
    if elements is None or not elements.differing or first.place is None:
        return
    page.line(f"{first.name}{first.place}")
    for side, value, dtype in zip("AB", (elements.a, elements.b), _dtypes(first), strict=True):
        page.line((f"{side} ", "cyan"), (value_text(value, dtype), "bold"))
    page.line(f"{elements.differing:,} of {elements.size:,} elements differ")
    if elements.on_positives and not elements.matter:
        page.line("all on background, which training does not read")
    if elements.passing is not None:
        page.line(f"the smallest tolerance that passes: --tol {first.name}={elements.passing:g}")
    elif elements.a.__class__ is float:
        page.line("no tolerance passes: nan and infinities must be equal")


def _consequence(page: Page, consequences: Consequences | None) -> None:
    if consequences is None:
        page.heading("Consequence", "unknown: the two traces do not tell the owners of the same anchors")
        return
    before, after = consequences.positives
    if not consequences.changes:
        page.heading("Consequence", f"no anchor changes its owner; {count(before, 'positive')} on both sides")
        return
    verb = "changes" if len(consequences.changes) == 1 else "change"
    changed = f"{count(len(consequences.changes), 'anchor')} {verb} owner"
    page.heading("Consequence", f"{changed}; positives {before} -> {after}")
    for change in consequences.changes[:SHOWN_AT_MOST]:
        page.line(str(change))
    _more(page, len(consequences.changes), "anchor")
    boxes = sorted(consequences.boxes, key=lambda box: (not box.lost_all, not box.found_first))
    for box in boxes[:SHOWN_AT_MOST]:
        numbers = (
            (box.gained, "gained"),
            (box.lost, "lost"),
            (box.won, "won from other boxes"),
            (box.moved, "moved to other boxes"),
        )
        moves = ", ".join(f"{number} {word}" for number, word in numbers if number)
        page.line(
            f"image {box.image} gt {box.gt}: positives {box.before} -> {box.after} ({moves})",
            *([("  lost all its positives", "bold red")] if box.lost_all else []),
        )
    _more(page, len(boxes), "box")


def _more(page: Page, number: int, noun: str) -> None:
    if number > SHOWN_AT_MOST:
        page.line((f"...{and_more(number, SHOWN_AT_MOST, noun)}; --json has all", "dim"))


def _later(page: Page, outputs: list[OutputDiff]) -> None:
    """One line per output behind the first; a narrow terminal does without the place of the worst element."""
    if not outputs:
        return
    page.heading("Later differences")
    origins = [_origin(output) for output in outputs]
    a, b, places = zip(*map(_worst, outputs), strict=True)
    columns = [
        Column("stage", [output.stage for output in outputs], right=False),
        Column("output", [output.name for output in outputs], right=False),
        Column("differ", [_many(output) for output in outputs]),
        Column("A", a),
        Column("B", b),
        Column("worst at", places, right=False, narrow=[]),
        Column("", origins, right=False, styles=[_COLOUR.get(origin, "dim") for origin in origins]),
    ]
    page.table(columns, indent=0)


def _origin(output: OutputDiff) -> str:
    return output.isolated or ("same stage" if output.mark == FIRST else output.mark)


def _worst(output: OutputDiff) -> tuple[str, str, str]:
    """Both values and the index of the worst element, short."""
    elements, place = output.elements, output.place
    index = "[" + ",".join(map(str, place.index)) + "]" if place is not None else ""
    if elements is None or not elements.differing:
        return "", "", index
    a, b = (f"{v:.4g}" if isinstance(v, float) else value_text(v) for v in (elements.a, elements.b))
    if a == b:  # the digits that tell them apart
        a, b = (
            value_text(value, dtype) for value, dtype in zip((elements.a, elements.b), _dtypes(output), strict=True)
        )
    return a, b, index


def _many(output: OutputDiff) -> str:
    elements = output.elements
    if elements is not None and elements.differing:
        return f"{elements.differing:,}/{elements.size:,}"
    if output.pairs_only_a or output.pairs_only_b:
        return f"-{output.pairs_only_a:,} +{output.pairs_only_b:,} pairs"
    return " and ".join(output.reasons)


def _dtypes(output: OutputDiff) -> list[np.dtype[Any]]:
    return [np.dtype(what.partition(" ")[0]) for what in (output.what_a, output.what_b)]


def value_text(value: Any, dtype: Any = np.float64) -> str:
    """A value in its shortest form that reads back to the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value, 17, dtype) if isinstance(value, float) else str(value)

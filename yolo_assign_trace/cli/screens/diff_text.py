"""The screen of ``yolo-assign diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text

from ...basics.plural import count
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
from .terminal import result_console

if TYPE_CHECKING:
    from rich.console import Console

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
    console = result_console()
    text = Text()
    for side, name, trace in (("A", name_a, a), ("B", name_b, b)):
        digits = "exact" if trace.digits is None else count(trace.digits, "digit")
        text.append(f"{side} ", "bold cyan")
        text.append(name, "bold")
        text.append(f"  {digits}\n", "dim")
    for line, sides in diff.header.items():
        for side, said in zip("AB", sides, strict=True):
            head = line if side == "A" else ""
            _wrapped(text, console, f"  {head:<9} {side} ", said or "-", "dim")
    text.append("\n")
    _verdict(text, diff, a, b)
    if diff.first is not None:
        _first(text, diff, diff.first)
        _consequence(text, console, diff.consequences)
    console.print(text, soft_wrap=True, end="")
    later = [output for output in diff.differing if output is not diff.first]
    if later:
        console.print(_later(later, console), soft_wrap=True, end="")
    _whys(console, diff)
    if command is not None:
        console.print(f"\n{command}", soft_wrap=True)


def _verdict(text: Text, diff: TraceDiff, a: StoredTrace, b: StoredTrace) -> None:
    """One line, and one for what only one side has."""
    digits = min((d for d in (a.digits, b.digits) if d is not None), default=None)
    how = "" if digits is None else f", compared at {count(digits, 'digit')}"
    within = sum(output.elements.within for output in diff.outputs if output.elements is not None)
    if within:
        how += f"; {count(within, 'value')} unequal but within tolerance"
    if diff.verdict == SAME:
        values = sum(output.elements.size for output in diff.outputs if output.elements is not None)
        text.append("same", "bold green")
        text.append(f" in all {count(diff.common, 'output')} that both have: {values:,} values{how}\n")
    else:
        many = f"{len(diff.differing)} of {count(diff.common, 'output')} differ{how}\n"
        if diff.verdict == TIES:
            text.append("different only in the order of equal values", "bold yellow")
        else:
            text.append("different", "bold red")
        text.append(f": {many}")
        introduced = dict.fromkeys(output.stage for output in diff.differing if output.isolated == INTRODUCED)
        if introduced:
            text.append(f"introduced in {', '.join(introduced)}: B's stages on A's own inputs give something else\n")
    for verdict in (ONLY_A, ONLY_B):
        names = [output.key for output in diff.only(verdict)]
        if names:
            more = f" and {len(names) - SHOWN_AT_MOST} more" if len(names) > SHOWN_AT_MOST else ""
            text.append(f"{verdict}: {', '.join(names[:SHOWN_AT_MOST])}{more}\n", "dim")


def _first(text: Text, diff: TraceDiff, first: OutputDiff) -> None:
    stages = list(dict.fromkeys(output.stage for output in diff.outputs))
    text.append("\nFirst divergence", "bold")
    text.append(f"  stage {stages.index(first.stage) + 1} {first.stage}, ")
    text.append(f"{first.name}", "bold")
    text.append(f" ({first.unit})")
    if first.isolated:
        text.append(f"  {first.isolated}", _COLOUR.get(first.isolated, "dim"))
    if first.mark == BY_TIES:
        text.append("  ties", _COLOUR[BY_TIES])
    text.append("\n")
    if first.what_a != first.what_b:
        text.append(f"  A {first.what_a}\n  B {first.what_b}\n")
    if "pairs" in first.reasons and first.place is not None:
        only = ((first.pairs_only_a, "only in A"), (first.pairs_only_b, "only in B"))
        said = " and ".join(f"{count(number, 'candidate pair')} {where}" for number, where in only if number)
        text.append(f"  {said}; the first is\n  {first.name}{first.place}\n")
    elements = first.elements
    if elements is None or not elements.differing or first.place is None:
        return
    text.append(f"  {first.name}{first.place}\n")
    for side, value, dtype in zip("AB", (elements.a, elements.b), _dtypes(first), strict=True):
        text.append(f"  {side} ", "cyan")
        text.append(f"{value_text(value, dtype)}\n", "bold")
    text.append(f"  {elements.differing:,} of {elements.size:,} elements differ")
    if elements.on_positives and not elements.matter:
        text.append("\n  all on background, which training does not read")
    if elements.passing is not None:
        text.append(f"\n  the smallest tolerance that passes: --tol {first.name}={elements.passing:g}")
    elif elements.a.__class__ is float:
        text.append("\n  no tolerance passes: nan and infinities must be equal")
    text.append("\n")


def _consequence(text: Text, console: Console, found: Consequences | None) -> None:
    text.append("\nConsequence", "bold")
    if found is None:
        text.append("  unknown: the two traces do not tell the owners of the same anchors\n")
        return
    before, after = found.positives
    if not found.changes:
        text.append(f"  no anchor changes its owner; {count(before, 'positive')} on both sides\n")
        return
    verb = "changes" if len(found.changes) == 1 else "change"
    text.append(f"  {count(len(found.changes), 'anchor')} {verb} owner; positives {before} -> {after}\n")
    for change in found.changes[:SHOWN_AT_MOST]:
        text.append(f"  {change}\n")
    _more(text, len(found.changes), "anchor")
    boxes = sorted(found.boxes, key=lambda box: (not box.lost_all, not box.found_first))
    for box in boxes[:SHOWN_AT_MOST]:
        said = [
            f"{number} {word}"
            for number, word in (
                (box.gained, "gained"),
                (box.lost, "lost"),
                (box.won, "won from other boxes"),
                (box.moved, "moved to other boxes"),
            )
            if number
        ]
        text.append(f"  image {box.image} gt {box.gt}: positives {box.before} -> {box.after} ({', '.join(said)})")
        if box.lost_all:
            text.append("  lost all its positives", "bold red")
        text.append("\n")
    _more(text, len(boxes), "box")


def _more(text: Text, number: int, noun: str) -> None:
    if number > SHOWN_AT_MOST:
        text.append(f"  ... and {count(number - SHOWN_AT_MOST, f'more {noun}')}; --json has all\n", "dim")


def _later(outputs: list[OutputDiff], console: Console) -> Text:
    """One line per output behind the first; a narrow terminal does without the place of the worst element."""
    head = ("stage", "output", "differ", "A", "B", "worst at", "")
    rows = [head, *((out.stage, out.name, _many(out), *_worst(out), _origin(out)) for out in outputs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    if console.is_terminal and sum(widths) + 2 * len(widths) > console.width:
        widths[head.index("worst at")] = 0
    text = Text("\nLater differences\n", "bold")
    for row in rows:
        cells = [
            f"{cell:>{width}}" if title in ("differ", "A", "B") else f"{cell:<{width}}"
            for cell, width, title in zip(row[:-1], widths, head, strict=False)
            if width
        ]
        line = "  ".join(cells)
        text.append(line if row[-1] else line.rstrip(), "dim" if row is head else "")
        text.append(f"  {row[-1]}".rstrip() + "\n", _COLOUR.get(row[-1], "dim"))
    return text


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


def _whys(console: Console, diff: TraceDiff) -> None:
    """Why a stage was not rerun, or not reproduced: once a stage."""
    text = Text()
    for stage, why in {output.stage: output.why for output in diff.differing if output.why}.items():
        _wrapped(text, console, f"\n{stage}: ", why, "dim")
    console.print(text, soft_wrap=True, end="")


def value_text(value: Any, dtype: Any = np.float64) -> str:
    """A value in its shortest form that reads back to the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value, 17, dtype) if isinstance(value, float) else str(value)


def _wrapped(text: Text, console: Console, head: str, said: str, style: str) -> None:
    """``head`` and ``said``, wrapped under each other on a terminal, whole otherwise."""
    if not console.is_terminal:
        text.append(f"{head}{said}\n", style)
        return
    margin = len(head.strip("\n"))
    parts = [part.plain.rstrip() for part in Text(said).wrap(console, max(20, console.width - margin - 1))]
    for i, part in enumerate(parts or [""]):
        text.append(f"{head if i == 0 else ' ' * margin}{part}\n", style)

"""One HTML file about one history or two, in the style of the page of a trace. It has no script and loads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from ..basics.box_sizes import SIZES
from ..page.html import policy
from ..page.html import template as template_of_page
from .against import STARVING_IN, Against
from .boxes import Box
from .charts import COLOURS, Curve, curves_chart, levels_map
from .history import Epoch, Group, History
from .tables import (
    Cells,
    epoch_table,
    group_title,
    level_table,
    pair_table,
    size_table,
    starving_line,
    starving_table,
)

MOST_BOXES = 1000
"""Rows of the table of starving boxes."""

Value = Callable[[Epoch, int | None], float | None]
CHARTS: Sequence[tuple[str, str, Value]] = (
    # title, unit, number of an epoch: of all boxes, or of those of a class of size
    ("Positives per box", "", lambda epoch, size: epoch.tally.per_box(size)),
    ("Boxes without positives", "%", lambda epoch, size: epoch.tally.share_without(size)),
    ("Churn since the validation before", "", lambda epoch, size: epoch.churn.mean(size) if epoch.churn else None),
)


def history_html(
    histories: Sequence[History], against: Against | None, link: Callable[[Box], str] = lambda box: ""
) -> bytes:
    """The page as UTF-8.

    Args:
        histories: one, or two that are called A and B.
        against: B against A, None if there is one.
        link: the address that shows a box, empty if there is none.
    """
    style = template_of_page("style.css") + _template("history.css")
    runs = dict(zip("AB", histories, strict=True)) if against else {"": histories[0]}
    groups = list(dict.fromkeys(group for history in histories for group in history.groups))
    body = [
        "<header><h1>Label assignment in the course of a training</h1></header>",
        *_about(runs),
        *(_settings(against) if against else ()),
        *(part for group in groups for part in _group(group, runs, against)),
        *(_starving_in(against) if against else ()),
        *(part for name, history in runs.items() for part in _starving(name, history, link)),
        "<footer><p>Written by yolo-assign history.</p></footer>",
    ]
    filled = Template(_template("history.html")).substitute(
        policy=policy(style, None), style=style, body="\n".join(body)
    )
    return filled.encode("utf-8", "backslashreplace")


def _template(name: str) -> str:
    return (files(__package__) / "template" / name).read_text(encoding="utf-8")


def _about(runs: Mapping[str, History]) -> Iterable[str]:
    for name, history in runs.items():
        yield f"<p><strong>{escape(f'{name}  {history.name}'.strip())}</strong> {escape(history.recorded.title)}</p>"
        if history.notes:
            yield f'<ul class="facts">{"".join(f"<li>{escape(note)}</li>" for note in history.notes)}</ul>'


def _settings(against: Against) -> Iterable[str]:
    if against.settings:
        columns = zip(("setting", "A", "B"), zip(*against.settings, strict=True), strict=True)
        table = _table("of release, assigners, trainer", [Cells(title, cells, words=True) for title, cells in columns])
        yield f'<section class="panel"><h2>Settings that differ</h2>{table}</section>'


def _group(group: Group, runs: Mapping[str, History], against: Against | None) -> Iterable[str]:
    part, head = group
    shown = {name: history for name, history in runs.items() if group in history.groups}
    epochs = {name: history.groups[group] for name, history in shown.items()}
    title = group_title(group)
    sizes = [n for n in range(len(SIZES)) if any(e.tally.boxes[n] for of_run in epochs.values() for e in of_run)]
    yield f'<section class="panel" id="{part}-{head}"><h2>{title}</h2><div class="charts">'
    for name, unit, value in CHARTS:
        curves = list(_curves(epochs, sizes, value))
        if curves:
            drawn = curves_chart(f"{title}: {name}", curves, unit)
            yield f"<div><h3>{name}</h3>{drawn}{_legend(sizes, shown)}</div>"
    for name, history in shown.items():
        counted = [epoch for epoch in epochs[name] if epoch.tally.calls]
        levels = [level for level in history.levels if any(level in epoch.tally.positives for epoch in counted)]
        if levels:
            shares = {epoch.number: {level: epoch.tally.share_of(level) for level in levels} for epoch in counted}
            of_run = f" <small>{name}</small>" if name else ""
            drawn = levels_map(f"{title}: share of the positives by level {name}".strip(), levels, shares)
            yield f"<div><h3>Share of the positives by level{of_run}</h3>{drawn}{_scale()}</div>"
    yield "</div>"
    yield "<details><summary>Numbers</summary>"
    pairs = against.pairs.get(group, ()) if against else ()
    if pairs:
        yield _table(f"{title}, in brackets the difference to A", pair_table(pairs))
        yield _table(f"{title} by size", size_table(*pairs[-1])) + _table(f"{title} by level", level_table(*pairs[-1]))
    for name, history in shown.items():
        caption = f"{title} {name}".strip() + "; by size: positives per box / without; by level: of the positives"
        yield _table(caption, epoch_table(history, epochs[name]))
    yield "</details></section>"


def _curves(epochs: Mapping[str, Sequence[Epoch]], sizes: Sequence[int], value: Value) -> Iterable[Curve]:
    for run, of_run in epochs.items():
        for size in (None, *sizes):
            values = {epoch.number: value(epoch, size) for epoch in of_run}
            if any(number is not None for number in values.values()):
                name = "all" if size is None else f"{SIZES[size]} px"
                style = f"size-{'all' if size is None else size}{' second' if run == 'B' else ''}"
                yield Curve(f"{run} {name}".strip(), style, values)


def _legend(sizes: Sequence[int], runs: Iterable[str]) -> str:
    keys = [("all boxes", "size-all"), *((f"{SIZES[n]} px", f"size-{n}") for n in sizes)]
    of_runs = [(run, "size-all second" if run == "B" else "size-all") for run in runs if run]
    return _keys([*keys, *of_runs])


def _scale() -> str:
    drawn = "".join(f'<rect class="ramp-{n}" x="{16 * n}" width="16" height="16"/>' for n in range(COLOURS))
    scale = f'<svg class="scale" viewBox="0 0 {16 * COLOURS} 16" aria-hidden="true">{drawn}</svg>'
    return f'<ul class="legend"><li>0% {scale} 100%</li></ul>'


def _keys(keys: Iterable[tuple[str, str]]) -> str:
    """Names with a piece of their curve each."""
    items = (
        f'<li><svg class="key" viewBox="0 0 26 16" aria-hidden="true"><path class="curve {style}" d="M0 8H26"/></svg>'
        f"{escape(name)}</li>"
        for name, style in keys
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _starving(name: str, history: History, link: Callable[[Box], str]) -> Iterable[str]:
    boxes = history.boxes.starving()
    shown = boxes[:MOST_BOXES]
    yield f'<section class="panel starving"><h2>Boxes that starved in every epoch <small>{name}</small></h2>'
    yield "".join(f"<p>{escape(head)}: {escape(starving_line(history, head))}</p>" for head in history.heads)
    if shown:
        yield _table("their labels, and why", starving_table(history, shown), [link(box) for box in shown])
    if len(boxes) > len(shown):
        yield f'<p class="hint">{len(boxes) - len(shown)} more are in the JSON document</p>'
    yield "</section>"


def _starving_in(against: Against) -> Iterable[str]:
    counts = ", ".join(f"{len(boxes)} in {STARVING_IN[name]}" for name, boxes in against.starving.items())
    yield f"<p>Boxes that starve: {counts}.</p>"


def _table(caption: str, columns: Sequence[Cells], links: Sequence[str] = ()) -> str:
    """``links`` are those of the cells of the first column, empty where there is none."""
    styles = ["words" if column.words else "figure" for column in columns]
    titles = "".join(
        f'<th scope="col" class="{style}">{escape(c.title)}</th>' for c, style in zip(columns, styles, strict=True)
    )
    rows = []
    for n, row in enumerate(zip(*(column.cells for column in columns), strict=True)):
        texts = [escape(cell) for cell in row]
        if links and links[n]:
            texts[0] = f'<a href="{escape(links[n])}">{texts[0]}</a>'
        cells = (f'<td class="{style}">{text}</td>' for text, style in zip(texts, styles, strict=True))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = f"<caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead>"
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table>{head}<tbody>{''.join(rows)}</tbody></table></div>"
    )

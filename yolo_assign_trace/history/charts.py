"""Charts as SVG: curves over epochs, and levels by epoch as a map of colours. Texts of others are escaped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 480, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 34
ROW = 26
"""Height of a level of a map."""
COLOURS = 8
DOTTED_UP_TO = 60
"""Epochs that get a dot and its number each; of more there is the curve alone."""


@dataclass(frozen=True)
class Curve:
    """A number by epoch.

    Attributes:
        name: for legends.
        style: classes of the stylesheet.
        values: by epoch; None is a gap.
    """

    name: str
    style: str
    values: Mapping[int, float | None]


def curves_chart(label: str, curves: Sequence[Curve], unit: str = "") -> str:
    """Curves over the same epochs, from 0 up; ``unit`` is ``%`` for shares."""
    epochs = sorted({epoch for curve in curves for epoch in curve.values})
    known = [value for curve in curves for value in curve.values.values() if value is not None]
    ticks = ticks_to(max(known, default=0.0))
    span = max(1, epochs[-1] - epochs[0])

    def x(epoch: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((epoch - epochs[0]) / span if len(epochs) > 1 else 0.5)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / ticks[-1]

    parts = []
    for tick in ticks:
        parts.append(f'<path class="rule" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="end" x="{LEFT - 6}" y="{y(tick) + 4:.1f}">{_text(tick, unit)}</text>')
    parts += _epochs({epoch: x(epoch) for epoch in epochs}, HEIGHT)
    for curve in curves:
        points = [(epoch, value) for epoch, value in sorted(curve.values.items()) if value is not None]
        path = _path([(x(epoch), y(value)) for epoch, value in points], _breaks(curve))
        parts.append(f'<path class="curve {curve.style}" d="{path}"/>')
        if len(epochs) <= DOTTED_UP_TO:
            for epoch, value in points:
                told = escape(f"epoch {epoch}, {curve.name}: {_text(value, unit)}")
                parts.append(
                    f'<circle class="dot {curve.style}" cx="{x(epoch):.1f}" cy="{y(value):.1f}" r="3">'
                    f"<title>{told}</title></circle>"
                )
    return _svg(label, HEIGHT, parts)


def levels_map(label: str, levels: Sequence[str], shares: Mapping[int, Mapping[str, float | None]]) -> str:
    """A row a level, a column an epoch; the colour is the level's share of the positives."""
    epochs = list(shares)
    step = (WIDTH - LEFT - RIGHT) / len(epochs)
    height = TOP + ROW * len(levels) + BOTTOM
    parts = []
    for row, level in enumerate(levels):
        top = TOP + ROW * row
        parts.append(f'<text class="end" x="{LEFT - 6}" y="{top + ROW / 2 + 4}">{escape(level)}</text>')
        for column, epoch in enumerate(epochs):
            share = shares[epoch].get(level)
            if share is not None:
                colour = min(COLOURS - 1, int(share * COLOURS))
                told = escape(f"epoch {epoch}, {level}: {_text(share, '%')}")
                parts.append(
                    f'<rect class="ramp-{colour}" x="{LEFT + step * column:.2f}" y="{top}" width="{step:.2f}" '
                    f'height="{ROW - 2}"><title>{told}</title></rect>'
                )
    parts += _epochs({epoch: LEFT + step * (n + 0.5) for n, epoch in enumerate(epochs)}, height)
    return _svg(label, height, parts)


def ticks_to(largest: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to the first that is not below ``largest``.

    >>> ticks_to(8.7), ticks_to(0.034), ticks_to(0)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [0.0, 0.01, 0.02, 0.03, 0.04], [0.0, 1.0])
    """
    if largest <= 0:
        return [0.0, 1.0]
    size = 10.0 ** math.floor(math.log10(largest / most))
    step = next(size * times for times in (1, 2, 5, 10) if size * times * most >= largest)
    return [round(step * n, 10) for n in range(math.ceil(round(largest / step, 9)) + 1)]


def _epochs(places: Mapping[int, float], height: float) -> Iterator[str]:
    """Numbers of some epochs below a chart."""
    epochs = list(places)
    every = math.ceil(len(epochs) / 8)
    for epoch in epochs[::every]:
        yield f'<text class="middle" x="{places[epoch]:.1f}" y="{height - BOTTOM + 16}">{epoch}</text>'
    yield f'<text class="end" x="{WIDTH - RIGHT}" y="{height - 3}">epoch</text>'


def _breaks(curve: Curve) -> set[int]:
    """Which of the points that have a number begin the curve anew: the first, and those behind a gap."""
    begins, after_gap, number = set(), True, 0
    for _, value in sorted(curve.values.items()):
        if value is None:
            after_gap = True
            continue
        if after_gap:
            begins.add(number)
        after_gap, number = False, number + 1
    return begins


def _path(points: Sequence[tuple[float, float]], begins: set[int]) -> str:
    return "".join(f"{'M' if n in begins else 'L'}{x:.1f} {y:.1f}" for n, (x, y) in enumerate(points))


def _text(value: float, unit: str) -> str:
    return f"{100 * value:.3g}%" if unit == "%" else f"{value:.3g}"


def _svg(label: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )

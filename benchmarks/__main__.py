"""``python -m benchmarks [SUITE ...]``: one table of ratios; all of them by default."""

from __future__ import annotations

import argparse
import importlib
import sys

SUITES = (
    "startup",
    "log_text",
    "assign",
    "facts",
    "labels",
    "audit",
    "diff",
    "memory",
    "watch",
    "drop_in",
    "fast_training",
)
LARGE = ("audit_large",)
"""Suites that take so long, or so much room, that they are run only by name."""
KNOWN = (*SUITES, *LARGE)
TITLES = ("A : B", "A", "B", "ratio, median (min–max)", "target", "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and memory as ratios.")
    parser.add_argument("suite", nargs="*", help=f"which to run: {', '.join(KNOWN)}; default: {', '.join(SUITES)}")
    chosen = parser.parse_args().suite or SUITES
    for name in chosen:
        if name not in KNOWN:
            parser.error(f"there is no suite {name!r}; there are {', '.join(KNOWN)}")
    rows = [TITLES]
    for name in chosen:
        print(f"running {name} ...", file=sys.stderr)
        lines = importlib.import_module(f".{name}", __package__).lines()
        rows += [line.cells() for line in lines]
    rows.insert(1, tuple("-" * max(3, len(title)) for title in TITLES))
    widths = [max(len(row[i]) for row in rows) for i in range(len(TITLES))]
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")


if __name__ == "__main__":
    main()

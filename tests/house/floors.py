"""The floors of the house; docs/architecture.md draws them."""

from __future__ import annotations

from pathlib import Path

import yolo_assign_trace

PACKAGE = Path(yolo_assign_trace.__file__).parent

FLOORS = (
    ("cli",),
    ("cli.screens",),
    ("history", "audit.page"),
    ("page", "audit", "check"),
    ("explain", "draw", "compare"),
    ("training",),
    ("traces",),
    ("inputs",),
    ("inputs.datasets", "inputs.models"),
    ("inputs.labels", "inputs.heads"),
    ("inputs.reading",),
    ("tracers", "sweep"),
    ("run",),
    ("formats",),
    ("assignment.untraced", "assignment.loss"),
    ("assignment",),
    ("basics",),
)
"""From the top down. A room uses what stands below it; neighbours may use each other, but not in a circle."""

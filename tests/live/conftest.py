"""Real trainings are run by ``make test-live`` alone."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("LIVE") else ["test_*.py"]
collect_ignore = ["assigner_beside.py"]  # a program for the Python that has the releases

"""Damaged logs, traces, captures and heads end with a message and exit code 2, or do no harm; none is a defect."""

from __future__ import annotations

import pytest

from tests.hostile.fuzz_files import KINDS, end_well


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(folder, kind):
    """``python -m tests.hostile.fuzz_files 20000`` is the same with more files."""
    ended = end_well(150, 7, [kind], folder)
    assert ended[f"{kind}: 2"] > 50
    assert ended[f"{kind}: 0"]

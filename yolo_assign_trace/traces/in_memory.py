"""A trace that was just made, in the form of one that was read back from a file."""

from __future__ import annotations

from ..tracers.memory import Memory
from .stored import StoredOutput, StoredTrace


def stored_trace(memory: Memory) -> StoredTrace:
    """What a run left in memory as a :class:`StoredTrace`, so that whatever reads files can read it too.

    The arrays are shared, not copied; they are read-only.
    """
    run = memory.run
    outputs = {key: StoredOutput(record.stage, record.output, record.array) for key, record in memory.records.items()}
    return StoredTrace(run.header(), run.grid, outputs, settings=run.trace_settings())

"""An audit: a dataset in shards, each counted by some worker, the results added up in order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from ..inputs.datasets.entries import Dataset
from .question import Question
from .shard import Shard, audit_shard
from .store import Store
from .tables import require_tables
from .tally import Tally
from .workers import Pool, results

SHARD, _LEAST, _SHARDS = 20_000, 2_000, 16
"""Images of a shard at most, at least; and shards that a dataset is cut into in between."""


def audit(
    dataset: Dataset,
    question: Question,
    pool: Pool,
    *,
    folder: Path | None = None,
    tables: Path | None = None,
    shard: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Tally:
    """Read and count a dataset. The result does not depend on who works, nor on what was lost on the way.

    Args:
        dataset: the images.
        question: what is asked.
        pool: who works.
        folder: results of shards are kept there, and taken from there.
        tables: folder for the tables of boxes and pictures, None for none.
        shard: images of a shard; by default what their number says, never that of the workers.
        progress: is told how many images are done.

    Raises:
        InputError: a folder that cannot be used, or a shard whose worker was lost again and again.
    """
    size = shard or min(SHARD, max(_LEAST, len(dataset.entries) // _SHARDS))
    shards = list(cut(dataset, size, question.batch))
    total = Tally.empty(len(question.readings), len(question.combinations), len(question.ladders()), question.keep)
    for read in total.read:
        for finding in dataset.findings:
            read.survey.add([finding])
    store = None
    if folder:
        plan = {"source": dataset.name, "files": _digest(dataset), "shards": len(shards), "tables": str(tables or "")}
        store = Store(folder, question, plan)
    if tables:
        require_tables(tables, anew=not (store and store.begun))
    waiting: dict[int, Tally] = {}  # results that came before one that is due
    due = 0
    work = partial(audit_shard, question=question, tables=tables)
    enough = len(dataset.entries) >= pool.least
    with closing(_all(shards, store, work, pool if enough else Pool(1))) as done:
        for number, tally in done:
            waiting[number] = tally
            while due in waiting:
                total.merge(waiting.pop(due), question.keep)
                progress(len(shards[due].entries))
                due += 1
    return total


def _all(
    shards: list[Shard], store: Store | None, work: Callable[[Shard], Tally], pool: Pool
) -> Generator[tuple[int, Tally]]:
    """The results that are there already, then the others, which are kept."""
    missing = []
    for shard in shards:
        tally = store.load(shard.number) if store else None
        if tally:
            yield shard.number, tally
        else:
            missing.append(shard)
    with closing(results(missing, work, pool)) as done:
        for number, tally in done:
            if store:
                store.save(number, tally)
            yield number, tally


def cut(dataset: Dataset, size: int, batch: int) -> Iterator[Shard]:
    """The dataset in shards of about ``size`` images, whole batches each."""
    size = max(1, size // batch) * batch
    for number, first in enumerate(range(0, len(dataset.entries), size)):
        yield Shard(number, first, dataset.entries[first : first + size])


def _digest(dataset: Dataset) -> str:
    names = hashlib.sha256()
    for entry in dataset.entries:
        names.update(os.fsencode(entry.label) + b"\n")
    return names.hexdigest()[:16]

"""An audit: shards handed out to whatever executor there is, their results added up in order."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..basics.errors import InputError
from ..inputs.datasets.entries import Dataset
from ..inputs.datasets.processes import signals_kept
from .question import Question
from .shard import Shard, audit_shard
from .store import Store
from .tally import Tally

SHARD, _LEAST, _SHARDS = 20_000, 2_000, 16
"""Images of a shard at most, at least; and shards that a dataset is cut into in between."""

TRIES = 3
"""How often a shard is handed out whose worker was lost."""

Workers = Callable[[], "Executor"]
"""Starts an executor; called again if its workers were lost."""


@dataclass(frozen=True)
class Pool:
    """Who works: ``start`` makes an executor of ``workers`` workers, None for the process itself."""

    workers: int
    start: Workers | None = None


def process_pool(processes: int | None, images: int) -> Pool:
    """As many processes as asked for; by default one a core, and none where few images are not worth it."""
    asked = processes or (os.cpu_count() or 1 if images >= 2 * _LEAST else 1)
    workers = min(asked, -(-images // _LEAST) or 1)
    if workers == 1:
        return Pool(1)
    return Pool(workers, lambda: ProcessPoolExecutor(workers, initializer=_leave_signals))


def _leave_signals() -> None:
    """Ctrl-C is for the process that started the others; it ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def audit(
    dataset: Dataset,
    question: Question,
    pool: Pool,
    *,
    folder: Path | None = None,
    shard: int | None = None,
    work: Callable[[Shard, Question], Tally] = audit_shard,
    progress: Callable[[int], None] = lambda done: None,
) -> Tally:
    """Read and count a dataset. The result does not depend on who works, nor on what was lost on the way.

    Args:
        dataset: the images.
        question: what is asked.
        pool: who works.
        folder: results of shards are kept there, and taken from there.
        shard: images of a shard; by default what their number says, never that of the workers.
        work: what is done with a shard.
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
    store = Store(folder, question, dataset.name, len(shards), _digest(dataset)) if folder else None
    done = {each.number: tally for each in shards if store and (tally := store.load(each.number))}
    due = 0

    def add() -> None:
        nonlocal due
        while due in done:
            total.merge(done.pop(due), question.keep)
            progress(len(shards[due].entries))
            due += 1

    add()
    open_shards = [each for each in shards if each.number >= due and each.number not in done]
    for number, tally in _results(open_shards, question, pool, work):
        if store:
            store.save(number, tally)
        done[number] = tally
        add()
    return total


def cut(dataset: Dataset, size: int, batch: int) -> Iterator[Shard]:
    """The dataset in shards of about ``size`` images, whole batches each. How many workers there are is nothing."""
    size = max(1, size // batch) * batch
    for number, first in enumerate(range(0, len(dataset.entries), size)):
        yield Shard(number, first, dataset.entries[first : first + size])


def _digest(dataset: Dataset) -> str:
    names = hashlib.sha256()
    for entry in dataset.entries:
        names.update(os.fsencode(entry.label) + b"\n")
    return names.hexdigest()[:16]


def _results(
    shards: Sequence[Shard], question: Question, pool: Pool, work: Callable[[Shard, Question], Tally]
) -> Iterator[tuple[int, Tally]]:
    """Number and result of every shard, as they are done."""
    if pool.start is None:
        for shard in shards:
            yield shard.number, work(shard, question)
        return
    tries = dict.fromkeys((shard.number for shard in shards), 0)
    waiting = list(reversed(shards))
    while waiting:
        with _started(pool.start) as executor:
            running: dict[Future[Tally], Shard] = {}
            lost = list[Shard]()
            while waiting or running:
                while waiting and len(running) < 2 * pool.workers and not lost:
                    shard = waiting.pop()
                    try:
                        with signals_kept():  # a process that is just started cannot take Ctrl-C
                            running[executor.submit(work, shard, question)] = shard
                    except BrokenExecutor:
                        lost.append(shard)
                for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    shard = running.pop(future)
                    error = future.exception()
                    if error is None:
                        yield shard.number, future.result()
                    elif isinstance(error, BrokenExecutor) or type(error).__module__.startswith("distributed"):
                        lost.append(shard)
                    else:
                        raise error
                if lost and not running:
                    break
        for shard in lost:
            tries[shard.number] += 1
            if tries[shard.number] >= TRIES:
                message = f"the worker that counts {shard.entries[0].label} and those behind it was lost {TRIES} times"
                raise InputError("worker-lost", message, hint="it may lack memory: use fewer processes")
        waiting += sorted(lost, key=lambda shard: -shard.number)


@contextmanager
def _started(start: Workers) -> Iterator[Executor]:
    """An executor that is ended at once, with its processes, if something goes wrong."""
    others = multiprocessing.active_children()
    executor = start()
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            if process not in others:
                process.kill()
        raise
    executor.shutdown()

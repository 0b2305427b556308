"""Who counts shards: this process, a pool of processes, a Dask cluster, or any other executor."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

from ..basics.errors import InputError, Parameter, reason_of
from ..inputs.datasets.processes import signals_kept
from .shard import Shard
from .tally import Tally

Work = Callable[[Shard], Tally]

TRIES = 3
"""How often a shard is handed out whose worker was lost."""

_WORTH_PROCESSES = 4_000
"""Images."""

_DASK = "dask://"

PATIENCE = "10s"
"""How long a scheduler has to answer."""


@dataclass(frozen=True)
class Pool:
    """``start`` makes an executor of ``workers`` workers, again if they are lost; None: this process counts.

    So it does for fewer images than ``least``.
    """

    workers: int
    start: Callable[[], Executor] | None = None
    least: int = 0


@contextmanager
def process_pool(processes: int | None = None) -> Iterator[Pool]:
    """As many processes as asked for; by default one a core, which few images are not worth.

    They are started at once: before this process has much memory and threads of its own, and to load what they need
    while it looks for files.
    """
    workers = processes or os.cpu_count() or 1
    if workers == 1:
        yield Pool(1)
        return
    others = multiprocessing.active_children()
    ready = [_processes(workers)]
    try:
        yield Pool(workers, lambda: ready.pop() if ready else _processes(workers), 0 if processes else _WORTH_PROCESSES)
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in others:
                process.kill()
        raise
    finally:
        for executor in ready:
            executor.shutdown()


def _processes(workers: int) -> ProcessPoolExecutor:
    executor = ProcessPoolExecutor(workers, initializer=_begin)
    with signals_kept():  # a process that is just started cannot take Ctrl-C
        for _ in range(workers):
            executor.submit(os.getpid)
    return executor


def _begin() -> None:
    """In a worker: Ctrl-C is for the process that started it, which ends it; without that one it ends itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def dask_pool(address: str) -> Iterator[Pool]:
    """The workers of a Dask cluster, whose scheduler is at ``dask://host:port``; they must see the same files.

    Raises:
        InputError: Dask is not installed, or there is no such cluster.
    """
    where = Parameter("on")
    if not address.startswith(_DASK):
        hint = "write dask://host:port, the address of the scheduler"
        raise InputError("unknown-cluster", f"{address!r} is no cluster", where=where, hint=hint)
    try:
        import distributed
    except ImportError:
        hint = "pip install 'yolo-assign-trace[dask]'"
        raise InputError("missing-package", "distributed is not installed", where=where, hint=hint) from None
    try:
        client = distributed.Client(f"tcp://{address.removeprefix(_DASK)}", timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError("no-such-cluster", f"{address} does not answer: {reason_of(error)}", where=where) from None
    try:
        workers = sum(client.ncores().values())
        if not workers:
            raise InputError("no-workers", f"the cluster at {address} has no workers", where=where)
        yield Pool(workers, lambda: client.get_executor(pure=False, retries=TRIES))
    finally:
        client.close()


def results(shards: Sequence[Shard], work: Work, pool: Pool) -> Generator[tuple[int, Tally]]:
    """Number and result of every shard, as they are done. Shards whose worker is lost are handed out again.

    Close the iterator to stop.

    Raises:
        InputError: a shard whose worker was lost again and again.
    """
    if pool.start is None:
        for shard in shards:
            yield shard.number, work(shard)
        return
    waiting, losses = deque(shards), Counter[int]()
    while waiting:
        with _started(pool.start) as executor:
            lost = yield from _until_lost(executor, waiting, work, 2 * pool.workers)
        for shard in lost:
            losses[shard.number] += 1
            if losses[shard.number] == TRIES:
                files = f"{shard.entries[0].label} and the files behind it"
                message = f"the worker that counts {files} was lost {TRIES} times"
                raise InputError("worker-lost", message, hint="it may lack memory: use fewer `processes`")
        waiting.extendleft(reversed(lost))


def _until_lost(
    executor: Executor, waiting: deque[Shard], work: Work, at_once: int
) -> Generator[tuple[int, Tally], None, list[Shard]]:
    """Hand out shards until all are done or a worker is lost; what was lost is returned."""
    running: dict[Future[Tally], Shard] = {}
    lost: list[Shard] = []
    while running or (waiting and not lost):
        while waiting and not lost and len(running) < at_once:
            shard = waiting.popleft()
            try:
                running[executor.submit(work, shard)] = shard
            except BrokenExecutor:
                lost.append(shard)
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            shard = running.pop(future)
            if _was_lost(future.exception()):
                lost.append(shard)
            else:
                yield shard.number, future.result()
    return sorted(lost, key=lambda shard: shard.number)


def _was_lost(error: BaseException | None) -> bool:
    """Was it the worker that failed, not the work? Dask has errors of its own for that."""
    return isinstance(error, BrokenExecutor) or type(error).__module__.startswith("distributed")


@contextmanager
def _started(start: Callable[[], Executor]) -> Iterator[Executor]:
    """An executor that takes nothing more if something goes wrong."""
    executor = start()
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()

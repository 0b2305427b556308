"""A function over many parts in several processes, which no signal can leave waiting for each other.

The processes share nothing: each has a pipe of its own, so there is no lock that one of them could die with. They do
not listen to Ctrl-C; whoever started them ends them.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Part], Result], parts: Iterable[Part], processes: int
) -> Generator[tuple[Part, Result]]:
    """Every part with what ``function`` makes of it, in their order; close the iterator to end the processes.

    Raises:
        MemoryError: a process was ended from outside, as a system does that lacks memory.
        Exception: whatever ``function`` raises.
    """
    workers: dict[Any, multiprocessing.Process] = {}
    try:
        with signals_kept():
            for _ in range(processes):
                here, there = multiprocessing.Pipe()
                process = multiprocessing.Process(target=_work, args=(there, function), daemon=True)
                process.start()
                there.close()  # so that the end of the process is the end of the pipe
                workers[here] = process
        yield from _distribute(list(workers), parts)
    finally:
        for process in workers.values():
            process.kill()
        for here, process in workers.items():
            process.join()
            here.close()


def _distribute(idle: list[Any], parts: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    ahead = 2 * len(idle)  # results that may wait for an earlier one
    waiting = enumerate(parts)
    busy: dict[Any, int] = {}
    taken: dict[int, Any] = {}
    done: dict[int, Any] = {}
    due = 0
    while True:
        while idle and len(done) < ahead and (task := next(waiting, None)) is not None:
            number, taken[number] = task
            busy[idle[-1]] = number
            _send(idle.pop(), task[1])
        if not busy:
            return
        for here in wait(list(busy)):
            done[busy.pop(here)] = _receive(here)
            idle.append(here)
        while due in done:
            yield taken.pop(due), done.pop(due)
            due += 1


def _send(worker: Any, part: Any) -> None:
    try:
        worker.send(part)
    except (BrokenPipeError, ConnectionResetError):
        raise MemoryError from None


def _receive(worker: Any) -> Any:
    try:
        failed, result = worker.recv()
    except (EOFError, ConnectionResetError):
        raise MemoryError from None
    if failed:
        raise result
    return result


def _work(pipe: Connection[Any, Any], function: Callable[[Any], Any]) -> None:
    """In the process: one part after the other, until it is ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    answer: tuple[bool, Any]
    while True:
        try:
            part = pipe.recv()
        except (EOFError, OSError):  # whoever started it is gone
            return
        try:
            answer = (False, function(part))
        except Exception as error:
            answer = (True, error)
        pipe.send(answer)


@contextmanager
def signals_kept() -> Iterator[None]:
    """Ctrl-C has to wait; what is started meanwhile does not get it at all."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""Other people's tracers: installed ones and ones named as package.module:Class."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ..basics.errors import InputError, Parameter, did_you_mean
from ..basics.named_objects import load_object
from ..run.record import BoxLine, Fact, Record, Run, StageStart, Tracer

GROUP = "yolo_assign_trace.tracers"


def installed() -> dict[str, EntryPoint]:
    """Tracers that installed packages register, by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_named(name: str) -> Tracer:
    """The tracer that a user asked for, by its registered name or as ``package.module:Class``.

    Raises:
        InputError: it cannot be found, imported or made; also later, when it breaks in use.
    """
    registered = installed()
    if ":" not in name and name not in registered:
        raise InputError(
            "unknown-tracer",
            f"no installed tracer is called {name!r}",
            where=Parameter("tracer"),
            hint=did_you_mean(name, registered) if registered else "name one as package.module:Class",
        )

    def refuse(error: BaseException | str) -> None:
        raise InputError(
            "broken-tracer", f"the tracer {name} failed: {_reason(error)}", where=Parameter("tracer")
        ) from None

    if ":" in name:
        return Guarded(_make(load_object(name, "tracer", Parameter("tracer")), refuse), refuse)
    try:
        target = registered[name].load()
    except (Exception, SystemExit) as error:
        refuse(error)
    return Guarded(_make(target, refuse), refuse)


def load_installed(warn: Callable[[str], None], *, except_for: set[str]) -> list[Tracer]:
    """All registered tracers; one that breaks, now or later, is dropped with a warning."""
    tracers: list[Tracer] = []
    for name, entry in installed().items():
        if name in except_for:
            continue

        def drop(error: BaseException | str, name: str = name) -> None:
            warn(f"the installed tracer {name!r} failed and is left out: {_reason(error)}")

        try:
            tracers.append(Guarded(_make(entry.load(), drop), drop))
        except (Exception, SystemExit) as error:
            drop(error)
    return tracers


def _make(target: Any, fail: Callable[[BaseException | str], None]) -> Tracer:
    """An instance of a tracer class; a plain function becomes a tracer that is told every output."""
    try:
        made = target() if isinstance(target, type) else target
    except (Exception, SystemExit) as error:
        fail(error)
        return Tracer()
    if isinstance(made, Tracer):
        return made
    if callable(made):
        return _Function(made)
    fail(f"expected a subclass of yolo_assign_trace.Tracer or a function of one record, found {type(made).__name__}")
    return Tracer()


def _reason(error: BaseException | str) -> str:
    return error if isinstance(error, str) else f"{type(error).__name__}: {error}"


class _Function(Tracer):
    def __init__(self, function: Callable[[Record], object]) -> None:
        self.function = function

    def output(self, record: Record) -> None:
        self.function(record)


class Guarded(Tracer):
    """Passes every call on; the first that fails is reported, and the tracer is left alone from then on."""

    def __init__(self, tracer: Tracer, fail: Callable[[BaseException | str], None]) -> None:
        self.tracer: Tracer = tracer
        self.fail = fail

    def _pass(self, method: str, *arguments: Any) -> None:
        try:
            getattr(self.tracer, method)(*arguments)
        except (Exception, SystemExit) as error:
            self.tracer = Tracer()
            self.fail(error)

    def run_start(self, run: Run) -> None:
        self._pass("run_start", run)

    def stage_start(self, stage: StageStart) -> None:
        self._pass("stage_start", stage)

    def output(self, record: Record) -> None:
        self._pass("output", record)

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        self._pass("stage_end", stage, facts)

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        self._pass("run_end", boxes)

    def run_failed(self) -> None:
        self._pass("run_failed")

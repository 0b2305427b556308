"""Whatever happens to ours, the training computes what it would have computed, and hears of it once."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from types import ModuleType

import pytest

from tests.training import stand_in
from tests.training.recorded import equal
from yolo_assign_trace import watch
from yolo_assign_trace.training import patching, watching

EXEMPT = {
    # called by Python and by the training itself: what they call is here
    *("OnImport.find_spec", "_ThenLoader.create_module", "_ThenLoader.exec_module"),
    *("Patches._around_assigner", "Patches._around_loss", "Patches._before_callbacks"),
    # the guard itself, and what comes before anything is begun
    *("Guard.__init__", "Guard.run", "Guard.failed", "Settings.__init__", "Settings.check", "Environment.__init__"),
}


def modules() -> list[ModuleType]:
    return [
        import_module(f"{room.__name__}.{info.name}")
        for room in (patching, watching)
        for info in pkgutil.iter_modules(room.__path__)
        if info.name != "startup"
    ]


def places() -> Iterator[tuple[ModuleType, str]]:
    """Every function and method of the engine."""
    for module in modules():
        for name, found in vars(module).items():
            if getattr(found, "__module__", None) == module.__name__ and inspect.isfunction(found):
                yield module, name
            elif getattr(found, "__module__", None) == module.__name__ and inspect.isclass(found):
                for method, function in vars(found).items():
                    if inspect.isfunction(function) and (not method.startswith("__") or method == "__init__"):
                        yield module, f"{name}.{method}"


EVERYTHING = {"every": 1, "pictures": True}
PLACES = [place for place in places() if place[1] not in EXEMPT]


@pytest.fixture
def unwatched(train):
    return train(kind="e2e")


@pytest.mark.parametrize(("module", "name"), PLACES, ids=[f"{m.__name__.rpartition('.')[2]}:{n}" for m, n in PLACES])
def test_a_failure_anywhere(site, train, unwatched, capsys, monkeypatch, module, name):
    *path, last = name.split(".")
    owner = reduce(getattr, path, module)
    original, met = getattr(owner, last), []

    def fail(*_, **__):
        met.append(name)
        raise ArithmeticError(f"planted in {name}")

    monkeypatch.setattr(owner, last, fail)
    for user in [*modules(), import_module("yolo_assign_trace.training.watch")]:
        for at in [at for at, found in vars(user).items() if found is original]:  # imported by its name
            monkeypatch.setattr(user, at, fail)
    capsys.readouterr()
    stand_in.forget()  # so that it is imported within
    with watch("w", **EVERYTHING):
        weights = train(kind="e2e")
    told = [line for line in capsys.readouterr().err.splitlines() if "planted" in line]
    assert equal(weights, unwatched)
    assert len(told) == bool(met) or module.__name__.endswith("guard")  # which tells of failures


NOT_MET = {
    # what an ordinary training does not come by; without a failure nothing is dropped
    *("described", "Engine.abandon", "Patches._drop", "begin_in_child"),
    *("Recording.remark", "Recording._thin", "Recording._stop", "Patches._named", "Methods.has", "_writer"),
}


def test_places_are_met(site, train, monkeypatch):
    """The test above means nothing where its training does not come by."""
    met = set()
    for module, name in PLACES:
        *path, last = name.split(".")
        owner = reduce(getattr, path, module)
        original = getattr(owner, last)

        def passing(*args, of=original, name=name, **kwargs):
            met.add(name)
            return of(*args, **kwargs)

        monkeypatch.setattr(owner, last, passing)
        for user in [*modules(), import_module("yolo_assign_trace.training.watch")]:
            for at in [at for at, found in vars(user).items() if found is original]:
                monkeypatch.setattr(user, at, passing)
    with watch("w", **EVERYTHING):
        train(kind="e2e")
    assert {name for _, name in PLACES} - met == NOT_MET

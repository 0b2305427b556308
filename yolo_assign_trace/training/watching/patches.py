"""Which classes are patched, and how. Needs no torch until an assigner is called."""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..patching.guard import Guard, say
from ..patching.methods import ASSIGNERS, OUTER, Methods, classes_of, is_called_as_usual, parameters_of
from ..patching.on_import import OnImport, Then
from .settings import Settings

if TYPE_CHECKING:
    from .engine import Engine

LOSSES = (
    "ultralytics.utils.loss",
    "ultralytics.yolo.utils.loss",
    *(f"ultralytics.yolo.v8.{task}.train" for task in ("detect", "segment", "pose")),
)
TRAINERS = ("ultralytics.engine.trainer", "ultralytics.yolo.engine.trainer")
"""Modules whose classes are patched, beside those with assigners; each release has some of them."""


class Patches:
    """All patches of one watch. Everything they do on behalf of ours runs under one guard."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.guard = Guard(self._drop)
        self._engine: Engine | None = None
        self._here = threading.local()  # a loss and its assigner run in one thread
        self._methods = Methods(OUTER)
        then: dict[str, list[Then]] = {}
        for names, patch in ((ASSIGNERS, self._assigners), (LOSSES, self._losses), (TRAINERS, self._trainer)):
            for name in names:
                then.setdefault(name, []).append(patch)
        for wanted in settings.classes:
            name, _, attribute = wanted.partition(":")
            then.setdefault(name, []).append(functools.partial(self._named, attribute))
        patch = functools.partial(self.guard.run, self._patch)
        by_name = {name: functools.partial(patch, all_of) for name, all_of in then.items()}
        self._finder = OnImport(by_name, self.guard.failed)

    def begin(self) -> None:
        """Patch what is loaded, and the rest as it is imported."""
        self.guard.run(self._finder.begin)

    def end(self) -> None:
        """Close the recording, then give every class back what it had."""
        self.guard.run(self._close)
        self.guard.off = True  # whatever stays patched passes calls on
        self._finder.end()
        self._methods.restore()

    def _close(self) -> None:
        engine = self._own_engine()
        if engine is not None:
            engine.close()

    def _drop(self, why: str) -> None:
        """Let go of everything that belongs to the training, and of the files."""
        engine, self._engine = self._own_engine(), None
        if engine is not None:
            engine.abandon(why)

    def engine(self) -> Engine:
        """Made at the first call, when torch is there in any case."""
        engine = self._own_engine()
        if engine is None:
            from .engine import Engine

            engine = self._engine = Engine(self.settings)
        return engine

    def _own_engine(self) -> Engine | None:
        """None in a process that was forked off: the engine there writes to the files of this one."""
        return self._engine if self._engine is not None and self._engine.process == os.getpid() else None

    def _patch(self, patches: list[Then], module: ModuleType) -> None:
        for patch in patches:
            patch(module)

    def _assigners(self, module: ModuleType) -> None:
        for found in classes_of(module):
            if is_called_as_usual(found):
                self._methods.wrap(found, "forward", self._around_assigner)

    def _named(self, attribute: str, module: ModuleType) -> None:
        found: Any = module
        for part in attribute.split("."):
            found = getattr(found, part, None)
        if not inspect.isclass(found) or not callable(getattr(found, "forward", None)):
            say(f"{module.__name__}:{attribute} is no class with a method forward; its calls are not recorded")
            return
        if not self._methods.has(found, "forward"):
            self._methods.wrap(found, "forward", self._around_assigner)

    def _losses(self, module: ModuleType) -> None:
        for found in classes_of(module):
            for name in ("__call__", "forward", "loss"):
                if inspect.isfunction(vars(found).get(name)) and parameters_of(vars(found)[name]) == ["preds", "batch"]:
                    self._methods.wrap(found, name, self._around_loss)

    def _trainer(self, module: ModuleType) -> None:
        found = vars(module).get("BaseTrainer")
        if inspect.isclass(found) and inspect.isfunction(vars(found).get("run_callbacks")):
            self._methods.wrap(found, "run_callbacks", self._before_callbacks)

    def _around_assigner(self, original: Callable[..., Any]) -> Callable[..., Any]:
        signature, here, compiling = inspect.signature(original), self._here, _compiling()

        @functools.wraps(original)
        def forward(assigner: Any, *args: Any, **kwargs: Any) -> Any:
            if self.guard.off or compiling() or getattr(here, "inside", False):  # a subclass calls its base
                return original(assigner, *args, **kwargs)
            here.inside = True
            try:
                outputs = original(assigner, *args, **kwargs)
            finally:
                here.inside = False
            self.guard.run(lambda: self.engine().called(assigner, signature, args, kwargs, outputs))
            return outputs

        return forward

    def _around_loss(self, original: Callable[..., Any]) -> Callable[..., Any]:
        here, compiling = self._here, _compiling()

        @functools.wraps(original)
        def loss(this: Any, *args: Any, **kwargs: Any) -> Any:
            if self.guard.off or compiling():
                return original(this, *args, **kwargs)
            depth = here.depth = getattr(here, "depth", 0) + 1
            batch = kwargs.get("batch", args[-1] if args else None)
            self.guard.run(lambda: self.engine().loss_begins(this, batch, depth))
            try:
                return original(this, *args, **kwargs)
            finally:
                here.depth = depth - 1
                self.guard.run(lambda: self.engine().loss_ends(depth))

        return loss

    def _before_callbacks(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def run_callbacks(trainer: Any, *args: Any, **kwargs: Any) -> Any:
            self.guard.run(lambda: self.engine().event(trainer, kwargs.get("event", *args[:1])))
            return original(trainer, *args, **kwargs)

        return run_callbacks


def _compiling() -> Callable[[], bool]:
    """Is torch.compile reading this? Then only the original counts; it knows the answer and drops the rest."""
    compiler = getattr(sys.modules.get("torch"), "compiler", None)
    found: Callable[[], bool] = getattr(compiler, "is_compiling", lambda: False)
    return found


_active: list[Patches] = []


def is_active() -> bool:
    """Is this process watched already?"""
    return bool(_active)


def begin(settings: Settings) -> Patches:
    """Patch this process."""
    patches = Patches(settings)
    _active.append(patches)
    patches.begin()
    return patches


def end(patches: Patches) -> None:
    """Undo it."""
    _active.remove(patches)
    patches.end()


def begin_in_child(text: str) -> None:
    """Patch this process until it exits, by the settings in its environment."""
    patches = begin(Settings.of_text(text))
    atexit.register(patches.guard.run, patches.end)

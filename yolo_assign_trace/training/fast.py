"""``fast_assigner``: every training inside a ``with`` is assigned by the fast form. Needs no torch."""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ..basics.errors import InputError
from .patching.children import Environment, child_environment
from .patching.guard import Guard, described, say
from .patching.methods import ASSIGNERS, INNER, Function, Methods, classes_of, is_called_as_usual
from .patching.on_import import OnImport

VARIABLE = "YOLO_ASSIGN_FAST_TRAINING"
"""Tells child processes to begin likewise."""
WHO = "fast"
PLAIN = "TaskAlignedAssigner"
"""The class that has a fast form; those of rotated boxes, poses and masks are made from it."""


@contextmanager
def fast_assigner() -> Iterator[None]:
    """Every model that is trained inside is assigned by the fast form. docs/drop_in.md.

    >>> with fast_assigner():  # doctest: +SKIP
    ...     model.train(data="data.yaml")

    Classes are patched, also those that are imported later or in child processes; afterwards everything is as it was.
    Assigners that have no fast form keep their own, and a call that the fast form fails at is answered by the original.
    """
    guard, patch, environment = Guard(who=WHO), _Patch(), Environment()
    try:
        guard.run(lambda: environment.set(child_environment(VARIABLE, "1", os.environ)))
        guard.run(patch.begin)
        yield
    finally:
        for undo in (patch.end, environment.restore):
            Guard(who=WHO).run(undo)


def begin_in_child(text: str) -> None:
    """Patch this process until it exits."""
    patch = _Patch()
    patch.begin()
    atexit.register(patch.guard.run, patch.end)


class _Patch:
    """The patch of a process."""

    def __init__(self) -> None:
        self.guard = Guard(who=WHO)
        self._methods = Methods(INNER)
        self._forms: dict[type, str] = {}
        self._said: set[str] = set()
        patch = functools.partial(self.guard.run, self._assigner)
        self._finder = OnImport(dict.fromkeys(ASSIGNERS, patch), self.guard.failed)

    def begin(self) -> None:
        self._finder.begin()

    def end(self) -> None:
        self.guard.off = True  # whatever stays patched passes calls on
        self._finder.end()
        self._methods.restore()

    def _assigner(self, module: ModuleType) -> None:
        for found in classes_of(module):
            if found.__name__ == PLAIN and is_called_as_usual(found):
                self._methods.wrap(found, "forward", functools.partial(self._around, found))

    def _around(self, owner: type, original: Function) -> Function:
        import torch  # the original has imported it

        from .assigner import answer

        def ours(assigner: Any, *args: Any, **kwargs: Any) -> Any:
            failure = ""
            try:
                if not self.guard.off and (generation := self._form_of(assigner, owner, original)):
                    six = _in_order(*args, **kwargs)
                    outputs = answer(assigner, generation, *six)
                    assigner.bs, assigner.n_max_boxes = len(six[0]), six[4].shape[1]  # as the original leaves it
                    return outputs
            except Exception as error:  # only its text is kept, so what it holds is free before the original runs
                failure = described(error)
            outputs = original(assigner, *args, **kwargs)  # raises its own error if it cannot answer either
            if failure:
                self._say("failure", f"a call is left to the original, the training goes on: {failure}")
            return outputs

        apart = torch.compiler.disable(ours)  # type: ignore[no-untyped-call]  # no graph holds sizes that depend on data

        @functools.wraps(original)
        def forward(assigner: Any, *args: Any, **kwargs: Any) -> Any:
            return (apart if torch.compiler.is_compiling() else ours)(assigner, *args, **kwargs)

        return forward

    def _form_of(self, assigner: Any, owner: type, original: Function) -> str:
        """The generation that stands in for an assigner; empty if it keeps its own form."""
        kind = type(assigner)
        if kind not in self._forms:
            why = _changed(kind, owner, original)
            self._forms[kind], remark = ("", why) if why else _generation(owner)
            if remark:
                self._say(kind.__qualname__, remark)
        if not self._forms[kind]:
            return ""
        if changed := [name for name in vars(assigner) if callable(getattr(owner, name, None))]:
            self._say("instance", f"an assigner with a {changed[0]} of its own keeps its own form")
            return ""
        return self._forms[kind]

    def _say(self, about: str, text: str) -> None:
        """Once."""
        if about not in self._said:
            self._said.add(about)
            say(text, WHO)


def _in_order(
    pd_scores: Any, pd_bboxes: Any, anc_points: Any, gt_labels: Any, gt_bboxes: Any, mask_gt: Any
) -> tuple[Any, ...]:
    return pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt


def _changed(kind: type, owner: type, original: Function) -> str:
    """Why a class is no plain assigner, in a sentence; empty if all it has of the ``owner`` is the release's own."""
    for base in kind.__mro__[: kind.__mro__.index(owner)]:
        for name in vars(base):
            if (name == "__call__" or name[:2] != "__") and hasattr(owner, name) and callable(getattr(base, name)):
                return f"{kind.__qualname__} keeps its own form: it has a {name} of its own"
    for name, value in {**vars(owner), "forward": original}.items():
        function = getattr(value, "__func__", value)  # of a static method
        while inspect.isfunction(function):
            made_in = function.__globals__["__name__"]  # functools.wraps leaves that as it is
            if made_in != owner.__module__ and made_in.partition(".")[0] not in ("torch", __name__.partition(".")[0]):
                return f"{kind.__qualname__} keeps its own form: {made_in} has replaced its {name}"
            function = getattr(function, "__wrapped__", None)
    return ""


def _generation(owner: type) -> tuple[str, str]:
    """That of the release which has the class, empty if there is none; and what is to be said of it."""
    from ..assignment.releases import about_newer, parse_release
    from .assigner import generation_to_train_with

    release = str(getattr(sys.modules.get(owner.__module__.partition(".")[0]), "__version__", ""))
    try:
        if (number := parse_release(release)) is None:
            return "", f"the original assigner stays: {release!r} is no release"
        return generation_to_train_with(release), about_newer(number)
    except InputError as error:
        return "", f"the original assigner stays: {error.message}"

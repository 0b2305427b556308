"""``watch``: record the assigner calls of every training that runs inside a ``with``. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from .patching.children import Environment, child_environment
from .patching.guard import Guard, described, say
from .watching.patches import Patches, begin, end, is_active
from .watching.recording import claim
from .watching.settings import MAX_SIZE, VARIABLE, Settings
from .watching.summary import summary


class watch:  # noqa: N801 - used as `with watch(...)`
    """Record the assigner calls of every training that runs inside the ``with``. docs/watch.md.

    >>> with watch("watch/", every=100):  # doctest: +SKIP
    ...     model.train(data="data.yaml")

    Classes are patched, also those that are imported later or in child processes; afterwards everything is as it was.
    The training computes what it would have computed anyway, and no failure of a recording reaches it.

    Args:
        out: folder of the recording; if one is there, ``out-2`` ... is taken.
        every: save the calls of each so many training steps, the first included; 0 for none.
        pictures: save the pictures of the batch with them.
        classes: more assigner classes, themselves or as ``package.module:Class``.
        count_every: count the calls of each so many training steps; 0 for none.
        max_size: GiB that the recording may take.
        tensorboard: a folder for scalars, where tensorboard is installed.

    Attributes:
        folder: of the recording; None if it could not be made.

    Raises:
        InputError: an argument that cannot be.
    """

    def __init__(
        self,
        out: str | os.PathLike[str] = "watch",
        *,
        every: int = 100,
        pictures: bool = False,
        classes: Sequence[str | type] = (),
        count_every: int = 1,
        max_size: float = MAX_SIZE,
        tensorboard: str | os.PathLike[str] | None = None,
    ) -> None:
        names = tuple(c if isinstance(c, str) else f"{c.__module__}:{c.__qualname__}" for c in classes)
        board = str(Path(tensorboard).absolute()) if tensorboard else ""
        self.settings = Settings(str(Path(out).absolute()), every, count_every, pictures, names, max_size, board)
        self.settings.check()
        self.folder: Path | None = None
        self._patches: Patches | None = None
        self._environment = Environment()

    def __enter__(self) -> Self:
        try:
            if is_active():
                say("this process is watched already; only that recording is made")
            else:
                self._begin()
        except Exception as error:
            say(f"nothing is recorded, the training goes on: {described(error)}")
            self._end()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _begin(self) -> None:
        self.folder = claim(Path(self.settings.out))
        settings = replace(self.settings, out=str(self.folder))
        self._environment.set(child_environment(VARIABLE, settings.text(), os.environ))
        self._patches = begin(settings)

    def _end(self) -> None:
        """Undo all that has been done; a failure of one step keeps none of the others from being taken."""
        if self._patches is not None:
            Guard().run(end, self._patches)
            Guard().run(lambda folder: say(summary(folder)), self.folder)
        Guard().run(self._environment.restore)
        self._patches = None

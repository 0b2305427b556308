"""What a watch is told, and the environment variable that carries it to child processes. Needs no torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ...basics.errors import InputError, Parameter

VARIABLE = "YOLO_ASSIGN_WATCHING"
"""Holds the settings as JSON while a training is watched."""
MAX_SIZE = 4.0


@dataclass(frozen=True)
class Settings:
    """What to record, and where.

    Attributes:
        out: the recording's folder, absolute.
        every: a call is saved each so many training steps; 0 for none.
        count_every: the calls of each so many training steps are counted; 0 for none.
        pictures: save the pictures of the batch with a call.
        classes: more assigner classes, ``package.module:Class``.
        max_size: GiB that the recording may take.
        tensorboard: folder for scalars, empty for none.
    """

    out: str
    every: int = 100
    count_every: int = 1
    pictures: bool = False
    classes: tuple[str, ...] = ()
    max_size: float = MAX_SIZE
    tensorboard: str = ""

    def check(self) -> None:
        """Raises:
        InputError: a number that cannot be, or a class that is not named as package.module:Class.
        """
        for name in ("every", "count_every"):
            if (value := getattr(self, name)) < 0:
                raise InputError("wrong-value", f"expected 0 or more, found {value}", where=Parameter(name))
        if not 0 < self.max_size < float("inf"):
            raise InputError("wrong-value", f"expected GiB above 0, found {self.max_size}", where=Parameter("max_size"))
        for name in self.classes:
            module, _, attribute = name.partition(":")
            if not module or not attribute:
                hint = "write package.module:Class"
                raise InputError("wrong-class-name", "this names no class", where=name, hint=hint)

    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_text(cls, text: str) -> Settings:
        values: dict[str, Any] = json.loads(text)
        return cls(**{**values, "classes": tuple(values["classes"])})

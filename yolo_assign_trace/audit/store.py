"""Results of shards as files of a folder, one a shard, so that a run that was ended can go on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError, reason_of
from ..formats.safe_write import SafeFile
from ..inputs.datasets.survey import Group, Survey
from ..inputs.labels.findings import Finding
from ..inputs.reading.files import read_bytes
from .question import Question
from .tally import Counted, Ladder, Picture, Place, Read, Tally

FORMAT = 1
PLAN = "plan.json"


class Store:
    """A folder of results. What does not belong to the same question about the same files is refused."""

    def __init__(self, folder: Path, question: Question, plan: Mapping[str, Any]) -> None:
        """Begin the folder or go on with it.

        Args:
            folder: made if it does not exist.
            question: what is asked.
            plan: what else must be the same, by name.

        Raises:
            InputError: a folder that cannot be used, or results of something else.
        """
        self.folder = folder
        asked = hashlib.sha256(repr(question).encode()).hexdigest()[:16]
        plan = {"format": FORMAT, **plan, "question": asked}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("not-writable", f"no folder can be made: {reason_of(error)}", where=str(folder)) from None
        path = folder / PLAN
        self.begun = path.exists()
        if self.begun:
            before = _loaded(path)
            differing = [name for name, value in plan.items() if before.get(name) != value]
            if differing:
                message = f"the folder holds results of another audit: other {', '.join(differing)}"
                raise InputError(
                    "other-audit", message, where=str(path), hint="name another folder, or remove this one"
                )
        else:
            _write(path, plan)

    def path(self, shard: int) -> Path:
        return self.folder / f"shard-{shard:06d}.json"

    def load(self, shard: int) -> Tally | None:
        """The result of a shard, None if it is not there.

        Raises:
            InputError: a file that is none.
        """
        path = self.path(shard)
        if not path.exists():
            return None
        try:
            return from_document(_loaded(path))
        except (KeyError, TypeError, ValueError) as error:
            message = f"this is no result of a shard: {error}"
            raise InputError(
                "wrong-json", message, where=str(path), hint="remove it, and it is counted again"
            ) from None

    def save(self, shard: int, tally: Tally) -> None:
        _write(self.path(shard), tally)


def _loaded(path: Path) -> dict[str, Any]:
    import orjson

    try:
        document = orjson.loads(read_bytes(path, "result"))
    except orjson.JSONDecodeError as error:
        message = f"this is not valid JSON: {error.msg}"
        hint = "remove it, and it is counted again"
        raise InputError("wrong-json", message, where=f"{path}:{error.lineno}", hint=hint) from None
    return document if isinstance(document, dict) else {}  # which lacks everything


def _write(path: Path, document: Mapping[str, Any] | Tally) -> None:
    import orjson

    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    file = SafeFile(path, "result")
    file.write(orjson.dumps(document, default=list, option=options))  # named tuples become lists
    file.commit()


def from_document(document: Mapping[str, Any]) -> Tally:
    """The tally that was written as ``document``."""
    return Tally(
        [_read(one) for one in document["read"]],
        [_counted(one) for one in document["counted"]],
        [Ladder(one["boxes"], _numbers(one["lacking"], 2)) for one in document["ladders"]],
    )


def _numbers(values: Any, columns: int = 0) -> Array:
    array: Array = np.array(values, dtype=np.int64)
    return array.reshape(-1, columns) if columns else array


def _read(document: dict[str, Any]) -> Read:
    survey = document["survey"]
    groups = {
        kind: Group(group["count"], group["files"], [Finding(**finding) for finding in group["first"]])
        for kind, group in survey["groups"].items()
    }
    classes = Counter({int(label): number for label, number in survey["classes"].items()})
    states = Counter(survey["states"])
    return Read(
        **document
        | {
            "survey": Survey(**survey | {"groups": groups, "classes": classes, "states": states}),
            "heat": _numbers(document["heat"]),
            "pictures": _numbers(document["pictures"]),
            "worst": [Picture(*one)._replace(pairs=tuple(one[-1])) for one in document["worst"]],
        }
    )


def _counted(document: dict[str, Any]) -> Counted:
    tables = {name: _numbers(document[name], 4) for name in ("by_class", "by_size", "by_picture")}
    rows = {name: _numbers(document[name]) for name in ("histogram", "levels")}
    places = {name: [Place(*one) for one in document[name]] for name in ("never", "few", "unlike")}
    helped = {name: _numbers(numbers) for name, numbers in document["helped"].items()}
    return Counted(**document | tables | rows | places | {"helped": helped})

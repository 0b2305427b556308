"""Files of a dataset made on the spot, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.datasets.entries import Dataset

ROW = "0 .5 .5 .5 .5\n"


def put(name: str, content: str = "") -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def images_of(dataset: Dataset) -> list[str | None]:
    return [entry.image for entry in dataset.entries]


def labels_of(dataset: Dataset) -> list[str]:
    return [entry.label for entry in dataset.entries]


def findings_of(dataset: Dataset) -> list[tuple[str, str]]:
    return [(finding.id, finding.where) for finding in dataset.findings]


def assert_error(call: Callable[[], Any], id: str, where: str, part: str) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    error = caught.value
    assert (error.id, error.where) == (id, where)
    assert part in error.message
    return error

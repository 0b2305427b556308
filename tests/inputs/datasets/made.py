"""Files of a dataset made on the spot, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.entries import Dataset
from yolo_assign_trace.inputs.datasets.survey import Survey, SurveySettings, survey
from yolo_assign_trace.inputs.labels.rules import TODAY

ROW = "0 .5 .5 .5 .5\n"


def put(name: str, content: str = "") -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def put_all(files: dict[str, str]) -> None:
    for name, content in files.items():
        put(name, content)


def put_images(*stems: str) -> None:
    """Images of 40x30 px in the folder ``images``."""
    Path("images").mkdir(exist_ok=True)
    for stem in stems:
        Image.new("RGB", (40, 30)).save(f"images/{stem}.png")


def survey_of(source: str, nc: int | None = None, *, processes: int | None = None, **options: Any) -> Survey:
    """The survey of a source as the newest release reads it; ``options`` are those of the settings."""
    return survey(open_dataset(Path(source)), SurveySettings(TODAY, nc, **options), processes=processes)


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

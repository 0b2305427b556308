"""What a dataset is: its images, their label files, and what is said about it as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..labels.findings import Finding
from ..labels.text import LabelTable

YAML, FOLDER, LIST, COCO, LABELS = "data.yaml", "folder", "list", "COCO annotations", "label file"
"""Kinds of source."""


class Entry(NamedTuple):
    """An image and its label file, as paths.

    ``image`` is None where there is none. COCO entries have a table and a size instead; their ``label`` is the file of
    annotations. A label file that is all there is has ``data``, its content: its rows of six numbers begin with the
    number of an image.
    """

    image: str | None
    label: str
    name: str
    table: LabelTable | None = None
    size: tuple[int, int] | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Dataset:
    """Images with their labels, in order.

    Attributes:
        name: of the file or folder, for headers.
        kind: of source.
        entries: image by image.
        class_names: by class, empty if unknown.
        findings: about the dataset as a whole.
    """

    name: str
    kind: str
    entries: Sequence[Entry]
    class_names: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    @property
    def nc(self) -> int | None:
        return len(self.class_names) or None

"""The images of a dataset with their labels, looked at as training does before it uses them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..basics.errors import InputError
from ..run.release_choice import ReleaseChoice
from .datasets.entries import Entry
from .datasets.image_check import CheckedImage, findings_about, look_at
from .datasets.image_files import NearMisses
from .datasets.read_entry import read_entry
from .labels.findings import ERROR, Finding, as_error
from .labels.policy import DROP_IMAGE, DROP_ROW, STOP, drop_failures
from .labels.row import BOXES
from .labels.rules import rules_of
from .labels.text import LabelTable
from .request import Request


class LookedAt(NamedTuple):
    """An image with its labels, and what was found out about it; None where there is no image."""

    entry: Entry
    table: LabelTable
    image: CheckedImage | None

    @property
    def about_image(self) -> list[Finding]:
        return findings_about(self.entry, self.image)

    def refused(self, on_bad: str) -> list[Finding]:
        """What ends a trace under a policy; of an image that training drops there is no row to drop."""
        hint = "give `image_size=WxH` if the image itself is not needed"
        about_image = [replace(finding, hint=hint) for finding in self.about_image if finding.grade == ERROR]
        return {STOP: [*about_image, *self.table.failures], DROP_ROW: about_image}.get(on_bad, [])

    def left(self, on_bad: str) -> tuple[LabelTable | None, str]:
        """The labels that a policy leaves, None if the image is dropped; and in words what is dropped."""
        if on_bad == DROP_IMAGE and self.image and self.image.finding:
            text = f"dropped the image {self.entry.image}: {self.image.problem} [{self.image.finding}]"
            return None, text
        table, words = drop_failures(self.table, on_bad)
        return (None if words and on_bad == DROP_IMAGE else table), words


@dataclass(frozen=True)
class ImageReader:
    """Reads labels and looks at images as the request says."""

    request: Request
    release: ReleaseChoice
    nc: int | None
    near: NearMisses = field(default_factory=NearMisses)

    def read_all(self, entries: Iterable[Entry]) -> list[LookedAt]:
        """All images in order.

        Raises:
            InputError: some of them end a trace; all are named.
        """
        looked_at = [LookedAt(entry, self.read_table(entry), self._look_at(entry)) for entry in entries]
        refused = [finding for one in looked_at for finding in one.refused(self.request.on_bad)]
        if refused:
            raise as_error(refused)
        return looked_at

    def read_table(self, entry: Entry) -> LabelTable:
        return read_entry(entry, self.request.rules or rules_of(self.release.release), self.nc, self.near)

    def _look_at(self, entry: Entry) -> CheckedImage | None:
        given = self.request.image_size
        if not given and not self.request.letterboxed:
            return look_at(entry, self.release.release)
        if entry.image is None or os.path.exists(entry.image):  # noqa: PTH110 - names may be too long for a Path
            return CheckedImage(size=given, checked=given)
        return CheckedImage("image-not-found", "there is no such image", given, given)

    def size(self, one: LookedAt) -> tuple[int, int] | None:
        """Width and height of an image; None where labels are fractions of the input already.

        Raises:
            InputError: there is no image.
        """
        return None if self.request.letterboxed else self._checked(one).size

    def shape(self, one: LookedAt) -> tuple[int, int]:
        """The width and height that rectangular batches are made by.

        Raises:
            InputError: there is no image.
        """
        checked = self._checked(one).checked
        assert checked is not None
        return checked

    def _checked(self, one: LookedAt) -> CheckedImage:
        if one.image is not None and one.image.size is not None:
            return one.image
        hint = "give `image_size=WxH`, or `letterboxed` if the labels are fractions of the network input"
        if one.image is None:
            message = "there is no image of this name, so its size is not known"
            raise InputError("image-size-unknown", message, where=one.entry.label, hint=hint)
        raise InputError(
            "no-such-file", "there is no such image, so its size is not known", where=str(one.entry.image), hint=hint
        )


def sorted_by_shape(entries: Sequence[Entry], reader: ImageReader) -> tuple[list[LookedAt], list[str]]:
    """The images by height over width, as rectangular batches are cut, and in words those that are dropped before."""
    kept, dropped = list[LookedAt](), list[str]()
    for one in reader.read_all(entries):
        table, words = one.left(reader.request.on_bad)
        if table:
            kept.append(one)
        else:
            dropped.append(words)
    if entries and not kept:
        raise no_image_left(reader.request)
    shapes = [reader.shape(one) for one in kept]
    order = sorted(range(len(kept)), key=lambda i: shapes[i][1] / shapes[i][0])
    return [kept[i] for i in order], dropped


def without_mixed_polygons(
    entries: Iterable[Entry], looked_at: list[LookedAt], reader: ImageReader
) -> tuple[list[LookedAt], list[str]]:
    """Training forgets all polygons if any file of the dataset has boxes instead; that is said."""
    if not any(one.table.polygons for one in looked_at):
        return looked_at, []
    tables = (reader.read_table(entry) for entry in entries)
    boxes = next((t.path for t in tables if t.form == BOXES and len(t.rows) and not t.failures), None)
    if boxes is None:
        return looked_at, []
    remark = f"{boxes} is a file of boxes, so training forgets the polygons of the others"
    return [one._replace(table=replace(one.table, polygons=())) for one in looked_at], [remark]


def no_image_left(request: Request) -> InputError:
    message = "every image is dropped, for its rows or for itself, so none is left"
    return InputError("no-image-left", message, where=str(request.source), hint="see yolo-assign labels")

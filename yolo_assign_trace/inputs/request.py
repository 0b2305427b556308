"""What a user asked to trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..assignment.assigner import Assigner
from ..assignment.releases import NEWEST_MEASURED, Release, parse_release
from ..basics.errors import InputError, Parameter
from ..run.letterbox import VAL, parse_mode
from ..run.release_choice import ReleaseChoice
from .labels.policy import STOP
from .labels.rules import LabelRules

STUDY_RELEASE: Release = (8, 3, 253)
"""What the study grid is read and assigned by if nothing is said: its assigner is the one that the tutorial shows."""

IMAGES_AT_ONCE = 8
"""Images of a dataset that are traced as one batch, if nothing else is said."""


@dataclass(frozen=True)
class Request:
    """What a user asked for; None where nothing was said.

    Attributes:
        labels: a label file, a folder, a list, COCO annotations, or with ``data`` the folder that holds the labels.
        data: a data.yaml.
        split: of ``data``; train by default.
        images: which images of a dataset, as ``first:end``.
        image_size: width and height of every image, px.
        letterboxed: are the labels fractions of the network input already?
        rect: fit the input to each image, in whole strides, instead of a square.
        mode: ``val``, the default, places boxes as validation does, ``train`` clips and drops them as training does.
        release: of the package, such as ``8.4.190``: it reads labels, places and assigns; None for the one that fits
            the inputs, see :meth:`release_for`.
        rules: of the release to read labels as, if it is another one.
        on_bad: what to do with label rows that fail.
        at_once: images of a dataset in one batch.
        capture: the six inputs of an assigner call, saved; instead of labels and heads.
        model: a model file of the ultralytics package, run on the pictures of the dataset; or a description (.yaml).
        branch: which head of an end-to-end model.
    """

    labels: Path | None = None
    shapes: str | None = None
    imgsz: tuple[int, int] | None = None
    heads: Path | None = None
    nc: int | None = None
    reg_max: int | None = None
    seed: int = 0
    data: Path | None = None
    split: str | None = None
    images: str | None = None
    image_size: tuple[int, int] | None = None
    letterboxed: bool = False
    rect: bool = False
    mode: str | None = None
    release: str | None = None
    rules: LabelRules | None = None
    on_bad: str = STOP
    at_once: int = IMAGES_AT_ONCE
    capture: Path | None = None
    model: Path | None = None
    branch: str | None = None

    def check(self) -> None:
        """Do the options go together?

        Raises:
            InputError: two that exclude each other, or a mode that is none.
        """
        if self.mode is not None:
            parse_mode(self.mode)
        told = (self.heads, self.shapes, self.reg_max)
        beside = (self.labels, self.data, self.imgsz, self.nc, self.images, self.model, *told)
        placed = (self.mode, self.rect, self.rules, self.letterboxed, self.image_size)
        excluded = [
            (self.capture and any(beside), "capture", "`labels`, `data`, `heads` and what describes them"),
            (self.capture and any(placed), "capture", "`mode`, `rect`, `labels_as` and what else places boxes"),
            (self.model and any(told), "model", "`heads`, `shapes` and `reg_max`: it tells them"),
            (self.model and (self.letterboxed or self.image_size), "model", "`letterboxed` and `image_size`"),
            (self.branch and not self.model, "branch", "anything but `model`"),
            (self.rect and self.letterboxed, "letterboxed", "`rect`"),
            (self.image_size and self.letterboxed, "letterboxed", "`image_size`"),
        ]
        for both, one, other in excluded:
            if both:
                message = f"`{one}` cannot be combined with {other}"
                raise InputError("options-exclude", message, where=Parameter(one))
        if not self.capture:
            _ = self.source

    def release_for(
        self,
        *,
        study: bool = False,
        recorded: Release | None = None,
        answers: Sequence[Assigner] = (),
        installed: Release | None = None,
    ) -> ReleaseChoice:
        """The release that was asked for; otherwise what the inputs recorded, one whose ``answers`` they hold, the one
        that runs the model, the study grid's own, or the newest.

        Raises:
            InputError: no release.
        """
        mode = "" if self.capture else self.mode or VAL
        beside: dict[str, Any] = {"labels_as": self.rules.release if self.rules else None, "mode": mode}
        if self.release is None:
            if recorded:
                return ReleaseChoice(recorded, "recorded with the call", **beside)
            newest = ReleaseChoice(NEWEST_MEASURED, "the newest measured", **beside)
            if answers and newest.assigner.generation not in [assigner.generation for assigner in answers]:
                first = parse_release(answers[-1].generation) or NEWEST_MEASURED
                return ReleaseChoice(first, "whose answers the capture holds", **beside)
            if installed:
                return ReleaseChoice(installed, "installed, it runs the model", **beside)
            if study:
                return ReleaseChoice(STUDY_RELEASE, "the tutorial's", **beside)
            return newest
        release = parse_release(self.release, Parameter("release"))
        if release is None:
            hint = "write a release, such as `release=8.4.190`"
            raise InputError(
                "unknown-release", f"{self.release!r} is no release", where=Parameter("release"), hint=hint
            )
        return ReleaseChoice(release, "as asked", **beside)

    @property
    def files(self) -> list[Path]:
        """What is read, and so must not be written."""
        shapes = Path(self.shapes) if self.shapes and self.shapes.endswith((".yaml", ".yml")) else None
        return [
            path for path in (self.labels, self.data, self.heads, self.capture, self.model, shapes) if path is not None
        ]

    @property
    def source(self) -> Path:
        """Where the labels come from.

        Raises:
            InputError: nothing was said.
        """
        source = self.data or self.labels
        if source is None:
            hint = "`labels` takes a label file, a folder, a list or COCO annotations; `data` a data.yaml"
            raise InputError("no-labels", "neither `labels` nor `data` was given", hint=hint)
        return source

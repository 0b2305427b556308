"""What a trace was made with, as data: written once by the run, read by everything that looks at finished traces."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..assignment.assigner import Assigner, Parameters
from ..assignment.releases import parse_release
from .given import Image
from .letterbox import Letterbox
from .release_choice import ReleaseChoice


@dataclass(frozen=True, kw_only=True)
class TraceSettings:
    """Parameters, stages, sizes and images of a run; None (or empty) where a trace does not say.

    Attributes:
        assigner: its name.
        generation: the release that its stages appeared with.
        topk: candidates that a box selects.
        topk2: positives that it keeps after conflicts; None also where the assigner has no such step.
        alpha: exponent of the class score.
        beta: exponent of the overlap.
        overlap: a key of :data:`~yolo_assign_trace.assignment.assigner.OVERLAP_NAMES`.
        swapped: what stands in for a stage, such as ``mypkg.mod:my_topk``, by the name of the stage.
        enlarged_below: index of the stride below which screening enlarges a side, None if it does not.
        reg_max: bins per side; a captured call has none.
        nc: number of classes.
        batch: number of images.
        dtype: of every float tensor.
        device: what computed it: cpu or cuda.
        boxes: label rows of every image, before padding.
        images: the images by name; empty if they have none.
        release: of the package: it reads labels, places boxes and assigns if nothing else was said.
        release_from: why it is this one, in a few words.
        labels_as: the release that labels were read by.
        mode: were boxes placed as in validation (``val``) or as in training (``train``)? Empty for a captured call.
        synthetic: are the heads no model's?
    """

    assigner: str = ""
    generation: str = ""
    topk: int | None = None
    topk2: int | None = None
    alpha: float | None = None
    beta: float | None = None
    overlap: str | None = None
    swapped: Mapping[str, str] = field(default_factory=dict)
    enlarged_below: int | None = None
    reg_max: int | None = None
    nc: int | None = None
    batch: int | None = None
    dtype: str = ""
    device: str = ""
    boxes: tuple[int, ...] | None = None
    images: tuple[Image, ...] = ()
    release: str = ""
    release_from: str = ""
    labels_as: str = ""
    mode: str = ""
    synthetic: bool = False

    def made_by(self, assigner: Assigner) -> TraceSettings:
        """The same inputs under ``assigner``."""
        return replace(
            self,
            **assigner.settings,
            assigner=assigner.name,
            generation=assigner.generation,
            swapped=assigner.swaps,
            enlarged_below=assigner.enlarged_below,
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The assigner's parameters by name, as far as they are told."""
        told = {f.name: getattr(self, f.name) for f in fields(Parameters)}
        return {name: value for name, value in told.items() if value is not None}

    @property
    def release_choice(self) -> ReleaseChoice | None:
        """The release with what was chosen beside it; None if there is none.

        Raises:
            InputError: a release that there never was.
        """
        release, labels_as = parse_release(self.release), parse_release(self.labels_as)
        return ReleaseChoice(release, self.release_from, labels_as, self.mode) if release else None

    @property
    def tells_screening(self) -> bool:
        """Is it known how boxes were screened?"""
        return bool(self.generation) and "screen" not in self.swapped

    def to_json(self) -> str:
        """One line of JSON that :meth:`from_json` reads back to the same."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> TraceSettings:
        """The settings in a line of :meth:`to_json`.

        Raises:
            ValueError: not such a line.
        """
        return cls.from_data(json.loads(text))

    @classmethod
    def from_data(cls, told: Any) -> TraceSettings:
        """The settings in what JSON holds; what it does not name stays unknown, other names are left out.

        Raises:
            ValueError: values that no run wrote.
        """
        try:
            return cls(**{name: read(told[name]) for name, read in _READ.items() if told.get(name) is not None})
        except (TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"the settings cannot be read: {error}") from None


def _image(told: Mapping[str, Any]) -> Image:
    box = told["letterbox"]
    if box is None:
        return Image(str(told["name"]))
    sides: dict[str, Any] = {f.name: int(box[f.name]) for f in fields(Letterbox)}
    letterbox = Letterbox(**sides | {name: float(box[name]) for name in ("left", "top")})
    if min(letterbox.width, letterbox.height, letterbox.scaled_width, letterbox.scaled_height) < 1:
        raise ValueError(f"an image cannot be {letterbox}")
    return Image(str(told["name"]), letterbox)


_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("assigner", "generation", "overlap", "dtype", "device"), str),
    **dict.fromkeys(("release", "release_from", "labels_as", "mode"), str),
    **dict.fromkeys(("topk", "topk2", "enlarged_below", "reg_max", "nc", "batch"), int),
    **dict.fromkeys(("alpha", "beta"), float),
    "synthetic": bool,
    "swapped": lambda told: {str(stage): str(function) for stage, function in told.items()},
    "boxes": lambda told: tuple(map(int, told)),
    "images": lambda told: tuple(map(_image, told)),
}
"""How each of them is read."""

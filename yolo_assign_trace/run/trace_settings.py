"""What a trace was made with, as data: written once by the run, read by everything that looks at finished traces."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..assignment.assigner import OVERLAP_NAMES, Assigner, Gains, Parameters
from ..assignment.call import FLOATS
from ..assignment.generations import GENERATIONS
from ..assignment.loss.outputs import LOSSES
from ..assignment.releases import parse_release
from ..basics.errors import InputError
from ..basics.printable import printable_json
from .given import Image
from .letterbox import MODES, Letterbox
from .release_choice import ReleaseChoice

HEADS = ("one2many", "one2one")
LARGEST = (1 << 31) - 1
"""Of whole numbers; no run has more of anything."""

_Reader = tuple[Callable[[Any], Any], str]


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
        gains: of the stage ``loss``; None if it did not run.
        loss_since: the release that this loss appeared with; empty likewise.
        head: whose loss it is, one2many or one2one of an end-to-end model; empty if there is one head.
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
    gains: Gains | None = None
    loss_since: str = ""
    head: str = ""

    def made_by(self, assigner: Assigner) -> TraceSettings:
        """The same inputs under ``assigner``."""
        return replace(
            self,
            **{"gains": None} | assigner.settings,
            loss_since=assigner.loss_since,
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
        """One line of JSON that :meth:`from_json` reads back to the same; without a loss nothing is said of it."""
        of_loss = () if self.gains else ("gains", "loss_since", "head")
        told = {name: value for name, value in asdict(self).items() if name not in of_loss}
        return printable_json(json.dumps(told, ensure_ascii=False))

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
        if not isinstance(told, Mapping):
            raise ValueError("the settings cannot be read: expected names and values")
        values = {}
        for name, (read, expected) in _READ.items():
            if told.get(name) is None:
                continue
            try:
                values[name] = read(told[name])
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                found = reprlib.repr(told[name])
                raise ValueError(f"the settings cannot be read: {name} is {found}, expected {expected}") from None
        return cls(**values)


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError
    return told


def _one_of(names: Collection[str]) -> _Reader:
    def read(told: Any) -> str:
        if _text(told) not in ("", *names):
            raise ValueError
        return str(told)

    return read, f"one of {', '.join(names)}"


def _whole(least: int, most: int = LARGEST) -> _Reader:
    def read(told: Any) -> int:
        if isinstance(told, bool) or not isinstance(told, int) or not least <= told <= most:
            raise ValueError
        return told

    return read, f"a whole number from {least}{'' if most == LARGEST else f' to {most}'}"


def _number(told: Any) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        raise ValueError
    return float(told)


def _exponent(told: Any) -> float:
    if _number(told) < 0:
        raise ValueError
    return float(told)


def _switch(told: Any) -> bool:
    if not isinstance(told, bool):
        raise TypeError
    return told


def _release(told: Any) -> str:
    try:
        if _text(told) and parse_release(told) is None:
            raise ValueError
    except InputError:
        raise ValueError from None
    return str(told)


def _image(told: Any) -> Image:
    box = told["letterbox"]
    if box is None:
        return Image(_text(told["name"]))
    side, _ = _whole(1)
    sides: dict[str, Any] = {f.name: side(box[f.name]) for f in fields(Letterbox) if f.name not in ("left", "top")}
    return Image(_text(told["name"]), Letterbox(**sides, left=_number(box["left"]), top=_number(box["top"])))


def _gains(told: Any) -> Gains:
    return Gains(**{f.name: _exponent(told[f.name]) for f in fields(Gains)})


_TEXT: _Reader = (_text, "a text")
_EXPONENT: _Reader = (_exponent, "a number from 0")
_RELEASE: _Reader = (_release, "a release such as 8.4.190")
_READ: Mapping[str, _Reader] = {
    **dict.fromkeys(("assigner", "device", "release_from"), _TEXT),
    "generation": _one_of(GENERATIONS),
    "overlap": _one_of(OVERLAP_NAMES),
    "dtype": _one_of(FLOATS),
    "mode": _one_of(MODES),
    **dict.fromkeys(("release", "labels_as"), _RELEASE),
    **dict.fromkeys(("topk", "topk2", "reg_max", "batch"), _whole(1)),
    "nc": _whole(0),
    "enlarged_below": _whole(0, 1),
    **dict.fromkeys(("alpha", "beta"), _EXPONENT),
    "synthetic": (_switch, "true or false"),
    "gains": (_gains, "the gains of box, cls and dfl, numbers from 0"),
    "loss_since": _one_of(LOSSES),
    "head": _one_of(HEADS),
    "swapped": (
        lambda told: {_text(stage): _text(function) for stage, function in told.items()},
        "functions by the stage that they stand in for",
    ),
    "boxes": (lambda told: tuple(map(_whole(0)[0], told)), "the number of boxes of every image"),
    "images": (lambda told: tuple(map(_image, told)), "names of images, each with its letterbox or null"),
}
"""How each of them is read, and what is expected."""

"""What is asked of a dataset: every combination of input size, levels and release, and how the labels are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..assignment.grid import Grid
from ..basics.errors import InputError, Parameter
from ..inputs.datasets.entries import Dataset
from ..inputs.datasets.survey import SurveySettings
from ..inputs.heads.shapes import Shapes, about_rounding, read_shapes
from ..inputs.labels.rules import LabelRules, rules_of
from ..inputs.request import Request
from ..run.letterbox import VAL
from ..run.release_choice import ReleaseChoice

LARGEST = 100
"""Combinations beyond which a list is taken for a mistake."""

MAX_LADDER = 5120
"""px of the longest input that is tried."""

BATCH = 16
"""Images of a batch, for what padding costs."""


@dataclass(frozen=True)
class Combination:
    """One input size, levels and release.

    Attributes:
        shapes: the levels over the input.
        reading: number of the release among those asked for.
        release: which release.
        enlarged_below: index of the stride below which its screening enlarges a side, None if it does not.
        k: candidates that a box selects.
    """

    shapes: Shapes
    reading: int
    release: str
    enlarged_below: int | None
    k: int

    @property
    def grid(self) -> Grid:
        return self.shapes.grid

    @property
    def imgsz(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.grid.height, self.grid.width

    @property
    def size_text(self) -> str:
        height, width = self.imgsz
        return f"{height}" if height == width else f"{height}x{width}"

    @property
    def name(self) -> str:
        """``640 yolov8 8.4.190``."""
        return f"{self.size_text} {self.shapes.name} {self.release}"

    @property
    def column(self) -> str:
        """Input and levels as a name that SQL takes without quotes: ``640_yolov8_p2``."""
        return "".join(char if char.isalnum() else "_" for char in f"{self.size_text}_{self.shapes.name}")

    def at(self, imgsz: tuple[int, int]) -> Combination:
        """The same levels and release at another input (height, width)."""
        return replace(self, shapes=self.shapes.at(imgsz))

    def with_finer_level(self) -> Combination | None:
        """With one more level of half the finest stride; None if that is no whole number."""
        finest = self.shapes.strides[0]
        if not self.shapes.fits_any or finest % 2:
            return None
        shapes = Shapes.of_strides(f"{self.shapes.name}+", self.imgsz, (finest // 2, *self.shapes.strides))
        return replace(self, shapes=shapes)


@dataclass(frozen=True)
class Question:
    """Everything that decides the answer, beside the files.

    Attributes:
        readings: how labels are read and images placed, by release.
        combinations: what is counted.
        reg_max: bins per side, R.
        batch: images of a batch, for what padding costs.
        keep: how many places of a kind are kept by name.
    """

    readings: tuple[SurveySettings, ...]
    combinations: tuple[Combination, ...]
    reg_max: int = 16
    batch: int = BATCH
    keep: int = 1000

    def with_classes(self, nc: int | None) -> Question:
        """The same of so many classes, None if that is unknown."""
        return replace(self, readings=tuple(replace(settings, nc=nc) for settings in self.readings))

    def ladders(self) -> list[list[Combination]]:
        """For levels and release of every combination, once: the inputs to try, from the smallest asked for on."""
        smallest: dict[tuple[str, int], Combination] = {}
        for one in self.combinations:
            key = (one.shapes.name, one.reading)
            if one.shapes.fits_any and (key not in smallest or max(one.imgsz) < max(smallest[key].imgsz)):
                smallest[key] = one
        return [[one.at(size) for size in _sizes(one)] for one in smallest.values()]

    def larger(self, one: Combination) -> list[Combination]:
        """The larger inputs asked for with the same levels and release; one and a half and twice the input if none."""
        if not one.shapes.fits_any:
            return []
        asked = [
            other
            for other in self.combinations
            if (other.shapes.name, other.reading) == (one.shapes.name, one.reading) and other.imgsz > one.imgsz
        ]
        return asked or [one.at(_in_strides(one, factor)) for factor in (1.5, 2)]


def _in_strides(one: Combination, factor: float) -> tuple[int, int]:
    stride = one.shapes.strides[-1]
    height, width = (-(-round(side * factor) // stride) * stride for side in one.imgsz)
    return height, width


def _sizes(one: Combination) -> list[tuple[int, int]]:
    """Inputs in whole largest strides, each at most about a tenth larger than the one before."""
    stride, longest = one.shapes.strides[-1], max(one.imgsz)
    sides, side = [longest], longest
    while side < max(MAX_LADDER, longest):
        step = stride
        while step * 20 <= side:
            step *= 2
        side = (side // step + 1) * step
        sides.append(side)
    return [_in_strides(one, side / longest) for side in sides]


def require_sizes(dataset: Dataset, question: Question) -> None:
    """Can the size of any image be known?

    Raises:
        InputError: there is no image, and nothing else was said.
    """
    settings = question.readings[0]
    known = settings.letterboxed or settings.image_size is not None
    if not known and not any(entry.image or entry.size or entry.data is not None for entry in dataset.entries):
        message = "there are labels but no images, so the sizes of images are not known"
        hint = "give `image_size=WxH`, or `letterboxed` if the labels are fractions of the network input"
        raise InputError("image-size-unknown", message, where=dataset.name, hint=hint)


def ask(
    releases: Sequence[str | None],
    sizes: Sequence[tuple[int, int]],
    shapes: Sequence[str],
    *,
    rules: LabelRules | None = None,
    mode: str = VAL,
    image_size: tuple[int, int] | None = None,
    letterboxed: bool = False,
    reg_max: int = 16,
    batch: int = BATCH,
    topk: int | None = None,
    keep: int = 1000,
) -> tuple[Question, list[str]]:
    """The question for lists of releases, input sizes (height, width) and names of levels, and remarks about it.

    Args:
        releases: as users write them; None for the newest measured.
        sizes: empty for the size that levels come with, 640 px for named heads.
        shapes: names of heads or files.
        rules: of the release to read labels as, if it is not the one that assigns.
        mode: of placing.
        image_size: width and height of all images, None to look at them.
        letterboxed: labels are fractions of the network input already.
        reg_max: bins per side.
        batch: images of a batch.
        topk: candidates that a box selects, None for the release's.
        keep: how many places of a kind are kept.

    Raises:
        InputError: no such release or levels, or too many combinations.
    """
    remarks = list[str]()
    chosen: list[ReleaseChoice] = []
    for text in releases:
        release = Request(release=text, rules=rules, mode=mode).release_for()
        if release not in chosen:
            chosen.append(release)
    levels: list[Shapes] = []
    for name in shapes:
        for size in sizes or (None,):
            one = read_shapes(name, size, round_up=True)
            if size and one.grid and (got := (one.grid.height, one.grid.width)) != size:
                remarks.append(about_rounding(size, got))
            if one not in levels:
                levels.append(one)
    combinations = [
        Combination(
            one, number, release.name, release.assigner.enlarged_below, topk or release.assigner.parameters.topk
        )
        for number, release in enumerate(chosen)
        for one in levels
    ]
    if len(combinations) > LARGEST:
        raise InputError("too-many", f"these lists make more than {LARGEST} combinations", hint="shorten a list")
    for each in combinations:
        each.grid.require_anchors(each.k, Parameter(f"shapes={each.shapes.name}"))
    readings = tuple(
        SurveySettings(
            rules=rules or rules_of(release.release),
            nc=None,
            imgsz=combinations[0].imgsz,
            image_size=image_size,
            letterboxed=letterboxed,
            placing=release.placing,
            keep=keep,
        )
        for release in chosen
    )
    question = Question(readings, tuple(combinations), reg_max=reg_max, batch=batch, keep=keep)
    return question, [*dict.fromkeys(remarks), *(f"release {release.line()}" for release in chosen)]

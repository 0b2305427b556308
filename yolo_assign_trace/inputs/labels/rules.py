"""The rules by which releases of the ultralytics package read a label file."""

from __future__ import annotations

from dataclasses import dataclass

from ...assignment.releases import NEWEST_MEASURED, Release, dotted, parse_release
from ...basics.errors import InputError, Parameter


@dataclass(frozen=True)
class LabelRules:
    """How one release reads label files.

    All boundaries were measured, release by release; docs/labels.md lists them.

    Attributes:
        release: the release.
        low, high: bounds of all numbers of a row, its class included, from below; what is a little outside passes.
        lowest_size: bound of widths and heights.
        byte_order_mark: may a file begin with one?
        blank_is_a_row: is a line of white space between two rows a row without fields?
        whole_classes: must a class be a whole number? Otherwise the loss cuts it to one.
        class_may_equal_count: does class nc pass, although classes end at nc - 1?
        misreads_boxes: is a five-field row in a polygon file read as two points?
        compares_points: are polygons duplicates by the bytes of their points, not by the boxes around them?
    """

    release: Release
    low: float
    high: float
    lowest_size: float
    byte_order_mark: bool
    blank_is_a_row: bool
    whole_classes: bool
    class_may_equal_count: bool
    misreads_boxes: bool
    compares_points: bool

    @property
    def name(self) -> str:
        return dotted(self.release)


def rules_of(release: Release) -> LabelRules:
    """The rules of a release (major, minor, patch)."""
    tolerant = release >= (8, 3, 163)
    low = -0.01 if tolerant else 0.0
    return LabelRules(
        release=release,
        low=low,
        high=1.01 if tolerant else 1.0,
        lowest_size=0.0 if release >= (8, 4, 182) else low,
        byte_order_mark=release >= (8, 4, 183),
        blank_is_a_row=release < (8, 4, 165),
        whole_classes=release >= (8, 4, 164),
        class_may_equal_count=release < (8, 3, 66),
        misreads_boxes=release < (8, 4, 117),
        compares_points=release >= (8, 4, 165),
    )


TODAY = rules_of(NEWEST_MEASURED)
"""The default; later releases are taken to read alike."""


def rules_as(text: str) -> LabelRules:
    """The rules of the release that a user names, such as ``8.3.200`` or ``ultralytics==8.3.200``.

    >>> rules_as("8.3.100").high
    1.0

    Raises:
        InputError: no release, or one before 8.0.0.
    """
    release = parse_release(text, Parameter("labels_as"))
    if release is None:
        hint = "write a release, such as `labels_as=8.3.200`"
        raise InputError("unknown-release", f"{text!r} is no release", where=Parameter("labels_as"), hint=hint)
    return rules_of(release)

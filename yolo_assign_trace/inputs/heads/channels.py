"""How many bins and classes the channels of head outputs are, held against everything else that says so."""

from __future__ import annotations

from dataclasses import dataclass

from ...basics.errors import InputError
from ...basics.plural import count
from .shapes import DEFAULT_REG_MAX, Shapes

SMALL_REG_MAX = (1, 4, 8)
"""Bins per side that are looked for where there are too few channels for the default."""


@dataclass(frozen=True)
class Expectations:
    """What is known about the heads before they are read; None (0 for ``labels_classes``) where nothing is.

    Attributes:
        shapes: levels that were asked for, and their nc and reg_max if the file has them.
        imgsz: height and width of the network input in px, given without shapes.
        reg_max: bins per side R.
        nc: number of classes c.
        nc_source: who says ``nc``, the parameter or a file.
        labels_classes: the least number of classes that the labels need.
    """

    shapes: Shapes | None = None
    imgsz: tuple[int, int] | None = None
    reg_max: int | None = None
    nc: int | None = None
    nc_source: str = "`nc`"
    labels_classes: int = 0

    @property
    def known_nc(self) -> int | None:
        return self.nc or (self.shapes.nc if self.shapes else None)

    @property
    def known_reg_max(self) -> int | None:
        return self.reg_max or (self.shapes.reg_max if self.shapes else None)

    @property
    def nc_known_by(self) -> str:
        return self.nc_source if self.nc or self.shapes is None else self.shapes.name


NOTHING = Expectations()


@dataclass(frozen=True)
class Channels:
    """Bins per side and classes; ``default`` says that the bins are a default, not told by anything."""

    reg_max: int
    nc: int
    default: bool = False


def joint_channels(channels: int, expected: Expectations, where: str) -> Channels:
    """Split 4·R + c channels of one tensor.

    R is what was said. Otherwise it is 16, or 1 where only that gives the number of classes that was said. Up to 64
    channels are too few for R 16: there it is the one of 1, 4 and 8 that gives the number that was said or, if none
    was, the only one that leaves enough classes.

    Raises:
        InputError: the classes differ from those that were said or that the labels need, or nothing tells which of
            several R it is.
    """
    nc, default = expected.known_nc, False
    if expected.known_reg_max:
        reg_max = expected.known_reg_max
    elif nc and channels - nc in (4, *(4 * small for small in SMALL_REG_MAX if channels <= 4 * DEFAULT_REG_MAX)):
        reg_max = (channels - nc) // 4
    else:
        reg_max = DEFAULT_REG_MAX if nc or channels > 4 * DEFAULT_REG_MAX else _only_reading(channels, expected, where)
        default = not nc
    return _agreeing(Channels(reg_max, channels - 4 * reg_max, default), f"{channels}", expected, where)


def _only_reading(channels: int, expected: Expectations, where: str) -> int:
    """R of channels that are too few for the default, if only one leaves enough classes."""
    needed = max(1, expected.labels_classes)
    fitting = [reg_max for reg_max in SMALL_REG_MAX if channels - 4 * reg_max >= needed]
    if len(fitting) > 1:
        readings = [f"{count(channels - 4 * reg_max, 'class')} at reg_max {reg_max}" for reg_max in fitting]
        message = f"{channels} channels can be {' or '.join(readings)}"
        raise InputError("ambiguous-heads", message, where=where, hint="say which with `nc` or `reg_max`")
    return fitting[0] if fitting else SMALL_REG_MAX[0]


def separate_channels(boxes: int, scores: int, expected: Expectations, where: str) -> Channels:
    """Bins and classes of a tensor of 4·R box channels and one of c scores.

    Raises:
        InputError: as :func:`joint_channels`, or box channels that are no multiple of 4.
    """
    if boxes % 4:
        message = f"boxes have {boxes} channels, expected 4·reg_max, a multiple of 4"
        raise InputError("wrong-channels", message, where=where)
    channels = Channels(boxes // 4, scores)
    if expected.known_reg_max not in (None, channels.reg_max):
        raise _mismatch(channels, f"{boxes} + {scores}", expected, expected.known_reg_max or 1, where)
    return _agreeing(channels, f"{boxes} + {scores}", expected, where)


def _agreeing(channels: Channels, text: str, expected: Expectations, where: str) -> Channels:
    agree = expected.known_nc in (None, channels.nc) and channels.nc >= max(1, expected.labels_classes)
    if not agree:
        raise _mismatch(channels, text, expected, channels.reg_max, where)
    return channels


def _mismatch(channels: Channels, text: str, expected: Expectations, reg_max: int, where: str) -> InputError:
    """What was expected and what came, by everyone who says something about it."""
    known_nc = expected.known_nc
    nc = known_nc or max(1, expected.labels_classes)
    classes = f"{count(nc, 'class')} ({expected.nc_known_by})" if known_nc else f"at least {count(nc, 'class')}"
    message = (
        f"expected 4·{reg_max} + {nc} = {4 * reg_max + nc} channels for {classes} at reg_max {reg_max}, found {text}"
    )
    if channels.nc >= 1:
        message += f": {count(channels.nc, 'class')} at reg_max {channels.reg_max}"
    if expected.labels_classes:
        message += f"; the labels need at least {count(expected.labels_classes, 'class')}"
    hint = f"mend {expected.nc_source if expected.nc else '`nc`'} or `reg_max`: channels = 4·reg_max + nc"
    rest = channels.nc + 4 * channels.reg_max - nc
    if known_nc and not expected.known_reg_max and rest > 0 and rest % 4 == 0:
        hint += f"; {count(nc, 'class')} would be `reg_max={rest // 4}`"
    return InputError("wrong-channels", message, where=where, hint=hint)

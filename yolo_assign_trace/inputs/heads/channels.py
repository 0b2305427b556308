"""How many bins and classes the channels of head outputs are, held against everything else that says so."""

from __future__ import annotations

from dataclasses import dataclass

from ...basics.errors import InputError
from ...basics.plural import count
from .shapes import DEFAULT_REG_MAX, Shapes

SMALL_REG_MAX = (1, 4, 8)
"""Bins per side that are looked for where there are too few channels for the default."""


@dataclass(frozen=True)
class Wanted:
    """What was said about the heads; None (0 for ``labels_classes``) where nothing was.

    Attributes:
        shapes: levels that were asked for, and their nc and reg_max if the file has them.
        imgsz: height and width of the network input in px, given without shapes.
        reg_max: bins per side R.
        nc: number of classes c.
        nc_source: who says ``nc``, such as ``--nc`` or ``data.yaml``.
        labels_classes: the least number of classes that the labels need.
    """

    shapes: Shapes | None = None
    imgsz: tuple[int, int] | None = None
    reg_max: int | None = None
    nc: int | None = None
    nc_source: str = "--nc"
    labels_classes: int = 0

    @property
    def known_nc(self) -> int | None:
        return self.nc or (self.shapes.nc if self.shapes else None)

    @property
    def known_reg_max(self) -> int | None:
        return self.reg_max or (self.shapes.reg_max if self.shapes else None)

    @property
    def nc_said_by(self) -> str:
        return self.nc_source if self.nc or self.shapes is None else self.shapes.name


@dataclass(frozen=True)
class Channels:
    """Bins per side and classes; ``default`` says that the bins are a default, not told by anything."""

    reg_max: int
    nc: int
    default: bool = False


def joint_channels(channels: int, wanted: Wanted, where: str) -> Channels:
    """Split 4·R + c channels of one tensor.

    R is what was said. Otherwise it is 16, or 1 where only that gives the number of classes that was said. Up to 64
    channels are too few for R 16: there it is the one of 1, 4 and 8 that gives the number that was said or, if none
    was, the only one that leaves enough classes.

    Raises:
        InputError: the classes differ from those that were said or that the labels need, or nothing tells which of
            several R it is.
    """
    nc, default = wanted.known_nc, False
    if wanted.known_reg_max:
        reg_max = wanted.known_reg_max
    elif nc and channels - nc in (4, *(4 * small for small in SMALL_REG_MAX if channels <= 4 * DEFAULT_REG_MAX)):
        reg_max = (channels - nc) // 4
    else:
        reg_max = DEFAULT_REG_MAX if nc or channels > 4 * DEFAULT_REG_MAX else _only_reading(channels, wanted, where)
        default = not nc
    return _agreeing(Channels(reg_max, channels - 4 * reg_max, default), f"{channels}", wanted, where)


def _only_reading(channels: int, wanted: Wanted, where: str) -> int:
    """R of channels that are too few for the default, if only one leaves enough classes."""
    needed = max(1, wanted.labels_classes)
    fitting = [reg_max for reg_max in SMALL_REG_MAX if channels - 4 * reg_max >= needed]
    if len(fitting) > 1:
        readings = [f"{count(channels - 4 * reg_max, 'class')} at reg_max {reg_max}" for reg_max in fitting]
        message = f"{channels} channels can be {' or '.join(readings)}"
        raise InputError("ambiguous-heads", message, where=where, hint="say which with --nc or --reg-max")
    return fitting[0] if fitting else SMALL_REG_MAX[0]


def separate_channels(boxes: int, scores: int, wanted: Wanted, where: str) -> Channels:
    """Bins and classes of a tensor of 4·R box channels and one of c scores.

    Raises:
        InputError: as :func:`joint_channels`, or box channels that are no multiple of 4.
    """
    if boxes % 4:
        message = f"boxes have {boxes} channels, expected 4·reg_max, a multiple of 4"
        raise InputError("wrong-channels", message, where=where)
    found = Channels(boxes // 4, scores)
    if wanted.known_reg_max not in (None, found.reg_max):
        raise _mismatch(found, f"{boxes} + {scores}", wanted, wanted.known_reg_max or 1, where)
    return _agreeing(found, f"{boxes} + {scores}", wanted, where)


def _agreeing(found: Channels, text: str, wanted: Wanted, where: str) -> Channels:
    agree = wanted.known_nc in (None, found.nc) and found.nc >= max(1, wanted.labels_classes)
    if not agree:
        raise _mismatch(found, text, wanted, found.reg_max, where)
    return found


def _mismatch(found: Channels, text: str, wanted: Wanted, reg_max: int, where: str) -> InputError:
    """What was expected and what came, by everyone who says something about it."""
    said = wanted.known_nc
    nc = said or max(1, wanted.labels_classes)
    classes = f"{count(nc, 'class')} ({wanted.nc_said_by})" if said else f"at least {count(nc, 'class')}"
    message = (
        f"expected 4·{reg_max} + {nc} = {4 * reg_max + nc} channels for {classes} at reg_max {reg_max}, found {text}"
    )
    if found.nc >= 1:
        message += f": {count(found.nc, 'class')} at reg_max {found.reg_max}"
    if wanted.labels_classes:
        message += f"; the labels need at least {count(wanted.labels_classes, 'class')}"
    hint = f"mend {wanted.nc_source if wanted.nc else '--nc'} or --reg-max: channels = 4·reg_max + nc"
    rest = found.nc + 4 * found.reg_max - nc
    if said and not wanted.known_reg_max and rest > 0 and rest % 4 == 0:
        hint += f"; {count(nc, 'class')} would be --reg-max {rest // 4}"
    return InputError("wrong-channels", message, where=where, hint=hint)

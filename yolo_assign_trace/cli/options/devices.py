"""Names of dtypes and devices, told without torch, and whether a device is there."""

from __future__ import annotations

import re

from ...basics.errors import InputError, did_you_mean

DTYPES = ("float32", "float64")


def parse_dtype(name: str) -> str:
    """The name, if it is one of a dtype to compute in.

    Raises:
        InputError: it is not.
    """
    if name not in DTYPES:
        hint = did_you_mean(name, DTYPES)
        raise InputError("unknown-dtype", f"{name!r} is no dtype to compute in", where="--dtype", hint=hint)
    return name


def parse_device(name: str) -> str:
    """The name, if it is one of a device.

    Raises:
        InputError: it is not.
    """
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        hint = "cpu, cuda or cuda:1"
        raise InputError("unknown-device", f"{name!r} is no device to compute on", where="--device", hint=hint)
    return name


def require_device(device: str) -> None:
    """Does this machine have the device? Imports torch.

    Raises:
        InputError: there is no such device here.
    """
    if device == "cpu":
        return
    import torch

    number = int(device.partition(":")[2] or 0)
    if not torch.cuda.is_available() or number >= torch.cuda.device_count():
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        message = f"this machine has no {device}: torch sees {count} CUDA devices"
        raise InputError("no-such-device", message, where="--device", hint="leave --device out to compute on the CPU")

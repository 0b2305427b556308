"""The options --dtype and --device."""

from __future__ import annotations

import re

from ..basics.errors import InputError, did_you_mean

DTYPES = ("float32", "float64")


def check_device(dtype: str, device: str) -> None:
    """Are these names of a dtype and a device? Says so without torch.

    Raises:
        InputError: an unknown name.
    """
    if dtype not in DTYPES:
        hint = did_you_mean(dtype, DTYPES)
        raise InputError("unknown-dtype", f"{dtype!r} is no dtype to compute in", where="--dtype", hint=hint)
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        hint = "cpu, cuda or cuda:1"
        raise InputError("unknown-device", f"{device!r} is no device to compute on", where="--device", hint=hint)


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

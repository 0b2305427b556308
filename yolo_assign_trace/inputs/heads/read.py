"""Head outputs from a file."""

from __future__ import annotations

from pathlib import Path

from .channels import Wanted
from .files import read_arrays
from .layout import Heads, detect_layout

ANYTHING = Wanted()


def read_heads(path: Path, wanted: Wanted = ANYTHING) -> Heads:
    """The head outputs in a .npz, .npy, .safetensors or torch file, in any layout of docs/heads.md.

    Args:
        path: the file.
        wanted: what was said about levels, bins and classes.

    Raises:
        InputError: as :func:`.head_files.read_arrays` and :func:`.head_layout.detect_layout`.
    """
    return detect_layout(read_arrays(path), wanted)

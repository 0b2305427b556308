"""A model that the ultralytics package loads and runs on pictures: its raw head outputs, with no file in between.

The package is imported when a model is asked for, and not before. Loading somebody's model file runs code of that
file, which is how its format works: nothing here can prevent it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...assignment.generations import find_assigner
from ...assignment.grid import Grid
from ...assignment.releases import Release, dotted
from ...basics.arrays import Array
from ...basics.errors import InputError, Parameter, did_you_mean
from ...run.letterbox import Letterbox
from ..heads.channels import Expectations
from ..heads.files import ArrayFile
from ..heads.layout import Heads, detect_layout
from ..heads.shapes import Shapes, rounded_up
from ..heads.torch_file import arrays_in
from .input_pictures import network_input

ONE2MANY, ONE2ONE = "one2many", "one2one"
BRANCHES = (ONE2MANY, ONE2ONE)
"""The two heads of an end-to-end model; training assigns for each of them."""

_BUILT = (".yaml", ".yml")
_EXPECTED = "expected: a .pt file of this package, or the .yaml that describes a model"


@dataclass(frozen=True)
class Model:
    """A network that is ready to run.

    Attributes:
        name: of the file, without its folders.
        digest: first 12 hex digits of the file's sha256; empty for a model that was built.
        release: of the package that runs it.
        network: what the package made of the file.
        imgsz: side in px that it was trained at.
        strides: of its levels, fine first.
        nc: number of classes.
        reg_max: bins per side.
        class_names: by class.
        branch: which of two heads; empty if there is one.
    """

    name: str
    digest: str
    release: Release
    network: Any
    imgsz: int
    strides: tuple[int, ...]
    nc: int
    reg_max: int
    class_names: tuple[str, ...]
    branch: str

    @property
    def untrained(self) -> bool:
        """Was it built from a description, with random weights?"""
        return not self.digest

    @property
    def about(self) -> str:
        """One line for headers."""
        which = f", head {self.branch}" if self.branch else ""
        how = f"built untrained, random weights{which}" if self.untrained else f"sha256 {self.digest}{which}"
        return f"model {self.name}: {how}, {len(self.class_names)} classes, run by ultralytics {dotted(self.release)}"

    @property
    def parameters(self) -> dict[str, float]:
        """Of the assigner, as far as the head has its own."""
        if self.branch != ONE2ONE:
            return {}
        family = "yolo26" if self.release >= (8, 4, 0) else "yolov10"  # whose heads all models of these releases have
        settings = find_assigner(f"{family}-{ONE2ONE}").settings
        return {name: settings[name] for name in ("topk", "topk2") if settings[name] is not None}

    def shapes(self, imgsz: tuple[int, int] | None) -> Shapes:
        """The levels at an input (height, width), in whole largest strides as training has it."""
        whole = rounded_up(imgsz or (self.imgsz, self.imgsz), max(self.strides))
        return Shapes.of_strides(self.name, whole, self.strides, self.nc, self.reg_max)

    def maps(self, pictures: Sequence[str], boxes: Sequence[Letterbox], grid: Grid, device: str) -> list[Array]:
        """Raw outputs, one (b, 4·R+c, h, w) float32 a level, of pictures letterboxed as validation does.

        Raises:
            InputError: a picture that cannot be read, or outputs of no known layout.
        """
        import torch

        made = np.stack([network_input(p, box, self.release) for p, box in zip(pictures, boxes, strict=True)])
        network, head = self.network.to(device).eval(), self.network.model[-1]
        head.training = True  # of the head alone: it returns what the loss takes, and all else stays as in validation
        try:
            with torch.no_grad(), _quiet():
                outputs = network(torch.from_numpy(made).to(device).float() / 255)
        finally:
            head.training = False
        if isinstance(outputs, dict) and self.branch in outputs:
            outputs = outputs[self.branch]
        arrays = {name: array.astype(np.float32) for name, array in arrays_in(outputs).items()}
        shapes = Shapes(self.name, grid, self.nc, self.reg_max)
        expected = Expectations(shapes, None, self.reg_max, self.nc, self.name)
        heads: Heads = detect_layout(ArrayFile(self.name, self.name, self.digest, arrays), expected)
        return heads.maps


def open_model(path: Path, release: Release, *, branch: str | None, nc: int | None, seed: int) -> Model:
    """The model in a file, or one built from a description (.yaml), which knows nothing.

    Args:
        path: a model file of the ultralytics package, or the name of a description that it knows.
        release: of the package that is installed.
        branch: which of two heads; one2many if nothing is said.
        nc: number of classes of a model that is built.
        seed: of its weights.

    Raises:
        InputError: no such file or head, or a model of another task.
    """
    built = path.suffix in _BUILT
    digest = "" if built else _digest(path)
    task, network = _loaded(path, release, nc if built else None, seed)
    head = network.model[-1]
    if task != "detect" or not all(hasattr(head, name) for name in ("nc", "reg_max", "stride")):
        kind = f"a {task} model" if task != "detect" else f"a model with the head {type(head).__name__}"
        hint = "models that detect boxes and are trained with the task-aligned assigner are run"
        raise InputError("model-of-another-task", f"this is {kind}", where=str(path), hint=hint)
    names = network.names
    listed = tuple(map(str, names.values() if isinstance(names, dict) else names))
    trained_at = getattr(network, "args", None) or {}
    imgsz = trained_at.get("imgsz", 640) if isinstance(trained_at, dict) else getattr(trained_at, "imgsz", 640)
    strides = tuple(int(stride) for stride in head.stride.tolist())
    return Model(
        name=path.name,
        digest=digest,
        release=release,
        network=network,
        imgsz=int(max(imgsz) if isinstance(imgsz, list | tuple) else imgsz),
        strides=strides,
        nc=int(head.nc),
        reg_max=int(head.reg_max),
        class_names=listed,
        branch=_branch(branch, path, two=hasattr(head, "one2one_cv2")),  # end2end is false until it predicts
    )


def _branch(asked: str | None, path: Path, *, two: bool) -> str:
    if asked is not None and asked not in BRANCHES:
        hint = did_you_mean(asked, BRANCHES)
        raise InputError("unknown-branch", f"{asked!r} is no head", where=Parameter("branch"), hint=hint)
    if asked is not None and not two:
        message = "this model has one head"
        raise InputError("no-such-branch", message, where=str(path), hint="leave `branch` out")
    return (asked or ONE2MANY) if two else ""


def _digest(path: Path) -> str:
    from ..reading.files import refusal

    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError as error:
        raise refusal(path, "model file", error) from None


def _loaded(path: Path, release: Release, nc: int | None, seed: int) -> tuple[str, Any]:
    """What the model was made to do, and its network."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")  # the package would install what a model file asks for
    try:
        with _quiet():
            import torch
            from ultralytics import YOLO

            torch.manual_seed(seed)
            model = YOLO(str(path))
            network: Any = model.model
            if isinstance(network, str):  # what it does with files it does not know
                raise InputError("model-not-loaded", "this is no PyTorch model", where=str(path), hint=_EXPECTED)
            if nc is not None and nc != len(network.names):
                torch.manual_seed(seed)
                network = type(network)(dict(network.yaml), nc=nc, verbose=False)
            return str(model.task), network.float()
    except InputError:
        raise
    except Exception as error:  # anything: it is their code and that of the model file
        first = next(iter(str(error).splitlines()), "")
        message = f"ultralytics {dotted(release)} cannot load it: {type(error).__name__}: {first[:200]}"
        raise InputError("model-not-loaded", message, where=str(path), hint=_EXPECTED) from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the package prints: standard output may be JSON."""
    logger = logging.getLogger("ultralytics")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        logger.setLevel(level)

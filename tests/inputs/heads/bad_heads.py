"""Rows of bad input about head outputs; test_errors.py runs them."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.inputs.bad_input import GOOD, GOOD_HEADS, Bad, named


def heads(
    id: str,
    place: str,
    says: str,
    content: Mapping[str, Sequence[int]] | Callable[[Path], object],
    *arguments: str,
    hint: str = "",
    about: str = "",
) -> Bad:
    """Good labels, bad heads."""
    own = ["--labels", "one.txt", "--heads", "heads.npz", *arguments]
    return Bad(id, place, says, own, hint, {"one.txt": GOOD}, content, about or says)


def _npz() -> bytearray:
    file = io.BytesIO()
    np.savez_compressed(file, p3=np.random.RandomState(0).randn(1, 65, 8, 8))
    return bytearray(file.getvalue())


def _half(path: Path) -> None:
    path.write_bytes(_npz()[:9000])


def _damaged(path: Path) -> None:
    data = _npz()
    data[100:130] = b"\xff" * 30
    path.write_bytes(data)


def _zip_of_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "p3 p4 p5")


def _pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"p3": [1.0]}))


def _objects(path: Path) -> None:
    np.savez(path, p3=np.array([None, {}]))


def _complex(path: Path) -> None:
    np.savez(path, p3=np.zeros((1, 65, 8, 8), complex))


CHANNELS = "channels = 4·reg_max + nc"

HEADS = [
    named("no-such-file", "missing.npz", "no such heads file", "--heads", "missing.npz"),
    named("is-a-folder", "a_folder", "a folder, not a heads file", "--heads", "a_folder"),
    # files that are no .npz, or damaged
    heads("not-npz", "heads.npz", "", lambda path: path.write_text("p3 p4 p5"), hint="numpy.savez", about="text"),
    heads("not-npz", "heads.npz", "", lambda path: path.touch(), hint="numpy.savez", about="empty"),
    heads("not-npz", "heads.npz", "", _half, hint="numpy.savez", about="half of it"),
    heads("not-npz", "heads.npz", "", _damaged, hint="numpy.savez", about="damaged"),
    heads("not-npz", "heads.npz", "no numpy arrays", _zip_of_text, hint="numpy.savez", about="a zip file of text"),
    heads("pickled", "heads.npz", "a Python pickle", _pickle, hint="torch.save({", about="a pickle"),
    heads("pickled", "heads.npz", "Python objects", _objects, hint="never loaded"),
    heads("no-maps", "heads.npz", "holds no array", {}),
    # arrays that are no maps
    heads("not-a-map", "heads.npz[p3]", "float32 [8, 8]", {"p3": (8, 8)}, hint="one array per level"),
    heads("not-a-map", "heads.npz[p3]", "float32 [1, 65, 8, 0]", {"p3": (1, 65, 8, 0)}, hint="one array per level"),
    heads("not-a-map", "heads.npz[p3]", "complex128", _complex, hint="one array per level"),
    # levels
    heads(
        "heads-disagree",
        "heads.npz[p4]",
        "batch and channels are 1, 66, but 1, 65 in p3",
        {**GOOD_HEADS, "p4": (1, 66, 4, 4)},
        hint="the same b, R and c",
    ),
    heads(
        "heads-do-not-fit",
        "heads.npz",
        "no named layout has 2 maps of 8x8, 4x4 cells",
        {"p3": (1, 65, 8, 8), "p4": (1, 65, 4, 4)},
        hint="--shapes my.yaml",
    ),
    heads(
        "heads-do-not-fit",
        "heads.npz",
        "expected 3 maps of 8x8, 4x4, 2x2 cells for --shapes study, found 3 of 16x16, 8x8, 4x4",
        {"p3": (1, 65, 16, 16), "p4": (1, 65, 8, 8), "p5": (1, 65, 4, 4)},
        *("--shapes", "study"),
        hint="these maps fit --shapes yolov8 --imgsz 128",
    ),
    heads(
        "heads-do-not-fit",
        "heads.npz",
        "expected 3 maps of 80x80, 40x40, 20x20 cells for --shapes yolov8",
        {"p3": (1, 65, 8, 16), "p4": (1, 65, 4, 8), "p5": (1, 65, 2, 4)},
        *("--shapes", "yolov8"),
        hint="--imgsz 64,128",
    ),
    # channels and batch
    heads(
        "wrong-channels",
        "heads.npz",
        "expected 4·16 + 80 = 144 channels for 80 classes (--nc) at reg_max 16, found 65: 1 class at reg_max 16; "
        "the labels need at least 1 class",
        GOOD_HEADS,
        *("--nc", "80"),
        hint=CHANNELS,
    ),
    heads(
        "wrong-channels",
        "heads.npz",
        "expected 4·17 + 1 = 69 channels for at least 1 class at reg_max 17, found 65",
        GOOD_HEADS,
        *("--reg-max", "17"),
        hint=CHANNELS,
    ),
    Bad(
        "wrong-batch",
        "heads.npz",
        "expected a batch of 2 according to my.yaml, found 1",
        ["--labels", "one.txt", "--heads", "heads.npz", "--shapes", "my.yaml"],
        files={"one.txt": GOOD, "my.yaml": "imgsz: 640\nmaps: [[8, 8], [4, 4], [2, 2]]\nbatch: 2\n"},
        heads=GOOD_HEADS,
    ),
]

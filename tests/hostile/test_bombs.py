"""Small files that stand for much: time and memory are bounded by their size, and the error says by which limit."""

from __future__ import annotations

import io
import shutil
import time
import zipfile

import numpy as np
import pytest
import torch

from tests.commands import ROOT

FILES = ROOT / "tests" / "hostile" / "files"
SECONDS = 5
"""More than enough for any of them; without the limits they take minutes, or all memory."""


@pytest.fixture
def files(folder):
    for path in FILES.iterdir():
        shutil.copy(path, folder)
    deflated = io.BytesIO()
    torch.save({"p3": torch.zeros(1 << 24)}, deflated)
    with zipfile.ZipFile(deflated) as source, zipfile.ZipFile("deflated.pt", "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            target.writestr(member.filename, source.read(member))
    empty = []
    for _ in range(40):
        empty = [empty] * 10
    torch.save(empty, "empty.pt")
    loop = []
    loop.append(loop)
    torch.save(loop, "loop.pt")
    np.savez_compressed("zeros.npz", p3=np.zeros(1 << 25, np.float32))
    (folder / "large.yaml").write_text("imgsz: 640\nmaps: [[8, 8]]\nreg_max: 1000000\n")
    return folder


def heads(name):
    return ("trace", "--labels", "labels.txt", "--no-log", "-q", "--heads", name)


def shapes(name):
    return ("trace", "--labels", "labels.txt", "--no-log", "-q", "--shapes", name)


BOMBS = [
    # arguments, what the message says
    (heads("laughs6.pt"), "hold more than 10,000 things [too-large]"),
    (heads("laughs9.pt"), "hold more than 10,000 things [too-large]"),
    (heads("empty.pt"), "hold more than 10,000 things [too-large]"),
    (heads("loop.pt"), "loop.pt: "),
    (heads("stride0.pt"), "its 1,893 bytes would become 3,221,229,504 bytes of arrays; 67,108,864 are the limit"),
    (heads("deflated.pt"), "torch.save does not compress [too-large]"),
    (heads("zeros.npz"), "bytes of arrays; 67,108,864 are the limit [too-large]"),
    (("trace", "--capture", "stride0.pt"), "67,108,864 are the limit [too-large]"),
    (shapes("merge.yaml"), "merge keys (<<) make more than 100,000 keys [wrong-yaml]"),
    (("labels", "merge.yaml"), "merge keys (<<) make more than 100,000 keys [wrong-yaml]"),
    (shapes("large.yaml"), "reg_max is 1000000, expected a whole number from 1 to 1024"),
    ((*shapes("study"), "--reg-max", "1000000"), "1000000 is not in the range 1<=x<=1024"),
    (("explain", "tiny.log"), "announces 64 lines of anchors, and 4 follow"),
    (("explain", "oob.safetensors"), "target_gt_idx[0,0] is 99, expected 0..1"),
    (heads("k.safetensors"), "this array is float32 [1]"),
]


@pytest.mark.parametrize(("arguments", "says"), BOMBS, ids=[f"{row[0][0]} {row[0][-1]}" for row in BOMBS])
def test_a_bomb_is_refused_at_once(yolo_assign, files, arguments, says):
    start = time.monotonic()
    outcome = yolo_assign(*arguments)
    assert time.monotonic() - start < SECONDS
    assert outcome.code == 2, outcome.err
    assert says in outcome.err


def test_what_is_expanded_a_little_is_read(yolo_assign, folder):
    maps = {f"p{3 + i}": torch.zeros(1, 1, 1, 1).expand(4, 67, s, s) for i, s in enumerate((8, 4, 2))}
    torch.save(maps, "heads.pt")
    assert yolo_assign(*heads("heads.pt")).code == 0

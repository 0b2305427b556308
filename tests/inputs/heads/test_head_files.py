"""Whatever container arrays come in, they are read exactly; damaged, foreign and pickled files are refused in words."""

from __future__ import annotations

import collections
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file as save_torch

from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.heads.files import read_arrays

NUMBERS = torch.tensor([[1.5, -0.25, 3.0], [0.125, -448.0, 0.0]])  # in every float type, float8 included


def save_old(content: Any, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


CONTAINERS = [
    # how it is saved, file name
    (lambda path: np.savez(path.open("wb"), p3=NUMBERS), "my.npz"),
    (lambda path: np.savez_compressed(path.open("wb"), p3=NUMBERS), "my.npz"),
    (lambda path: save_numpy({"p3": NUMBERS.numpy()}, path), "my.safetensors"),
    (lambda path: torch.save({"p3": NUMBERS}, path), "my.pt"),
    (lambda path: save_old({"p3": NUMBERS}, path), "my.pth"),
    (lambda path: torch.save(collections.OrderedDict(p3=NUMBERS), path), "my.pt"),
    # the content tells what it is, not the name
    (lambda path: np.savez(path.open("wb"), p3=NUMBERS), "my.pt"),
    (lambda path: torch.save({"p3": NUMBERS}, path), "my.npz"),
    (lambda path: save_numpy({"p3": NUMBERS.numpy()}, path), "my.npy"),
    (lambda path: save_old({"p3": NUMBERS}, path), "my.bin"),
    (lambda path: torch.save({"p3": NUMBERS}, path), "no_suffix"),
]


@pytest.mark.parametrize(("save", "name"), CONTAINERS, ids=[f"{i} {name}" for i, (_, name) in enumerate(CONTAINERS)])
def test_every_container_gives_the_same_arrays(tmp_path, save, name):
    save(tmp_path / name)
    file = read_arrays(tmp_path / name)
    assert (file.name, len(file.digest), list(file.arrays)) == (name, 12, ["p3"])
    np.testing.assert_array_equal(file.arrays["p3"], NUMBERS.numpy(), strict=True)


def test_a_single_array_is_called_array(tmp_path):
    np.save(tmp_path / "my.npy", NUMBERS.numpy())
    torch.save(NUMBERS, tmp_path / "my.pt")
    for name in ("my.npy", "my.pt"):
        np.testing.assert_array_equal(read_arrays(tmp_path / name).arrays["array"], NUMBERS.numpy(), strict=True)


FORMS = [
    # what becomes of a tensor before it is saved, dtype that is read
    (lambda t: t, np.float32),
    (lambda t: t.clone().requires_grad_(), np.float32),
    (torch.nn.Parameter, np.float32),
    (lambda t: t.half(), np.float32),
    (lambda t: t.bfloat16(), np.float32),
    (lambda t: t.to(torch.float8_e5m2), np.float32),
    (lambda t: t.double(), np.float64),
    (lambda t: t.T.contiguous().T, np.float32),  # not contiguous
    (lambda t: torch.stack([t, t], dim=-1)[..., 0], np.float32),  # a view of something larger
]


@pytest.mark.parametrize("number", range(len(FORMS)))
def test_every_form_of_a_tensor_is_read_exactly(tmp_path, number):
    form, dtype = FORMS[number]
    torch.save([form(NUMBERS)], tmp_path / "my.pt")
    np.testing.assert_array_equal(
        read_arrays(tmp_path / "my.pt").arrays["0"], NUMBERS.numpy().astype(dtype), strict=True
    )


def test_channels_last_maps_are_read_in_their_logical_order(tmp_path):
    maps = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).float()
    torch.save([maps.to(memory_format=torch.channels_last)], tmp_path / "my.pt")
    read = read_arrays(tmp_path / "my.pt").arrays["0"]
    assert read.flags.c_contiguous
    np.testing.assert_array_equal(read, maps.numpy())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=40))
def test_every_bfloat16_in_safetensors_is_what_torch_makes_of_it(tmp_path_factory, patterns):
    path = tmp_path_factory.mktemp("bf16") / "my.safetensors"
    tensor = torch.from_numpy(np.array(patterns, np.uint16)).view(torch.bfloat16)
    save_torch({"t": tensor, "half": tensor.half()}, path)
    read = read_arrays(path).arrays
    np.testing.assert_array_equal(read["t"], tensor.float().numpy(), strict=True)
    np.testing.assert_array_equal(read["half"], tensor.half().float().numpy(), strict=True)


ONE = torch.ones(1, 2, 3)
NESTED = [
    # content of a .pt, names that are read
    ([ONE, ONE], ["0", "1"]),
    ((ONE, ONE, ONE), ["0", "1", "2"]),
    ({"boxes": ONE, "scores": ONE, "feats": [ONE, ONE]}, ["boxes", "scores", "feats.0", "feats.1"]),
    ({"one2many": {"boxes": ONE}, "note": "text", "none": None}, ["one2many.boxes"]),  # no tensors: passed over
    ({"topk": 10, "alpha": 0.5, 3: ONE}, ["topk", "alpha", "3"]),
    ([], []),
    ("text", []),
]


@pytest.mark.parametrize(("content", "names"), NESTED)
def test_nested_structures_get_dotted_names(tmp_path, content, names):
    torch.save(content, tmp_path / "my.pt")
    file = read_arrays(tmp_path / "my.pt")
    assert (list(file.arrays), file.note) == (names, "")


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ([ONE, ONE], ["0", "1"]),  # a list of maps
        ({"boxes": ONE, "scores": ONE}, ["boxes", "scores"]),
    ],
)
@pytest.mark.parametrize("kind", [tuple, list])
def test_of_the_outputs_of_a_model_in_eval_mode_the_raw_part_is_used(tmp_path, raw, names, kind):
    torch.save(kind([torch.zeros(1, 84, 21), raw]), tmp_path / "my.pt")
    file = read_arrays(tmp_path / "my.pt")
    assert list(file.arrays) == names
    assert "the raw part" in file.note
    assert all(array.all() for array in file.arrays.values())  # none of the zeros of the predictions


def _bytes(save, *content, **options) -> bytes:
    file = io.BytesIO()
    save(file, *content, **options)
    return file.getvalue()


def _torch_bytes(content, **options) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def _safetensors_bytes(folder: Path) -> bytes:
    save_numpy({"p3": NUMBERS.numpy()}, folder / "good.safetensors")
    return (folder / "good.safetensors").read_bytes()


class Model(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def _zip_of(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


NPY = _bytes(np.save, NUMBERS.numpy())
HUGE = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(128) + b"\n"
SCRIPTED = {"archive/data.pkl": b"", "archive/constants.pkl": b"", "archive/code/__torch__.py": b""}
REFUSED = [
    # id, file name, content, part of the message
    ("unknown-file-kind", "my.bin", b"GIF89a.........", "none of .npz, .npy"),
    ("unknown-file-kind", "my.txt", b"12345678{ text", "none of .npz, .npy"),
    ("unknown-file-kind", "empty", b"", "none of .npz, .npy"),
    ("not-npz", "my.npz", b"", "not a readable .npz"),
    ("not-npz", "my.npz", b"PK\x03\x04 and no more", "not a readable .npz"),
    ("not-npz", "my.zip", _zip_of(text=b"text"), "no numpy arrays"),
    ("not-npz", "my.npz", _bytes(np.savez, NUMBERS.numpy())[:-30], "not a readable .npz"),
    ("not-npy", "my.npy", b"", "not a readable .npy"),
    ("not-npy", "my.npy", NPY[:-1], "not a readable .npy"),
    ("not-npy", "my.npy", NPY[:20], "not a readable .npy"),
    ("not-npy", "my.npy", HUGE, "not a readable .npy"),  # announces four terabytes
    ("not-safetensors", "my.safetensors", b"", "not a readable .safetensors"),
    ("not-safetensors", "my.safetensors", b"\xff" * 64, "not a readable .safetensors"),
    ("not-safetensors", "my.bin", (10**9).to_bytes(8, "little") + b"{}", "not a readable .safetensors"),
    ("not-torch", "my.pt", b"", "not a readable .pt"),
    ("not-torch", "my.pt", _torch_bytes([NUMBERS])[:200], "not a readable .pt"),
    ("not-torch", "my.pt", _torch_bytes([NUMBERS], _use_new_zipfile_serialization=False)[:-9], "not a readable .pt"),
    ("not-torch", "my.pth", _torch_bytes({"a.b": ONE, "a": {"b": ONE}}), "not a readable .pt"),  # one name twice
    ("not-torch", "my.pt", _torch_bytes([ONE.to_sparse()]), "not a readable .pt"),
    ("pickled", "my.pt", _torch_bytes(Model()), "Python objects"),
    ("pickled", "my.pt", _torch_bytes(Model(), _use_new_zipfile_serialization=False), "Python objects"),
    ("pickled", "my.pt", _torch_bytes({"p3": np.ones(3)}), "Python objects"),  # numpy in a torch file
    ("pickled", "my.pt", pickle.dumps([1, 2]), "a Python pickle"),
    ("pickled", "my.npz", _bytes(np.savez, np.array([{}, None])), "Python objects"),
    ("pickled", "my.npy", _bytes(np.save, np.array([{}, None])), "Python objects"),
    ("pickled", "my.pt", _zip_of(**SCRIPTED), "a TorchScript model"),
]


@pytest.mark.parametrize(("id", "name", "content", "says"), REFUSED, ids=[f"{i} {r[0]}" for i, r in enumerate(REFUSED)])
def test_files_that_cannot_be_used_are_refused_with_a_reason_and_a_way_out(tmp_path, id, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        read_arrays(tmp_path / name)
    error = caught.value
    assert (error.id, error.where) == (id, str(tmp_path / name))
    assert "save" in error.hint
    assert "__main__" not in str(error)


def test_nothing_in_a_file_is_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    np.save(tmp_path / "1.npy", np.array([Harm()]))
    torch.save([Harm()], tmp_path / "2.pt")
    (tmp_path / "3.pt").write_bytes(pickle.dumps(Harm()))
    for name in ("1.npy", "2.pt", "3.pt"):
        with pytest.raises(InputError):
            read_arrays(tmp_path / name)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("missing.pt", "no-such-file"),
        ("folder", "is-a-folder"),
        ("pipe", "not-readable"),  # opening it would wait for a writer
        ("x" * 300, "not-readable"),
        ("a\0b", "not-readable"),
    ],
)
def test_what_is_no_file_is_told_in_words(tmp_path, name, id):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError) as caught:
        read_arrays(tmp_path / name)
    assert caught.value.id == id


def test_a_zip_that_would_unpack_to_more_than_fits_is_refused_unread(tmp_path):
    data, at = bytearray(_zip_of(**{f"p{i}.npy": NPY for i in range(3)})), 0
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:  # each member's entry in the zip's directory
        data[at + 24 : at + 28] = (0xFFFFFFFE).to_bytes(4, "little")  # its unpacked size
    (tmp_path / "my.npz").write_bytes(data)
    with pytest.raises(InputError, match=r"12\.0 GiB, more than 8 GiB") as caught:
        read_arrays(tmp_path / "my.npz")
    assert caught.value.id == "too-large"


GOOD = {
    "npz": _bytes(np.savez_compressed, p3=NUMBERS.numpy()),
    "npy": NPY,
    "torch": _torch_bytes({"p3": NUMBERS, "more": [NUMBERS]}),
    "old torch": _torch_bytes({"p3": NUMBERS}, _use_new_zipfile_serialization=False),
}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(["npz", "npy", "torch", "old torch", "safetensors"]),
    st.integers(0, 1 << 16),
    st.binary(max_size=8),
    st.booleans(),
)
@pytest.mark.filterwarnings("ignore")  # numpy and torch warn about some headers before they refuse them
def test_damage_anywhere_gives_arrays_or_an_error_that_names_the_file(tmp_path_factory, kind, start, damage, cut):
    folder = tmp_path_factory.getbasetemp()
    data = bytearray(_safetensors_bytes(folder) if kind == "safetensors" else GOOD[kind])
    start %= len(data)
    data[start : start + len(damage)] = damage
    path = folder / "damaged.bin"
    path.write_bytes(data[:start] if cut else data)
    problem, arrays = None, {}
    try:
        arrays = read_arrays(path).arrays
    except InputError as error:
        problem = error
    assert problem is None or problem.where.startswith(str(path))
    assert all(isinstance(array, np.ndarray) for array in arrays.values())

"""The file of --save: the exact tensors, readable by the safetensors library alone, and by read_trace_file."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.traces.traces import KINDS, SMALL, traced
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.tensors import read_trace_file

DECLARED = {f"{result.stage}.{output.name}": output for result in STAGE_RESULTS for output in result.outputs()}


def saved(folder, kind):
    """The file of a trace, and the trace in memory."""
    path = folder / "t.safetensors"
    return path, traced(folder, kind, TensorFile(path))


def assert_same_bytes(found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes() == expected.tobytes()  # also the payload of nan


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_safetensors_library_reads_every_tensor_bit_for_bit(tmp_path, kind):
    path, memory = saved(tmp_path, kind)
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == set(memory.records) == set(DECLARED)
        for key, record in memory.records.items():
            assert_same_bytes(file.get_tensor(key), record.array)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_read_trace_file_gives_tensors_declarations_grid_and_header(tmp_path, kind):
    path, memory = saved(tmp_path, kind)
    trace = read_trace_file(path)
    assert list(trace.outputs) == list(memory.records)  # in order of execution
    for key, record in memory.records.items():
        assert_same_bytes(trace.outputs[key].array, record.array)
    assert {key: stored.output for key, stored in trace.outputs.items()} == DECLARED
    assert trace.grid == memory.run.grid
    assert trace.header == memory.run.header()
    assert trace.settings == memory.run.trace_settings()
    assert trace.digits is None  # exact


def test_the_metadata_tell_axes_units_parameters_and_versions(tmp_path):
    path, memory = saved(tmp_path, KINDS[0])
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    assert metadata.pop("format") == "yolo-assign trace 2"
    metadata = {key: json.loads(value) for key, value in metadata.items()}
    outputs = {entry.pop("key"): entry for entry in metadata["outputs"]}
    assert outputs == {
        key: {"axes": list(output.axes), "unit": output.unit, "meaning": output.meaning}
        for key, output in DECLARED.items()
    }
    assert metadata["settings"] == {
        "assigner": "yolov8",
        "generation": "8.0.52",
        "topk": 10,
        "topk2": None,
        "alpha": 0.5,
        "beta": 6.0,
        "overlap": "ciou",
        "swapped": {},
        "enlarged_below": None,
        "reg_max": 16,
        "nc": 3,
        "batch": 4,
        "dtype": "float32",
        "device": "cpu",
        "boxes": [2, 1, 3, 1],
        "images": [],
        "release": "8.3.253",
        "release_from": "the tutorial's",
        "labels_as": "8.3.253",
        "mode": "val",
        "synthetic": True,
    }
    assert metadata["grid"] == {"imgsz": [640, 640], "maps": [[8, 8], [4, 4], [2, 2]], "strides": [80, 160, 320]}
    for package in ("yolo-assign-trace", "torch", "numpy"):
        assert f"{package} {version(package).partition('+')[0]}" in metadata["header"]["versions"]
    assert torch.__version__.startswith(version("torch").partition("+")[0])
    told = [(fact["stage"], fact["id"]) for fact in metadata["facts"]]
    assert told == [(stage, fact.id) for stage, facts in memory.facts.items() for fact in facts]
    assert ("resolve", "positives") in told


def test_the_same_run_gives_the_same_bytes_and_no_folder(tmp_path):
    first, _ = saved(tmp_path, SMALL)
    data = first.read_bytes()
    saved(tmp_path, SMALL)
    assert first.read_bytes() == data
    assert str(tmp_path).encode() not in data


def test_a_batch_of_very_many_images(yolo_assign, folder):
    """The metadata grow with the number of images."""
    (folder / "my.txt").write_text("39999 0 .5 .5 .9 .9\n")
    (folder / "my.yaml").write_text("imgsz: 32\nmaps: [[4, 4]]\nreg_max: 1\n")
    arguments = ("--labels", "my.txt", "--shapes", "my.yaml", "--no-log", "--quiet", "--save", "t.safetensors")
    outcome = yolo_assign("trace", *arguments)
    assert outcome.code == 0, outcome.err
    assert read_trace_file(Path("t.safetensors")).array("fg_mask").sum() == 10


# --- other files ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return saved(folder, SMALL)[0].read_bytes()


def error_of(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read_trace_file(path)
    assert caught.value.where.startswith(str(path))
    return caught.value


def test_missing_folders_and_other_kinds_of_file(tmp_path):
    assert error_of(tmp_path / "missing").id == "no-such-file"
    assert error_of(tmp_path).id in ("is-a-folder", "wrong-trace-file")
    path = tmp_path / "other"
    for content in (b"", b"0 0.5 0.5 0.5 0.5\n", b"PK\3\4" + bytes(100), b"\xff" * 100):
        path.write_bytes(content)
        assert error_of(path).id == "wrong-trace-file"


METADATA = [
    # what is changed in the metadata, part of the message
    ({"format": None}, "was not written by `save`"),
    ({"format": "yolo-assign trace 3"}, "yolo-assign trace 3"),
    ({"outputs": None}, ""),
    ({"outputs": "{"}, ""),
    ({"outputs": "[1]"}, ""),
    ({"outputs": '[{"key": "flatten.strides"}]'}, ""),
    ({"outputs": '[{"key": "gone.gone", "axes": [], "unit": "", "meaning": ""}]'}, ""),
    ({"grid": None}, ""),
    ({"grid": "{}"}, ""),
    ({"grid": '{"imgsz": [32, 32], "maps": [[5, 5]], "strides": [8]}'}, ""),  # does not tile
    ({"grid": '{"imgsz": 32, "maps": 4, "strides": 8}'}, ""),
    ({"header": None}, ""),
    ({"header": "no JSON"}, ""),
    ({"settings": None}, ""),
    ({"settings": '{"topk": "ten"}'}, "ten"),
]


@pytest.mark.parametrize(("change", "says"), METADATA, ids=[str(row[0]) for row in METADATA])
def test_a_safetensors_file_of_someone_else(tmp_path, whole, change, says):
    path = tmp_path / "t.safetensors"
    path.write_bytes(whole)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() | change
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    save_file(tensors, path, {key: value for key, value in metadata.items() if value is not None})
    error = error_of(path)
    assert error.id == "wrong-trace-file"
    assert says in error.message
    save_file({"weight": np.zeros(3)}, path)  # without any metadata
    assert error_of(path).id == "wrong-trace-file"


def test_a_truncated_file(tmp_path, whole):
    path = tmp_path / "t.safetensors"
    for length in [0, 4, 8, 9, 500, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert error_of(path).id == "wrong-trace-file"


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged") / "t.safetensors"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 9000), st.binary(min_size=1, max_size=8))
def test_damage_in_the_header_is_an_error_or_does_no_harm(whole, damaged, start, damage):
    damaged.write_bytes(whole[:start] + damage + whole[start + len(damage) :])
    try:
        read_trace_file(damaged)
    except InputError as error:
        problem = error
    else:
        return
    assert problem.where.startswith(str(damaged))

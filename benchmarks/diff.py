"""Comparing two saved traces of 27 million elements, against loading both and numpy.testing.assert_allclose."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .measure import Line, faster, fresh_process, growth_of_peak, in_turns, less_memory
from .memory import write_labels

IMAGES, CLASSES, REG_MAX, SIZE = 8, 80, 16, 640
ROUNDS = 5
NOISE = 1e-6
RTOL, ATOL = 1e-5, 1e-8


def lines() -> list[Line]:
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        elements = write_traces(folder)
        what = f"diff of {elements / 1e6:.0f} million elements"
        for other, said in (("same", "equal"), ("noisy", "noise in every float")):
            paths = folder / "a.safetensors", folder / f"{other}.safetensors"
            ours, theirs = in_turns(ROUNDS, lambda p=paths: compare(*p), lambda p=paths: load_and_assert(*p))  # type: ignore[misc]
            found.append(faster(f"{what}, {said}: diff : numpy", ours, theirs, at_least=2))
        names = [str(folder / f"{side}.safetensors") for side in ("a", "noisy")]
        ours_peak = [fresh_process("diff:peak", "compare", *names) for _ in range(ROUNDS)]
        theirs_peak = [fresh_process("diff:peak", "load_and_assert", *names) for _ in range(ROUNDS)]
    return [*found, less_memory(f"{what}: extra memory, diff : numpy", ours_peak, theirs_peak, at_most=0.1)]


def write_traces(folder: Path) -> int:
    """a, the same again, and one from heads with a little noise; the number of elements of one."""
    import numpy as np

    from yolo_assign_trace.inputs.file_batch import read_labels
    from yolo_assign_trace.inputs.heads.shapes import layout_grid
    from yolo_assign_trace.inputs.heads.synthetic import synthetic_maps
    from yolo_assign_trace.run.given import Inputs
    from yolo_assign_trace.run.runner import trace
    from yolo_assign_trace.tracers.tensors import TensorFile
    from yolo_assign_trace.traces.open_trace import open_trace

    write_labels(folder / "labels.txt")
    rows = read_labels(folder / "labels.txt").rows
    rows = rows[rows[:, 0] < IMAGES]
    grid = layout_grid("yolov8", (SIZE, SIZE))
    random = np.random.RandomState(0)
    for name in ("a", "same", "noisy"):
        maps = list(synthetic_maps(grid, IMAGES, 4 * REG_MAX + CLASSES, seed=0))
        if name == "noisy":
            maps = [level * (1 + NOISE * random.randn(*level.shape)).astype(level.dtype) for level in maps]
        trace(Inputs(grid, maps, rows, IMAGES, CLASSES, REG_MAX), tracers=[TensorFile(folder / f"{name}.safetensors")])
    outputs = open_trace(folder / "a.safetensors").outputs.values()
    return int(sum(np.prod(stored.shape, dtype=np.int64) for stored in outputs))


def compare(a: Path, b: Path) -> int:
    """As ``yolo-assign diff`` does; how many outputs differ."""
    from yolo_assign_trace.compare.rules import Tolerances
    from yolo_assign_trace.compare.traces import compare_traces
    from yolo_assign_trace.traces.open_trace import open_trace

    return len(compare_traces(open_trace(a), open_trace(b), Tolerances(RTOL, ATOL)).differing)


def load_and_assert(a: Path, b: Path) -> int:
    """The usual way: load both, then one assertion a tensor, going on after one that fails."""
    import numpy as np
    from safetensors.numpy import load_file

    left, right = load_file(a), load_file(b)
    failed = 0
    for name in left:
        try:
            np.testing.assert_allclose(left[name], right[name], rtol=RTOL, atol=ATOL)
        except AssertionError:
            failed += 1
    return failed


def peak(side: str, a: str, b: str) -> int:
    """Bytes by which memory grows while one side compares, over the program with all its imports done."""
    import numpy.testing  # noqa: F401
    import safetensors.numpy  # noqa: F401

    import yolo_assign_trace.compare.traces
    import yolo_assign_trace.traces.open_trace  # noqa: F401

    return growth_of_peak(lambda: globals()[side](Path(a), Path(b)))

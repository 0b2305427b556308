"""The readers of logs, saved traces, captures and heads under fire: damaged files through whole commands.

    python -m tests.hostile.fuzz_files 20000 [--seed 0] [--kinds log,trace,capture,heads] [--keep defect]

damages small files of every kind, in their bytes and in what they mean, hands each to a command that reads it, and ends
with the number of files that went through, or with the traceback of the first that did not (``--keep`` is where that
file is left). Needs the package on the path. The suite runs :func:`end_well` on a few hundred files.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.hostile.damage import damaged
from yolo_assign_trace.cli.main import run

KINDS = ("log", "trace", "capture", "heads")
FINE = (0, 1, 2)
"""Exit codes of a file that was read or refused."""

_LABELS = "0 1 .5 .5 .9 .9\n0 0 .4 .4 .6 .6\n1 0 .3 .3 .5 .5\n"
_SHAPES = "imgsz: 32\nmaps: [[4, 4], [2, 2]]\nreg_max: 2\nnc: 2\n"


def whole_files(folder: Path) -> dict[str, list[Path]]:
    """Small files of every kind, none of them damaged."""
    (folder / "labels.txt").write_text(_LABELS)
    (folder / "shapes.yaml").write_text(_SHAPES)
    inputs = ["--labels", str(folder / "labels.txt"), "--shapes", str(folder / "shapes.yaml"), "--topk", "3", "--quiet"]
    files: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for release in ("8.0.0", "8.3.253", "8.4.190"):
        log, saved = folder / f"{release}.log", folder / f"{release}.trace.safetensors"
        assert run(["trace", *inputs, "--release", release, "--log", str(log), "--save", str(saved)]) == 0
        files["log"].append(log)
        files["trace"].append(saved)
    generator = np.random.default_rng(0)
    maps = {f"p{3 + i}": generator.normal(size=(2, 10, s, s)).astype(np.float32) for i, s in enumerate((4, 2))}
    np.savez(folder / "heads.npz", **maps)  # type: ignore[arg-type]
    save_file(maps, folder / "heads.safetensors")
    np.save(folder / "heads.npy", np.concatenate([m.reshape(2, 10, -1) for m in maps.values()], axis=2))
    torch.save({name: torch.from_numpy(array) for name, array in maps.items()}, folder / "heads.pt")
    files["heads"] = [folder / f"heads.{suffix}" for suffix in ("npz", "safetensors", "npy", "pt")]
    with safe_open(folder / "8.3.253.trace.safetensors", framework="numpy") as file:
        names = {
            "scale": ("pd_scores", "pd_bboxes", "anc_points"),
            "ground_truth": ("gt_labels", "gt_bboxes", "mask_gt"),
        }
        call = {name: file.get_tensor(f"{stage}.{name}") for stage, own in names.items() for name in own}
    call |= {"topk": np.array(3), "imgsz": np.array([32, 32]), "strides": np.array([8, 16])}
    np.savez(folder / "call.npz", **call)
    save_file(call, folder / "call.safetensors", {"release": "8.3.253", "class_names": '["a", "b"]'})
    torch.save({name: torch.from_numpy(np.array(array)) for name, array in call.items()}, folder / "call.pt")
    files["capture"] = [folder / f"call.{suffix}" for suffix in ("npz", "safetensors", "pt")]
    return files


# --- through the commands --------------------------------------------------------------------------------------------


def commands(kind: str, path: Path, whole: Path, folder: Path, chance: random.Random) -> Sequence[str]:
    """A command that reads the damaged file ``path``; ``whole`` is what it was made of."""
    if kind == "capture":
        return ["trace", "--capture", str(path), "--no-log", *chance.choice((["--quiet"], ["--json"], []))]
    if kind == "heads":
        labels = [
            "--labels",
            str(folder / "labels.txt"),
            *chance.choice((["--shapes", str(folder / "shapes.yaml")], [])),
        ]
        return ["trace", *labels, "--heads", str(path), "--no-log", "--quiet", "--topk", "3"]
    image, gt, anchor = (str(chance.randrange(top)) for top in (2, 2, 20))
    return chance.choice(
        [
            ["explain", str(path)],
            ["explain", str(path), "--json", "--all"],
            ["explain", str(path), "--image", image, "--gt", gt],
            ["explain", str(path), "--image", image, "--anchor", anchor],
            ["explain", str(path), "--image", image, "--gt", gt, "--anchor", anchor, "--json"],
            ["diff", str(path), str(whole)],
            ["diff", str(whole), str(path), "--json"],
            ["diff", str(path), str(path.with_suffix(".none") if chance.random() < 0.05 else whole), "--isolate"],
            ["diff", str(path), "--assigner", chance.choice(("8.4.190", "8.0.0", "tood", "yolo26-one2one"))],
            ["page", str(path), "-o", str(folder / "page.html")],
        ]
    )


def end_well(count: int, seed: int, kinds: Sequence[str], folder: Path, keep: Path | None = None) -> Counter[str]:
    """Hand ``count`` damaged files to commands; how many ended with which exit code.

    Raises:
        AssertionError: one was a defect; the message has the command, what it printed and the number of the file.
    """
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        files = whole_files(folder)
    ended: Counter[str] = Counter()
    for number in range(count):
        chance = random.Random(seed * 1_000_003 + number)
        kind = chance.choice(kinds)
        whole = chance.choice(files[kind])
        data = damaged(whole, chance)
        path = folder / f"damaged{whole.suffix}"
        path.write_bytes(data)
        arguments = commands(kind, path, whole, folder, chance)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(list(arguments))
        ended[f"{kind}: {code}"] += 1
        if code not in FINE:
            if keep:
                keep.with_suffix(whole.suffix).write_bytes(data)
            raise AssertionError(
                f"file {number} of seed {seed}: {' '.join(arguments)} ended with {code}\n{err.getvalue()}"
            )
    return ended


def main() -> None:
    parser = argparse.ArgumentParser(description="Hand damaged logs, traces, captures and heads to commands.")
    parser.add_argument("files", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--keep", type=Path, help="where to leave the file of a defect")
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ended = end_well(options.files, options.seed, options.kinds.split(","), Path(folder), options.keep)
    print(", ".join(f"{what} {number}" for what, number in sorted(ended.items())))
    print(f"{options.files:,} damaged files, seed {options.seed}, {time.monotonic() - start:.0f} s: no defect")


if __name__ == "__main__":
    main()

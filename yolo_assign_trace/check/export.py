"""The bundled cases as files, for assigners written in other languages; and the answers they give, read back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..errors import InputError
from ..generations import GENERATIONS
from ..runner import RESULTS
from .cases import CASE_NAMES, Case, build_case
from .compare import expected_state

README = """\
# Cases for checking a task-aligned assigner

One folder per case. All files are .npz archives of plain arrays (numpy.load with allow_pickle=False).

| file | holds |
|---|---|
| `inputs.npz` | the six arguments of an assigner call, and `strides` and `imgsz` (height, width) |
| `expected-<generation>.npz` | what that generation of the original answers, and every tensor on the way |

Inputs: `pd_scores` (image, anchor, class) scores, `pd_bboxes` (image, anchor, xyxy) px, `anc_points` (anchor, xy) px,
`gt_labels` (image, gt, 1), `gt_bboxes` (image, gt, xyxy) px padded with zeros, `mask_gt` (image, gt, 1).
Anchors run level by level, fine level first, row by row. k 10, alpha 0.5, beta 6, CIoU.

Expected: `mask_in_gts`, `overlaps`, `align_metric`, `mask_topk` (selected and inside) and `mask_pos` (after
conflicts) are dense (image, gt, anchor) and zero outside the boxes; then the five answers `target_labels`,
`target_bboxes`, `target_scores`, `fg_mask`, `target_gt_idx`. `tie_order` (image, gt) marks the rows in which the
order of equal metrics decided: there another order is right as well.

To check an implementation: for every case write `<folder>/<case>.npz` with any of the five answers under these
names, then

    yolo-assign check <folder> --assigner yolov8

"""

_DENSE = ("mask_in_gts", "overlaps", "align_metric", "mask_topk", "mask_pos")


def export_cases(folder: Path, names: Sequence[str] = CASE_NAMES) -> list[Path]:
    """Write the cases and the answers of every generation under ``folder``, which may exist.

    Raises:
        InputError: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        table = "".join(f"| `{name}` | {build_case(name).about} |\n" for name in names)
        readme = folder / "README.md"
        readme.write_text(f"{README}| case | provokes |\n|---|---|\n{table}", encoding="utf-8")
        written.append(readme)
        for name in names:
            case = build_case(name)
            (folder / name).mkdir(exist_ok=True)
            for file, arrays in _files(case):
                path = folder / name / file
                np.savez_compressed(path, allow_pickle=False, **arrays)
                written.append(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError("not-writable", f"the cases cannot be written: {reason}", where=str(folder)) from None
    return written


def _files(case: Case) -> Iterator[tuple[str, Mapping[str, Array]]]:
    grid = case.grid
    yield (
        "inputs.npz",
        case.inputs()
        | {
            "strides": np.array(grid.strides),
            "imgsz": np.array((grid.height, grid.width)),
        },
    )
    for generation, assigner in GENERATIONS.items():
        made = expected_state(case, assigner, [*RESULTS, "pairs", *_DENSE, "tie_order"])
        image, gt, anchor = made.pop("pairs").T
        shape = (*case.gt_bboxes.shape[:2], grid.anchors)
        for name in _DENSE:
            dense = np.zeros(shape, dtype=made[name].dtype)
            dense[image, gt, anchor] = made[name]
            made[name] = dense
        yield f"expected-{generation}.npz", made


def read_answer(folder: Path, name: str) -> dict[str, Array] | None:
    """The answer to case ``name`` that lies in ``folder``, None if there is none.

    Raises:
        InputError: not a readable .npz, or none of the five outputs in it.
    """
    path = folder / f"{name}.npz"
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {key: archive[key] for key in archive.files if key in RESULTS}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, AttributeError):
        raise InputError("not-npz", "this is not a readable .npz file", where=str(path)) from None
    if not found:
        message = "none of the five outputs is in this file"
        raise InputError("no-outputs", message, where=str(path), hint=f"name them {', '.join(RESULTS)}")
    return found

"""The bundled cases as files, for assigners written in other languages; and the answers they give, read back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import RESULTS
from ..assignment.generations import GENERATIONS
from ..assignment.outputs import Output
from ..basics.arrays import Array
from ..basics.errors import InputError, reason_of
from .cases import CASE_NAMES, Case, build_case
from .compare import expected_state
from .run import at_parameters_of

README = """\
# Cases for checking a task-aligned assigner

One folder per case. All files are .npz archives of plain arrays (numpy.load with allow_pickle=False).

| file | holds |
|---|---|
| `inputs.npz` | the six arguments of an assigner call, and `strides` and `imgsz` (height, width) |
| `expected-<generation>.npz` | every tensor that a generation of the original makes of them, answers included |

Inputs: `pd_scores` (image, anchor, class) scores, `pd_bboxes` (image, anchor, xyxy) px, `anc_points` (anchor, xy) px,
`gt_labels` (image, gt, 1), `gt_bboxes` (image, gt, xyxy) px padded with zeros, `mask_gt` (image, gt, 1).
Anchors run level by level, fine level first, row by row. Parameters: {parameters}.

Expected: the outputs of the stages screen to normalize, in the table below. Tensors over candidate pairs are dense
here (image, gt, anchor) and zero outside the boxes, but `pairs` and `bbox_deltas`, whose rows are the pairs.
`mask_topk` is selected *and* inside,
`mask_pos` after conflicts. The answers are `target_labels`, `target_bboxes`, `target_scores`, `fg_mask` and
`target_gt_idx`. `tie_order` and `keep_tie_order` (image, gt) mark rows in which the order of equal metrics decided:
there another order is right as well. Generation 8.0.0 also has overlaps and metrics outside the boxes, which only its
conflicts use; here they are zero as well.

To check an implementation: for every case write `<folder>/<case>.npz` with any of the five answers under these
names, then

    yolo-assign check <folder> --assigner {assigner}

"""


def export_cases(folder: Path, reference: Assigner, names: Sequence[str] = CASE_NAMES) -> list[Path]:
    """Write the cases and what every generation makes of them at the parameters of ``reference`` under ``folder``.

    Raises:
        InputError: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        table = "".join(f"| `{name}` | {build_case(name).about} |\n" for name in names)
        readme = folder / "README.md"
        text = README.format(parameters=reference.parameters, assigner=reference.name)
        readme.write_text(f"{text}{_tensor_table()}\n| case | provokes |\n|---|---|\n{table}", encoding="utf-8")
        written.append(readme)
        for name in names:
            case = build_case(name)
            (folder / name).mkdir(exist_ok=True)
            for file, arrays in _files(case, reference):
                path = folder / name / file
                np.savez_compressed(path, allow_pickle=False, **arrays)
                written.append(path)
    except OSError as error:
        raise InputError(
            "not-writable", f"the cases cannot be written: {reason_of(error)}", where=str(folder)
        ) from None
    return written


def _tensor_table() -> str:
    """Every exported tensor with its declaration."""
    rows = {}
    for generation in GENERATIONS.values():
        for output in _exported(generation):
            axes = "image gt anchor" if output.axes == ("pair",) else " ".join(output.axes)
            rows[output.name] = f"| `{output.name}` | {axes} | {output.unit} | {output.meaning} |\n"
    return "| tensor | axes | unit | meaning |\n|---|---|---|---|\n" + "".join(rows.values())


def _exported(assigner: Assigner) -> list[Output]:
    first = [stage.name for stage in assigner.stages].index("screen")
    return [output for stage in assigner.stages[first:] for output in stage.outputs]


def _files(case: Case, reference: Assigner) -> Iterator[tuple[str, Mapping[str, Array]]]:
    yield (
        "inputs.npz",
        case.inputs()
        | {
            "strides": np.array(case.grid.strides),
            "imgsz": np.array((case.grid.height, case.grid.width)),
        },
    )
    for name, generation in GENERATIONS.items():
        assigner = at_parameters_of(reference, generation)
        outputs = _exported(assigner)
        made = expected_state(case, assigner, [output.name for output in outputs])
        for output in outputs:
            if output.axes == ("pair",):
                made[output.name] = _dense(case, made["pairs"], made[output.name])
        yield f"expected-{name}.npz", made


def _dense(case: Case, pairs: Array, values: Array) -> Array:
    """A tensor over pairs as (image, gt, anchor), zero elsewhere."""
    dense = np.zeros((*case.gt_bboxes.shape[:2], case.grid.anchors), dtype=values.dtype)
    dense[tuple(pairs.T)] = values
    return dense


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
            answer = {key: archive[key] for key in archive.files if key in RESULTS}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, AttributeError):
        raise InputError("not-npz", "this is not a readable .npz file", where=str(path)) from None
    if not answer:
        message = "none of the five outputs is in this file"
        raise InputError("no-outputs", message, where=str(path), hint=f"name them {', '.join(RESULTS)}")
    return answer

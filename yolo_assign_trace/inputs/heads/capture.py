"""The six inputs of an assigner call, saved from a real training step. docs/heads.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from ...assignment.call import CALL, RESULTS, Captured, call_problem, no_class
from ...assignment.grid import Grid
from ...assignment.releases import Release, parse_release
from ...basics.arrays import Array
from ...basics.errors import InputError, did_you_mean
from ...basics.plural import count, cut_list
from ...run.given import Call, Image
from .files import ArrayFile, read_arrays
from .points import cell_centres, grid_of_points, grid_of_strides

ALIASES: Mapping[str, str] = {"pred_scores": "pd_scores", "pred_bboxes": "pd_bboxes"}
PARAMETERS = ("topk", "topk2", "alpha", "beta")
OUTPUT = "output."
"""What the names of recorded outputs may begin with."""

_OTHER_ASSIGNERS: Mapping[str, tuple[str, ...]] = {
    "pose": ("pd_kpts", "gt_kpts", "sigmas"),
    "segmentation": ("pd_coef", "proto", "gt_masks", "mask_scale"),
}
"""Inputs that only other assigners are called with."""
NAMED_AT_MOST = 6


def read_capture(path: Path) -> Call:
    """Read the six inputs from a .safetensors, .npz or torch file, as :func:`yolo_assign_trace.trace` takes them.

    ``pred_scores`` and ``pred_bboxes`` are accepted as names too, and six unnamed tensors in the order of the call.
    ``anc_points`` may be missing if ``imgsz`` (height, width) and ``strides`` are there. Floats become float32, or
    float64 if any of them was; labels int64, the mask bool. A ``topk2`` of 0 or ``topk`` means not used and is
    left out.

    Raises:
        InputError: missing entries, wrong axes or types, scores that are none, labels beyond the classes, points that
            are no cell centres, or a call of an assigner for other things than boxes.
    """
    file = read_arrays(path, "capture")
    _require_plain_boxes(file)
    arrays = _named(file)
    _check_axes(file, arrays)
    parameters = _parameters(file)
    imgsz, strides = _imgsz(file), _whole_numbers(file, "strides")
    remarks = []
    floats = [name for name in CALL if name in arrays and name not in ("gt_labels", "mask_gt")]
    dtype = np.dtype(np.float64 if any(arrays[name].dtype == np.float64 for name in floats) else np.float32)
    made: dict[str, Any] = {name: _floats(file, name, arrays[name], dtype) for name in floats}
    if "anc_points" in made:
        grid, guessed = grid_of_points(made["anc_points"], imgsz, strides, file.path)
        if guessed:
            remarks.append(f"the input size {grid.height}x{grid.width} px is that of the anchor points")
    else:
        assert imgsz is not None
        assert strides is not None
        grid = grid_of_strides(imgsz, strides)
        if grid.anchors != arrays["pd_scores"].shape[1]:
            message = f"imgsz and strides give {grid.anchors} anchors, pd_scores has {arrays['pd_scores'].shape[1]}"
            raise InputError("points-disagree", message, where=file.path)
        made["anc_points"] = cell_centres(grid, dtype)
    made["gt_labels"] = _labels(file, arrays)
    made["mask_gt"] = _mask(file, arrays["mask_gt"])
    _require_scores(file, made["pd_scores"])
    others = _unknown(file)
    if others:
        entries = "1 other entry is" if len(others) == 1 else f"{len(others)} other entries are"
        remarks.append(f"{entries} not used: {cut_list(others, NAMED_AT_MOST)}")
    batch = len(made["pd_scores"])
    pictures = _pictures(file, grid, batch, remarks)
    images = file.text("images", "im_file")
    if images and len(images) != batch:
        remarks.append(f"{count(len(images), 'image')} named for {count(batch, 'image')}: the names are not used")
        images = ()
    call = Call(
        grid,
        Captured(**made),
        parameters=parameters,
        remarks=tuple(remarks),
        images=tuple(Image(PurePath(name).name) for name in images),
        class_names=file.text("class_names", "names"),
        outputs=_outputs(file),
        recorded_by=_release(file),
        pictures=pictures,
    )
    return replace(call, about=_about(file, call))


def _require_plain_boxes(file: ArrayFile) -> None:
    """Traced as plain boxes, a call of another assigner would give wrong answers without a word."""
    places = {name: name.split(".") for name in file.arrays}  # such as 6, or 6.0, of the arguments in a tuple or list
    numbered = [n for n, parts in places.items() if all(map(str.isdecimal, parts)) and int(parts[0]) >= len(CALL)]
    if numbered:
        message = f"this is a call with more than {len(CALL)} inputs, and the assigner of plain boxes takes no others"
        raise InputError("other-assigner", message, where=f"{file.path}[{numbered[0]}]")
    for kind, names in _OTHER_ASSIGNERS.items():
        inputs = [name for name in names if name in file.arrays]
        if inputs:
            message = f"this is a call of the {kind} assigner, which also takes {', '.join(inputs)}"
            hint = "only calls of the assigner of plain boxes can be traced"
            raise InputError("other-assigner", message, where=f"{file.path}[{inputs[0]}]", hint=hint)
    boxes = file.arrays.get("gt_bboxes")
    if boxes is not None and boxes.ndim == 3 and boxes.shape[2] == 5:
        message = f"this is a call of the assigner of rotated boxes: five numbers a box, {list(boxes.shape)}"
        raise InputError("other-assigner", message, where=f"{file.path}[gt_bboxes]")


def _pictures(file: ArrayFile, grid: Grid, batch: int, remarks: list[str]) -> Array | None:
    """The pictures that the network got, if they were saved too; of another shape they are not used, and told."""
    pictures = file.arrays.get("pictures")
    expected = (batch, 3, grid.height, grid.width)
    if pictures is not None and (pictures.shape != expected or pictures.dtype != np.uint8):
        found = f"{pictures.dtype} {list(pictures.shape)}"
        remarks.append(f"the pictures are not used: they are {found}, expected uint8 {list(expected)}")
        return None
    return pictures


def _outputs(file: ArrayFile) -> dict[str, Array]:
    """What the original answered, if it was recorded too."""
    named = {name: file.arrays.get(f"{OUTPUT}{name}", file.arrays.get(name)) for name in RESULTS}
    return {name: array for name, array in named.items() if array is not None}


def _release(file: ArrayFile) -> Release | None:
    """The release that the call was made by, if it was recorded too."""
    text = file.text("release")
    return parse_release(text[0], f"{file.path}[release]") if text else None


def _about(file: ArrayFile, call: Call) -> dict[str, str]:
    boxes = f"{count(sum(call.boxes), 'box')} in {count(call.batch, 'image')}, {count(call.nc, 'class')}"
    return {
        "labels": f"{file.name}: {boxes}, sha256 {file.digest}",
        "heads": f"{file.name}: captured call, scores and boxes of {count(call.grid.anchors, 'anchor')}",
    }


def _unknown(file: ArrayFile) -> list[str]:
    """Entries that have no use here."""
    known = {*CALL, *ALIASES, "imgsz", "strides", *PARAMETERS, *(f"hyper_{name}" for name in PARAMETERS)}
    known |= {*RESULTS, "pictures", *(f"{OUTPUT}{name}" for name in RESULTS)}
    others = [name for name in file.arrays if name not in known and not name.isdecimal()]
    return [name for name in others if not name.startswith("assigner.")]  # of the recording of a training


def _named(file: ArrayFile) -> dict[str, Array]:
    if set(file.arrays) == {str(i) for i in range(len(CALL))}:  # a tuple or list of the arguments
        return {name: file.arrays[str(i)] for i, name in enumerate(CALL)}
    named = {ALIASES.get(name, name): array for name, array in file.arrays.items() if name in ALIASES}
    named |= {name: file.arrays[name] for name in CALL if name in file.arrays}
    derivable = {"imgsz", "strides"} <= file.arrays.keys()
    missing = [name for name in CALL if name not in named and not (name == "anc_points" and derivable)]
    if missing:
        unused = _unknown(file)
        hint = "a capture holds " + ", ".join(CALL)
        if unused:
            hint += f"; for {missing[0]}: {did_you_mean(missing[0], unused[: 3 * NAMED_AT_MOST])}"
        if "anc_points" in missing:
            hint += "; give anc_points, or imgsz and strides"
        message = f"there is no {' and no '.join(missing)} in this capture"
        raise InputError("missing-entry", message, where=file.path, hint=hint)
    return named


def _check_axes(file: ArrayFile, arrays: Mapping[str, Array]) -> None:
    problem = call_problem(arrays)
    for name, array in arrays.items() if problem is None else ():
        if not array.size and "gt" not in CALL[name].axes:
            problem = InputError("wrong-shape", f"there is nothing in it: {list(array.shape)}", where=name)
            break
    if problem:
        problem.where = f"{file.path}[{problem.where}]"
        raise problem


def _floats(file: ArrayFile, name: str, array: Array, dtype: np.dtype[np.generic]) -> Array:
    kinds = "f" if name.startswith("pd_") else "fiu"
    if array.dtype.kind not in kinds:
        message = f"expected floats, found {array.dtype}"
        raise InputError("wrong-dtype", message, where=f"{file.path}[{name}]")
    array = np.array(array, dtype=dtype, order="C")  # a copy: torch wants to own what it shares
    if name == "anc_points":  # elsewhere a call may have had nan and infinity; the trace tells where that begins
        _require(file, name, np.isfinite(array), array, "is not finite", "not-finite")
    return array


def _require(file: ArrayFile, name: str, good: Array, array: Array, what: str, id: str, hint: str = "") -> None:
    """All elements are good; otherwise the first that is not is named with its index."""
    if good.all():
        return
    index = tuple(np.argwhere(~good)[0].tolist())
    place = ",".join(map(str, index))
    raise InputError(id, f"{array[index]} {what}", where=f"{file.path}[{name}][{place}]", hint=hint)


def _labels(file: ArrayFile, arrays: Mapping[str, Array]) -> Array:
    labels, classes = arrays["gt_labels"], arrays["pd_scores"].shape[2]
    if labels.dtype.kind not in "fiu":
        message = f"expected whole numbers, found {labels.dtype}"
        raise InputError("wrong-dtype", message, where=f"{file.path}[gt_labels]")
    with np.errstate(invalid="ignore"):
        whole = np.isfinite(labels) & (labels == np.floor(labels))
    _require(file, "gt_labels", whole, labels, "is no class: expected a whole number", "class-not-an-integer")
    within = (labels >= 0) & (labels < classes)
    _require(file, "gt_labels", within, labels, no_class(classes), "class-too-large", "pad with 0, as training does")
    return labels.astype(np.int64)


def _mask(file: ArrayFile, mask: Array) -> Array:
    if mask.dtype.kind not in "bfiu":
        raise InputError("wrong-dtype", f"expected booleans, found {mask.dtype}", where=f"{file.path}[mask_gt]")
    _require(file, "mask_gt", (mask == 0) | (mask == 1), mask, "is neither 0 nor 1", "not-a-mask")
    return mask.astype(bool)


def _require_scores(file: ArrayFile, scores: Array) -> None:
    good = ~np.isfinite(scores) | ((scores >= 0) & (scores <= 1))  # what is not finite is for the trace to tell
    hint = "the assigner is called with scores, not logits: save pd_scores after the sigmoid"
    _require(file, "pd_scores", good, scores, "is no score: expected 0..1", "not-a-score", hint)


def _parameters(file: ArrayFile) -> dict[str, float]:
    parameters: dict[str, float] = {}
    for name in PARAMETERS:
        for key in (f"hyper_{name}", name):
            if key in file.arrays:
                value = _number(file, key)
                if name == "topk2" and value in (0, parameters.get("topk")):
                    continue
                parameters[name] = value
                break
    return parameters


def _number(file: ArrayFile, key: str) -> float:
    array = file.arrays[key]
    if array.size != 1 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        message = f"expected one number, found {array.dtype} {list(array.shape)}"
        raise InputError("wrong-shape", message, where=f"{file.path}[{key}]")
    value: Any = array.reshape(-1)[0].item()
    return int(value) if value == int(value) and "topk" in key else float(value)


def _imgsz(file: ArrayFile) -> tuple[int, int] | None:
    sizes = _whole_numbers(file, "imgsz")
    if sizes is None:
        return None
    if len(sizes) > 2:
        message = f"expected height and width, found {len(sizes)} numbers"
        raise InputError("wrong-shape", message, where=f"{file.path}[imgsz]")
    return sizes[0], sizes[-1]


def _whole_numbers(file: ArrayFile, key: str) -> list[int] | None:
    """Positive whole numbers, if the file has them."""
    if key not in file.arrays:
        return None
    array = file.arrays[key].reshape(-1)
    if array.dtype.kind not in "fiu" or not array.size:
        message = f"expected whole numbers of px, found {array.dtype} {list(array.shape)}"
        raise InputError("wrong-dtype", message, where=f"{file.path}[{key}]")
    with np.errstate(invalid="ignore"):
        good = np.isfinite(array) & (array >= 1) & (array == np.floor(array)) & (array < 1 << 31)
    _require(file, key, good, array, "is no whole number of px", "wrong-value")
    return [int(value) for value in array.tolist()]

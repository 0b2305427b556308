"""``yolo-assign labels``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...run.letterbox import VAL
from ..options.declared import INPUT, OUTPUT, option
from ..screens.terminal import print_json, say

if TYPE_CHECKING:
    from ...inputs.datasets.entries import Dataset
    from ...inputs.datasets.survey import Survey, SurveySettings


def labels(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="data.yaml, folder, list.txt, COCO .json or a label file.")
    ],
    split: Annotated[list[str] | None, option("split", help="Split of a data.yaml; repeatable. Default: all.")] = None,
    labels: Annotated[
        Path | None,
        option(
            "labels",
            variable=False,
            metavar="FOLDER",
            help="Folder of the labels, if not where training looks.",
        ),
    ] = None,
    release: Annotated[str | None, option("release")] = None,
    labels_as: Annotated[Any, option("labels_as")] = None,
    mode: Annotated[Any, option("mode")] = VAL,
    nc: Annotated[int | None, option("nc", help="Number of classes, unless a data.yaml says it.")] = None,
    imgsz: Annotated[Any, option("imgsz", help="Network input, for boxes that become tiny in it.")] = "640",
    image_size: Annotated[Any, option("image_size")] = None,
    letterboxed: Annotated[bool, option("letterboxed", variable=False)] = False,
    decode_images: Annotated[
        bool,
        option("decode_images", panel=INPUT, help="Decode every image, not only look at its header and end."),
    ] = False,
    processes: Annotated[
        int | None,
        option("processes", panel=OUTPUT, metavar="N", least=1, help="Processes; default: one per core."),
    ] = None,
    show_all: Annotated[
        bool, option("show_all", flags=("--all",), panel=OUTPUT, help="Show every place, not just three.")
    ] = False,
    exit_zero: Annotated[bool, option("exit_zero", panel=OUTPUT, help="Exit 0 whatever is found.")] = False,
    json: Annotated[bool, option("json")] = False,
) -> None:
    """Read every label file as training does and report what it would drop, change or ignore; trace nothing.

    Exit code 1 if there are errors or warnings; notes are only told.
    """
    from ...basics.errors import InputError
    from ...inputs.datasets.dataset import open_dataset
    from ...inputs.datasets.survey import KEPT_AT_MOST, SurveySettings, survey
    from ...inputs.heads.shapes import LAYOUTS, about_rounding, rounded_up
    from ...inputs.labels.findings import ERROR, WARNING
    from ...inputs.labels.rules import rules_of
    from ...inputs.request import Request
    from ..screens.datasets.labels_text import SHOWN, print_survey
    from ..screens.progress import progress_bar

    dataset = open_dataset(source, splits=split, labels=labels)
    if nc and dataset.nc and nc != dataset.nc:
        message = f"the number of classes is {nc} according to --nc, {dataset.nc} according to {dataset.name}"
        raise InputError("classes-disagree", message, hint="leave --nc out")
    chosen = Request(release=release, rules=labels_as, mode=mode).release_for()
    whole = rounded_up(imgsz, max(LAYOUTS["yolov8"]))  # labels do not tell which head they are for
    if whole != imgsz:
        say(f"note: {about_rounding(imgsz, whole)}", "yellow")
    settings = SurveySettings(
        rules=labels_as or rules_of(chosen.release),
        nc=nc or dataset.nc,
        imgsz=whole,
        image_size=image_size,
        letterboxed=letterboxed,
        placing=chosen.placing,
        decode=decode_images,
        keep=sys.maxsize if json or show_all else KEPT_AT_MOST,
    )
    with progress_bar("reading labels", len(dataset.entries)) as progress:
        counts = survey(dataset, settings, processes=processes, progress=progress)
    if json:
        print_json(_document(dataset, settings, counts))
    else:
        print_survey(dataset, settings, counts, sys.maxsize if show_all else SHOWN)
    if (counts.graded(ERROR) or counts.graded(WARNING)) and not exit_zero:
        raise typer.Exit(1)


def _document(dataset: Dataset, settings: SurveySettings, counts: Survey) -> dict[str, Any]:
    from ...assignment.releases import dotted
    from ...inputs.datasets.survey import STATES

    return {
        "source": dataset.name,
        "kind": dataset.kind,
        "read_as": settings.rules.name,
        "placed_as": dotted(settings.placing.release),
        "mode": settings.placing.mode,
        "images": counts.images,
        "labels": {state: counts.states[state] for state in STATES},
        "polygon_files": counts.polygons,
        "dropped_images": counts.dropped,
        "image_files": counts.image_files,
        "images_decoded": counts.decoded,
        "boxes": counts.boxes,
        "classes": settings.nc,
        "class_names": dataset.class_names,
        "boxes_by_class": {str(label): number for label, number in sorted(counts.classes.items())},
        "remarks": dataset.remarks,
        "findings": counts.document(),
    }

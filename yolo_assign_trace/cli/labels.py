"""``yolo-assign labels``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import INPUT, OUTPUT, option
from .screens.terminal import message_console, print_json, result_console

if TYPE_CHECKING:
    from ..inputs.datasets.entries import Dataset
    from ..inputs.datasets.survey import Survey, SurveySettings

SHOWN = 3
"""Places of a finding that are shown without --all."""

_COLOURS = {"error": "red", "warning": "yellow", "note": ""}


def labels(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="data.yaml, folder, list.txt, COCO .json or a label file.")
    ],
    split: Annotated[
        list[str] | None,
        option(panel=INPUT, env="SPLIT", metavar="NAME", help="Split of a data.yaml; repeatable. Default: all."),
    ] = None,
    labels: Annotated[
        Path | None,
        option(panel=INPUT, metavar="FOLDER", help="Folder of the labels, if not where training looks."),
    ] = None,
    labels_as: Annotated[
        str | None, option(panel=INPUT, env="LABELS_AS", metavar="RELEASE", help="Read as this release: 8.3.200.")
    ] = None,
    nc: Annotated[
        int | None,
        option(panel=INPUT, env="NC", metavar="N", min=1, help="Number of classes, unless a data.yaml says it."),
    ] = None,
    imgsz: Annotated[
        str, option(panel=INPUT, env="IMGSZ", metavar="PX", help="Network input, for boxes that become tiny in it.")
    ] = "640",
    image_size: Annotated[
        str | None,
        option(panel=INPUT, env="IMAGE_SIZE", metavar="WxH", help="Size of the images; default: from their headers."),
    ] = None,
    letterboxed: Annotated[
        bool, option("--letterboxed", panel=INPUT, help="Labels are fractions of the network input already.")
    ] = False,
    processes: Annotated[
        int | None, option(panel=OUTPUT, metavar="N", min=1, help="Processes; default: one per core.")
    ] = None,
    show_all: Annotated[bool, option("--all", panel=OUTPUT, help="Show every place, not just three.")] = False,
    exit_zero: Annotated[bool, option("--exit-zero", panel=OUTPUT, help="Exit 0 whatever is found.")] = False,
    json: Annotated[bool, option("--json", panel=OUTPUT, help="Print as JSON.")] = False,
) -> None:
    """Read every label file as training does and report what it would drop, change or ignore; trace nothing.

    Exit code 1 if there are errors or warnings; notes are only told.
    """
    from ..basics.errors import InputError
    from ..inputs.datasets.dataset import open_dataset
    from ..inputs.datasets.image_files import parse_image_size
    from ..inputs.datasets.survey import SurveySettings, survey
    from ..inputs.heads.shapes import parse_imgsz
    from ..inputs.labels.findings import ERROR, WARNING
    from ..inputs.labels.rules import TODAY, rules_as

    release = rules_as(labels_as) if labels_as else TODAY
    size = parse_image_size(image_size) if image_size else None
    dataset = open_dataset(source, splits=split, labels=labels)
    if nc and dataset.nc and nc != dataset.nc:
        message = f"the number of classes is {nc} according to --nc, {dataset.nc} according to {dataset.name}"
        raise InputError("classes-disagree", message, hint="leave --nc out")
    settings = SurveySettings(release, nc or dataset.nc, parse_imgsz(imgsz), size, letterboxed)
    with _progress(len(dataset.entries)) as progress:
        found = survey(dataset, settings, processes=processes, progress=progress)
    if json:
        print_json(_document(dataset, settings, found))
    else:
        _print(dataset, settings, found, sys.maxsize if show_all else SHOWN)
    if (found.graded(ERROR) or found.graded(WARNING)) and not exit_zero:
        raise typer.Exit(1)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading labels"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=message_console(), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.advance(task, done)


def _document(dataset: Dataset, settings: SurveySettings, found: Survey) -> dict[str, Any]:
    from ..inputs.datasets.survey import STATES
    from ..inputs.labels.findings import KINDS

    return {
        "source": dataset.name,
        "kind": dataset.kind,
        "read_as": settings.rules.name,
        "images": found.images,
        "labels": {state: found.states[state] for state in STATES},
        "polygon_files": found.polygons,
        "dropped_images": found.dropped,
        "image_files": found.image_files,
        "image_headers_read": found.headers_read,
        "boxes": found.boxes,
        "classes": settings.nc,
        "class_names": dataset.class_names,
        "boxes_by_class": {str(label): number for label, number in sorted(found.classes.items())},
        "remarks": dataset.remarks,
        "findings": [
            {
                "id": kind,
                "grade": KINDS[kind].grade,
                "consequence": KINDS[kind].consequence,
                "count": group.count,
                "files": group.files,
                "first": [asdict(finding) for finding in group.first],
            }
            for kind, group in found.ordered()
        ],
    }


def _print(dataset: Dataset, settings: SurveySettings, found: Survey, shown: int) -> None:
    from rich.text import Text

    from ..basics.plural import count
    from ..basics.printable import printable
    from ..inputs.datasets.survey import STATES
    from ..inputs.labels.findings import GRADES, KINDS

    console = result_console()

    def show(text: str, style: str = "") -> None:
        console.print(Text(text, style), soft_wrap=True)

    for remark in dataset.remarks:
        show(printable(remark))
    states = ", ".join(f"{found.states[state]} {state}" for state in STATES)
    classes = f"{len(found.classes)} of {settings.nc} classes" if settings.nc else count(len(found.classes), "class")
    show(f"{count(found.images, 'image')}, label files: {states}", "bold")
    show(f"{count(found.boxes, 'box')} of {classes}, read as {settings.rules.name}")
    if found.polygons:
        show(f"{count(found.polygons, 'file')} of polygons, read as the boxes around them")
    if found.headers_read < found.image_files:
        why = "" if settings.sizes_given else ", only where a box is small"
        show(f"image headers read: {found.headers_read} of {found.image_files}{why}")
    if found.dropped:
        show(f"training drops {count(found.dropped, 'image')}", "bold red")
    for kind, group in found.ordered():
        grade = KINDS[kind].grade
        places = f" in {count(group.files, 'file')}" if group.files != group.count else ""
        show(f"\n{grade}  {kind}  {group.count}{places}: {KINDS[kind].consequence}", _COLOURS[grade])
        for finding in group.first[:shown]:
            show(f"  {printable(f'{finding.where}: {finding.message}')}")
        if group.count > shown:
            kept = len(group.first)
            more = f", of which --all and --json show {kept - shown}" if group.count > kept else ""
            show(f"  ... and {group.count - min(shown, kept)} more{more}")
        hints = list(dict.fromkeys(finding.hint for finding in group.first if finding.hint))
        for hint in hints[:1]:
            show(f"  hint: {printable(hint)}")
    counted = ", ".join(count(found.graded(grade), grade) for grade in GRADES)
    show(f"\n{counted}")

"""``yolo-assign audit``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...run.letterbox import VAL
from ..options.declared import INPUT, OUTPUT, option
from ..screens.terminal import print_json, say

if TYPE_CHECKING:
    from ...audit.report import Report
    from ...inputs.datasets.entries import Dataset

WORK = "Work"


def audit(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="data.yaml, folder, list.txt, COCO .json or a label file.")
    ],
    split: Annotated[
        str | None, option("split", metavar="LIST", help="Splits of a data.yaml: train,val. Default: all.")
    ] = None,
    labels: Annotated[
        Path | None,
        option("labels", variable=False, metavar="FOLDER", help="Folder of the labels, if not where training looks."),
    ] = None,
    imgsz: Annotated[
        str | None,
        option("imgsz", parser=None, metavar="LIST", help="Network inputs: 640,1280; height x width: 384x640."),
    ] = None,
    shapes: Annotated[
        str, option("shapes", metavar="LIST", help="Heads: yolov8,yolov8-p2,yolov8-p6; or YAML files.")
    ] = "yolov8",
    release: Annotated[
        str | None, option("release", metavar="LIST", help="Releases: 8.3.253,8.4.190. Default: the newest measured.")
    ] = None,
    labels_as: Annotated[Any, option("labels_as")] = None,
    mode: Annotated[Any, option("mode")] = VAL,
    nc: Annotated[int | None, option("nc", help="Number of classes, unless a data.yaml says it.")] = None,
    image_size: Annotated[Any, option("image_size")] = None,
    letterboxed: Annotated[bool, option("letterboxed", variable=False)] = False,
    reg_max: Annotated[int, option("reg_max", help="Bins per side, R; what a level can express.")] = 16,
    topk: Annotated[int | None, option("topk", panel=INPUT, help="Candidates that a box selects, k.")] = None,
    batch: Annotated[int, option("batch", help="Images of a batch, for what padding costs.")] = 16,
    processes: Annotated[
        int | None,
        option("processes", panel=WORK, metavar="N", least=1, help="Processes; default: one per core."),
    ] = None,
    on: Annotated[
        str | None,
        option("on", panel=WORK, metavar="dask://HOST:PORT", help="Count on the workers of a Dask cluster."),
    ] = None,
    resume: Annotated[
        Path | None,
        option("resume", panel=WORK, metavar="FOLDER", help="Keep results there, and go on with what is there."),
    ] = None,
    parquet: Annotated[
        Path | None,
        option("parquet", panel=OUTPUT, metavar="FOLDER", help="One row a box and one a picture, as Parquet files."),
    ] = None,
    html: Annotated[
        Path | None,
        option("html", panel=OUTPUT, metavar="FILE", help="Write the report as one page for a browser."),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        option(
            "fail_on", panel=OUTPUT, metavar="LIMIT", help="Exit with 1 above it: never>0.5%, errors>0. Repeatable."
        ),
    ] = None,
    format: Annotated[
        str | None, option("format", panel=OUTPUT, metavar="github", help="Print annotations for GitHub as well.")
    ] = None,
    show_all: Annotated[
        bool, option("show_all", flags=("--all",), panel=OUTPUT, help="Show every place, not just three.")
    ] = False,
    csv: Annotated[bool, option("csv", panel=OUTPUT, help="Print a row for every combination as CSV.")] = False,
    json: Annotated[bool, option("json")] = False,
) -> int:
    """Which boxes can never get a positive, at which input, with which levels, in which release? From labels alone.

    Geometry decides it, so no model and no head is needed. Exit code 1 only with --fail-on.
    """
    from ...audit.limits import parse_limit
    from ...audit.question import ask, require_sizes
    from ...audit.report import Report
    from ...audit.run import audit as count
    from ...audit.workers import dask_pool, process_pool
    from ...basics.errors import InputError, Parameter
    from ...inputs.datasets.dataset import open_dataset
    from ...inputs.datasets.survey import KEPT_AT_MOST
    from ...inputs.installed import about_installed
    from ...inputs.request import Request
    from ...sweep.settings import listed, side_by_side
    from ..screens.progress import progress_bar
    from ..screens.terminal import in_flags

    if html and (html.is_dir() or not html.absolute().parent.is_dir()):  # told before anything is counted
        message = "this is a folder" if html.is_dir() else "its folder is not there"
        raise InputError("not-writable", message, where=str(html), hint="name a file: audit.html")
    limits = [parse_limit(text) for text in fail_on or []]
    if format not in (None, "github"):
        hint = "github is the only one"
        raise InputError("unknown-format", f"{format!r} is no format", where=Parameter("format"), hint=hint)
    if format and (json or csv):
        message = "annotations would stand in the middle of JSON or CSV"
        raise InputError("options-exclude", message, where=Parameter("format"), hint="run it twice, with `resume`")
    splits = [name for name, _ in listed("split", split, str)] or None
    question, remarks = ask(
        [name for name, _ in listed("release", release, str)] or [None],
        [size for _, size in listed("imgsz", imgsz, side_by_side)],
        [name for name, _ in listed("shapes", shapes, str)],
        rules=labels_as,
        mode=mode,
        image_size=image_size,
        letterboxed=letterboxed,
        reg_max=reg_max,
        batch=batch,
        topk=topk,
        keep=sys.maxsize if show_all else KEPT_AT_MOST,
    )
    with dask_pool(on) if on else process_pool(processes) as pool:
        dataset = open_dataset(source, splits=splits, labels=labels)
        question = question.with_classes(_classes(nc, dataset))
        require_sizes(dataset, question)
        with progress_bar("counting candidates", len(dataset.entries)) as progress:
            tally = count(dataset, question, pool, folder=resume, tables=parquet, progress=progress)
    if release is None:
        remarks += filter(None, [about_installed(Request(rules=labels_as, mode=mode).release_for(), labels=True)])
    report = Report(dataset, question, tally, tuple(in_flags(remark) for remark in remarks))
    _print(report, csv=csv, json=json, show_all=show_all)
    if html:
        from ...audit.page.html import audit_html
        from ...formats.safe_write import write_whole

        page = audit_html(report, in_flags, _page_command)
        write_whole(html, "page", page)
        say(f"wrote {html}: {len(page) / 1e6:.2f} MB")
    broken = [sentence for limit in limits for sentence in limit.broken(report)]
    if format == "github":
        from ..screens.datasets.github import annotated, print_annotations

        print_annotations(annotated(report, broken))
    for sentence in broken:
        say(f"over the limit: {sentence}", "red")
    return 1 if broken else 0


def _page_command(asked: Mapping[str, str]) -> str:
    """What shows a picture of the dataset step by step."""
    words = ["yolo-assign", "page"]
    for name, value in asked.items():
        words += [value] if name == "source" else [f"--{name.replace('_', '-')}", *([value] if value else [])]
    return shlex.join(words)


def _classes(nc: int | None, dataset: Dataset) -> int | None:
    """How many there are, if anybody says so.

    Raises:
        InputError: two say otherwise.
    """
    from ...basics.errors import InputError

    if nc and dataset.nc and nc != dataset.nc:
        message = f"the number of classes is {nc} according to --nc, {dataset.nc} according to {dataset.name}"
        raise InputError("classes-disagree", message, hint="leave --nc out")
    return nc or dataset.nc


def _print(report: Report, *, csv: bool, json: bool, show_all: bool) -> None:
    if json:
        from ...audit.document import document

        print_json(document(report))
        return
    from ..screens.datasets.audit_text import print_audit, print_csv

    if csv:
        print_csv(report)
    else:
        print_audit(report, sys.maxsize if show_all else 3)

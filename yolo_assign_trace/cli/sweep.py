"""``yolo-assign sweep``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from .input_options import InputOptions
from .options import OUTPUT, option
from .shared import expanded
from .terminal import print_json, result_console, say

if TYPE_CHECKING:
    from ..sweep.rows import Row
    from ..sweep.settings import Setting

SWEPT = "Swept, as comma lists"
SYNTHETIC = "synthetic heads: only candidates and no-anchor-inside, which are geometry, carry meaning"


@expanded
def sweep(
    given: InputOptions,
    assigner: Annotated[
        str,
        option(panel=SWEPT, env="ASSIGNER", metavar="NAMES", help="Names or releases: yolov8,ultralytics==8.4.190."),
    ] = "yolov8",
    topk: Annotated[
        str | None, option(panel=SWEPT, metavar="NUMBERS", help="Candidates that a box selects: 5,10.")
    ] = None,
    topk2: Annotated[str | None, option(panel=SWEPT, metavar="NUMBERS", help="Positives that a box keeps.")] = None,
    alpha: Annotated[str | None, option(panel=SWEPT, metavar="NUMBERS", help="Exponents of the class score.")] = None,
    beta: Annotated[str | None, option(panel=SWEPT, metavar="NUMBERS", help="Exponents of the overlap: 4,6.")] = None,
    overlap: Annotated[str | None, option(panel=SWEPT, metavar="NAMES", help="iou, giou, diou, ciou.")] = None,
    csv: Annotated[bool, option("--csv", panel=OUTPUT, help="Print as CSV.")] = False,
    json: Annotated[bool, option("--json", panel=OUTPUT, help="Print as JSON.")] = False,
) -> None:
    """What would other settings do? One row for every combination of the listed values, held against the first.

    --imgsz takes a list as well: 640,1280, and 384x640 for height x width. Head outputs of another input size are
    another file, so real --heads go with one size.
    """
    from ..sweep.settings import combinations, listed, side_by_side

    names = [name for name, _ in listed("--assigner", assigner, str)]
    parameters = {
        "topk": listed("--topk", topk, int),
        "topk2": listed("--topk2", topk2, int),
        "alpha": listed("--alpha", alpha, float),
        "beta": listed("--beta", beta, float),
        "overlap": listed("--overlap", overlap, str),
    }
    settings = combinations(names, parameters, listed("--imgsz", given.imgsz, side_by_side))
    rows, notes = _run(given, settings)
    if json:
        print_json({"notes": notes, "rows": [row.as_document(rows[0]) for row in rows]})
    elif csv:
        _print_csv(rows)
    else:
        for note in notes:
            say(f"note: {note}", "yellow")
        _print(rows)


def _run(given: InputOptions, settings: Sequence[Setting]) -> tuple[list[Row], list[str]]:
    """Count every setting; the inputs of one size are read once."""
    from ..inputs.load import open_inputs
    from ..sweep.rows import Row
    from ..sweep.tally import Tally

    rows, notes = [], []
    for imgsz in dict.fromkeys(setting.imgsz for setting in settings):
        mine = [setting for setting in settings if setting.imgsz == imgsz]
        request = replace(given, imgsz=f"{imgsz[0]},{imgsz[1]}" if imgsz else None).request()
        opened = open_inputs(request)
        opened.require_memory()
        for part in opened.parts:
            for setting in mine:
                part.grid.require_anchors(setting.assigner.parameters.topk, opened.shapes_option)
        notes += [remark for remark in opened.remarks if remark not in notes]
        tallies = [Tally() for _ in mine]

        from ..sweep.run import tally_all

        for part in opened.parts:
            tally_all(opened.inputs(part), [setting.assigner for setting in mine], tallies)
        rows += [Row(setting, tally) for setting, tally in zip(mine, tallies, strict=True)]
        if opened.synthetic and SYNTHETIC not in notes:
            notes.append(SYNTHETIC)
    return rows, notes


def _print_csv(rows: Sequence[Row]) -> None:
    import csv

    documents = [row.as_flat(rows) for row in rows]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(documents[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(documents)


def _print(rows: Sequence[Row]) -> None:
    """Two tables: what was assigned, and where it went by size; differences to the first row in brackets."""
    from ..box_sizes import SIZES
    from ..sweep.rows import varied
    from .text_page import Column, Page

    page = Page(result_console())
    names = varied(rows)
    settings = [Column(name, [row.setting.chosen.get(name, "") for row in rows], right=False) for name in names]

    def numbers(title: str, values: Sequence[float | None]) -> Column:
        texts = [_text(value) for value in values]
        shown = [texts[0], *(_against(value, values[0]) for value in values[1:])]
        return Column(title, shown, narrow=texts)

    page.heading("Assigned", "differences to the first row in brackets")
    page.table(
        [
            *settings,
            numbers("candidates", [row.tally.candidates for row in rows]),
            numbers("positives", [row.tally.positives for row in rows]),
            numbers("contested", [row.tally.contested for row in rows]),
            numbers("mean target", [row.tally.mean_target for row in rows]),
            numbers("without", [row.tally.without for row in rows]),
        ]
    )
    causes = list(dict.fromkeys(cause for row in rows for cause in row.tally.causes))
    if causes:
        page.heading("Boxes without positives", f"of {rows[0].tally.boxes}, by cause")
        page.table([*settings, *(numbers(cause, [row.tally.causes[cause] for row in rows]) for cause in causes)])
    sizes = [i for i in range(len(SIZES)) if any(row.tally.sizes[i, 0] for row in rows)]
    page.heading("Positives by size", "by sqrt(width · height) in px; behind the stroke: boxes without positives")
    page.table(
        [
            *settings,
            *(
                Column(
                    f"{SIZES[i]} px",
                    [f"{row.tally.sizes[i, 1]} / {row.tally.sizes[i, 2]}" for row in rows],
                )
                for i in sizes
            ),
        ]
    )
    page.print()


def _text(value: float | None) -> str:
    from ..number_text import number_text

    return "-" if value is None else str(value) if isinstance(value, int) else number_text(value, 4)


def _against(value: float | None, first: float | None) -> str:
    if value is None or first is None or value == first:
        return _text(value)
    sign = "+" if value > first else "-"
    return f"{_text(value)} ({sign}{_text(abs(value - first))})"

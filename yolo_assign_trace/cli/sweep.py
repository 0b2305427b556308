"""``yolo-assign sweep``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from ..basics.errors import InputError
from .input_options import InputOptions
from .options import INPUT, OUTPUT, option
from .screens.terminal import in_flags, print_json, result_console, say
from .shared import expanded

if TYPE_CHECKING:
    from ..inputs.load import Opened
    from ..sweep.rows import Row
    from ..sweep.settings import Setting
    from .screens.text_page import Column, Page

SWEPT = "Swept, as comma lists"
SYNTHETIC = (
    "synthetic heads: only candidates, no-anchor-inside and ignored-as-padding, which are geometry, carry meaning"
)


@dataclass(frozen=True)
class SweptInputs(InputOptions):
    """What to trace, at one or several input sizes."""

    imgsz: Annotated[
        str | None,
        option(panel=INPUT, env="IMGSZ", metavar="LIST", help="Network inputs: 640,1280; height x width: 384x640."),
    ] = None


@expanded
def sweep(
    given: SweptInputs,
    assigner: Annotated[
        str,
        option(panel=SWEPT, env="ASSIGNER", metavar="NAMES", help="Names or releases: yolov8,ultralytics==8.4.190."),
    ] = "yolov8",
    topk: Annotated[
        str | None, option(panel=SWEPT, env="TOPK", metavar="NUMBERS", help="Candidates that a box selects: 5,10.")
    ] = None,
    topk2: Annotated[
        str | None, option(panel=SWEPT, env="TOPK2", metavar="NUMBERS", help="Positives that a box keeps.")
    ] = None,
    alpha: Annotated[
        str | None, option(panel=SWEPT, env="ALPHA", metavar="NUMBERS", help="Exponents of the class score.")
    ] = None,
    beta: Annotated[
        str | None, option(panel=SWEPT, env="BETA", metavar="NUMBERS", help="Exponents of the overlap: 4,6.")
    ] = None,
    overlap: Annotated[
        str | None, option(panel=SWEPT, env="OVERLAP", metavar="NAMES", help="iou, giou, diou, ciou.")
    ] = None,
    csv: Annotated[bool, option("--csv", panel=OUTPUT, help="Print as CSV.")] = False,
    json: Annotated[bool, option("--json", panel=OUTPUT, help="Print as JSON.")] = False,
) -> None:
    """What would other settings do? One row for every combination of the listed values, held against the first.

    Real --heads and a --capture belong to one input size; without them --imgsz takes a list as well.
    """
    from ..assignment.generations import find_assigner
    from ..sweep.settings import combinations, listed, side_by_side

    assigners = [text for text, _ in listed("assigner", assigner, lambda text: find_assigner(text).name)]
    parameters = {
        "topk": listed("topk", topk, int),
        "topk2": listed("topk2", topk2, int),
        "alpha": listed("alpha", alpha, float),
        "beta": listed("beta", beta, float),
        "overlap": listed("overlap", overlap, str),
    }
    sizes = listed("imgsz", given.imgsz, side_by_side)

    def settings(recorded: Mapping[str, float]) -> list[Setting]:
        return combinations(assigners, parameters, sizes, recorded)

    rows, notes, synthetic = _run(given, settings)
    if json:
        notes = [*notes, SYNTHETIC] if synthetic else notes
        rows_as_json = [row.as_document(rows[0]) for row in rows]
        print_json({"synthetic_heads": synthetic, "notes": notes, "rows": rows_as_json})
        return
    for note in notes:
        say(f"note: {note}", "yellow")
    if csv:
        if synthetic:
            say(f"note: {SYNTHETIC}", "yellow")
        _print_csv(rows, synthetic)
    else:
        _print(rows, synthetic)


def _run(
    given: SweptInputs, settings: Callable[[Mapping[str, float]], list[Setting]]
) -> tuple[list[Row], list[str], bool]:
    """Count every setting; the inputs of one size are read once.

    Args:
        given: what to trace.
        settings: the combinations on top of the parameters that the inputs bring.

    Returns:
        The rows, remarks, and whether the heads are synthetic.
    """
    from ..inputs.load import open_inputs
    from ..sweep.rows import Row
    from ..sweep.tally import Tally, tally_all

    sizes = list(dict.fromkeys(setting.imgsz for setting in settings({})))  # a wrong name is told before reading
    if given.heads and len(sizes) > 1:
        message = f"the head outputs are of one input size, but --imgsz lists {len(sizes)}"
        raise InputError("options-exclude", message, where="--imgsz", hint="sweep each size with heads of its own")
    opened = {
        imgsz: open_inputs(replace(given, imgsz=f"{imgsz[0]},{imgsz[1]}" if imgsz else None).request())
        for imgsz in sizes
    }
    first = opened[sizes[0]]
    wanted = settings(first.parameters)
    for setting in wanted:
        _require(opened[setting.imgsz], setting)
    tallies = [Tally() for _ in wanted]

    for imgsz, inputs in opened.items():
        mine = [(s.assigner, tally) for s, tally in zip(wanted, tallies, strict=True) if s.imgsz == imgsz]
        for part in inputs.parts:
            tally_all(part.inputs(), [assigner for assigner, _ in mine], [tally for _, tally in mine])
    notes = list(dict.fromkeys(in_flags(remark) for inputs in opened.values() for remark in inputs.remarks))
    return [Row(s, tally) for s, tally in zip(wanted, tallies, strict=True)], notes, first.synthetic


def _require(opened: Opened, setting: Setting) -> None:
    """Can the setting be run on every batch?

    Raises:
        InputError: too few anchors, or synthetic heads too large for any machine.
    """
    opened.require_memory()
    opened.require_anchors(setting.assigner.parameters.topk)


def _print_csv(rows: Sequence[Row], synthetic: bool) -> None:
    import csv

    heads = {"heads": "synthetic" if synthetic else "given"}
    documents = [row.as_flat(rows) | heads for row in rows]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(documents[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(documents)


def _print(rows: Sequence[Row], synthetic: bool) -> None:
    """What was assigned, what got nothing and why, and where it went by size; differences to the first row."""
    from ..basics.box_sizes import SIZES
    from .screens.text_page import Column, Page

    page = Page(result_console())
    if synthetic:
        page.line(SYNTHETIC, "yellow", indent=0)
    page.heading("Assigned", "in brackets: the difference to the first row")
    names = ("candidates", "positives", "contested", "mean_target", "without")
    _table(page, rows, [_numbers(name.replace("_", " "), [row.counts[name] for row in rows]) for name in names])
    causes = list(dict.fromkeys(cause for row in rows for cause in row.tally.causes))
    if causes:
        page.heading("Boxes without positives", f"of {rows[0].tally.boxes}, by cause")
        _table(page, rows, [_numbers(cause, [row.tally.causes[cause] for row in rows]) for cause in causes])
    page.heading("Positives by size", "sqrt(width · height) in px; behind the stroke: boxes without positives")
    sizes = [row.tally.sizes.tolist() for row in rows]
    shown = [i for i in range(len(SIZES)) if any(counts[i][0] for counts in sizes)]
    cells = {
        i: [f"{positives} / {without}" for _, positives, without in (counts[i] for counts in sizes)] for i in shown
    }
    _table(page, rows, [Column(f"{SIZES[i]} px", cells[i]) for i in shown])
    page.print()


def _table(page: Page, rows: Sequence[Row], columns: Sequence[Column]) -> None:
    """The settings and ``columns``; side by side as far as the terminal is wide, the rest below."""
    from ..sweep.rows import varied
    from .screens.text_page import Column

    settings = [Column(name, [row.setting.chosen[name] for row in rows], right=False) for name in varied(rows)]
    block: list[Column] = []
    for column in columns:
        if block and not page.fits([*settings, *block, column]):
            page.table([*settings, *block])
            page.gap()
            block = []
        block.append(column)
    page.table([*settings, *block])


def _numbers(title: str, values: Sequence[float | None]) -> Column:
    from .screens.text_page import Column

    return Column(title, [_text(values[0]), *(_against(value, values[0]) for value in values[1:])])


def _text(value: float | None) -> str:
    from ..formats.number_text import number_text

    return "-" if value is None else str(value) if isinstance(value, int) else number_text(value, 4)


def _against(value: float | None, first: float | None) -> str:
    if value is None or first is None or value == first:
        return _text(value)
    sign = "+" if value > first else "-"
    return f"{_text(value)} ({sign}{_text(abs(value - first))})"

"""``yolo-assign sweep``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ..basics.errors import InputError
from ..inputs.request import Request
from .options.declared import OUTPUT, option
from .options.expand import expanded
from .options.source import source_argument, with_source
from .screens.terminal import in_flags, print_json, say

if TYPE_CHECKING:
    from ..inputs.load import Opened
    from ..run.release_choice import ReleaseChoice
    from ..sweep.rows import Row
    from ..sweep.settings import Setting

SWEPT = "Swept, as comma lists"


def _swept(name: str, metavar: str, help: str) -> Any:
    return option(name, panel=SWEPT, metavar=metavar, help=help)


@expanded
def sweep(
    request: Request,
    source: Annotated[Path | None, source_argument()] = None,
    imgsz: Annotated[
        str | None,
        option("imgsz", parser=None, metavar="LIST", help="Network inputs: 640,1280; height x width: 384x640."),
    ] = None,
    assigner: Annotated[
        str | None, _swept("assigner", "NAMES", "Names or releases: yolov8,8.4.190. Default: the release's own.")
    ] = None,
    topk: Annotated[str | None, _swept("topk", "NUMBERS", "Candidates that a box selects: 5,10.")] = None,
    topk2: Annotated[str | None, _swept("topk2", "NUMBERS", "Positives that a box keeps.")] = None,
    alpha: Annotated[str | None, _swept("alpha", "NUMBERS", "Exponents of the class score.")] = None,
    beta: Annotated[str | None, _swept("beta", "NUMBERS", "Exponents of the overlap: 4,6.")] = None,
    overlap: Annotated[str | None, _swept("overlap", "NAMES", "iou, giou, diou, ciou.")] = None,
    csv: Annotated[bool, option("csv", panel=OUTPUT, help="Print as CSV.")] = False,
    json: Annotated[bool, option("json")] = False,
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
    sizes = listed("imgsz", imgsz, side_by_side)

    def combined(release: ReleaseChoice, recorded: Mapping[str, float]) -> list[Setting]:
        return combinations(assigners or [release.assigner.name], parameters, sizes, recorded)

    rows, notes, first = _run(with_source(request, source), combined, counted=json or csv)
    synthetic, release = first.synthetic, _release_line(first.release, rows)

    from ..run.given import SYNTHETIC
    from .screens.sweep_text import print_csv, print_sweep

    if json:
        notes = [*notes, SYNTHETIC] if synthetic else notes
        rows_as_json = [row.as_document(rows[0]) for row in rows]
        print_json({"release": release, "synthetic_heads": synthetic, "notes": notes, "rows": rows_as_json})
        return
    for note in notes:
        say(f"note: {note}", "yellow")
    if csv:
        if synthetic:
            say(f"note: {SYNTHETIC}", "yellow")
        print_csv(rows, first.release.name, synthetic)
    else:
        print_sweep(rows, release, synthetic)


def _run(
    request: Request, combined: Callable[[ReleaseChoice, Mapping[str, float]], list[Setting]], counted: bool
) -> tuple[list[Row], list[str], Opened]:
    """Count every setting; the inputs of one size are read once.

    Args:
        request: what to trace.
        combined: the settings on top of the release and the parameters that the inputs bring.
        counted: are all counts read, also those of synthetic heads? Else only geometry is counted of these.

    Returns:
        The rows, remarks, and the inputs of the first size.
    """
    from ..inputs.load import open_inputs
    from ..sweep.rows import Row
    from ..sweep.tally import Tally, tally_all, tally_geometry
    from .screens.progress import progress_bar

    early = combined(request.release_for(), {})  # a wrong name is told before anything is read
    sizes = list(dict.fromkeys(setting.imgsz for setting in early))
    if request.heads and len(sizes) > 1:
        message = f"the head outputs are of one input size, but --imgsz lists {len(sizes)}"
        raise InputError("options-exclude", message, where="--imgsz", hint="sweep each size with heads of its own")
    opened = {imgsz: open_inputs(replace(request, imgsz=imgsz)) for imgsz in sizes}
    first = opened[sizes[0]]
    heads = counted or not first.synthetic
    settings = combined(first.release, first.parameters)
    for setting in settings:
        _require(opened[setting.imgsz], setting, heads)
    tallies = [Tally() for _ in settings]

    with progress_bar("running settings", sum(len(opened[setting.imgsz].parts) for setting in settings)) as progress:
        for imgsz, inputs in opened.items():
            mine = [(s.assigner, tally) for s, tally in zip(settings, tallies, strict=True) if s.imgsz == imgsz]
            assigners, own = [assigner for assigner, _ in mine], [tally for _, tally in mine]
            for part in inputs.parts:
                if heads:
                    tally_all(part.inputs(), assigners, own, progress)
                else:
                    tally_geometry(part.inputs(maps=False), assigners, own, progress)
    notes = list(dict.fromkeys(in_flags(remark) for inputs in opened.values() for remark in inputs.remarks))
    return [Row(s, tally) for s, tally in zip(settings, tallies, strict=True)], notes, first


def _release_line(release: ReleaseChoice, rows: list[Row]) -> str:
    """What headers say; which assigner is another one is said only where all rows have the same."""
    generations = {row.setting.assigner.generation: row.setting.assigner for row in rows}
    return release.line(*generations.values() if len(generations) == 1 else ())


def _require(opened: Opened, setting: Setting, heads: bool) -> None:
    """Can the setting be run on every batch?

    Raises:
        InputError: too few anchors, or synthetic heads too large for any machine.
    """
    if heads:
        opened.require_memory()
    opened.require_anchors(setting.assigner.parameters.topk)

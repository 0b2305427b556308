"""``yolo-assign check``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..assignment.generations import find_assigner
from ..basics.errors import InputError, did_you_mean
from ..basics.named_objects import load_object
from ..inputs.request import Request
from .options.declared import INPUT, OUTPUT, option
from .screens.terminal import print_json, say

if TYPE_CHECKING:
    from ..assignment.assigner import Assigner
    from ..basics.arrays import Array
    from ..check.cases import Case


def check(
    candidate: Annotated[
        str,
        typer.Argument(
            metavar="[PACKAGE.MODULE:NAME | FOLDER]",
            help="Your assigner: a function, object, class or nn.Module; or a folder with an .npz answer per case.",
            show_default=False,
        ),
    ] = "",
    release: Annotated[str | None, option("release", help="The release that it should be equal to.")] = None,
    assigner: Annotated[
        str | None, option("assigner", help="What it should be equal to: a name or a release. Default: yolov8.")
    ] = None,
    topk: Annotated[int | None, option("topk")] = None,
    outputs: Annotated[
        str,
        option(
            "outputs",
            panel=INPUT,
            metavar="NAMES",
            help="What it returns, in order, if not the usual five: labels,boxes,scores,fg_mask,gt_idx; _ skips one.",
        ),
    ] = "",
    case: Annotated[
        list[str] | None, option("case", panel=INPUT, metavar="NAME", help="Only this case; repeatable.")
    ] = None,
    rtol: Annotated[float, option("rtol")] = 1e-4,
    atol: Annotated[float, option("atol")] = 1e-6,
    export: Annotated[
        Path | None,
        option(
            "export", panel=OUTPUT, metavar="FOLDER", help="Write the cases and every stage's tensors here, then stop."
        ),
    ] = None,
    json: Annotated[bool, option("json", help="Print the verdicts as JSON.")] = False,
) -> int:
    """Is your own assigner equal to a generation of the original, and if not, where does it first differ?

    Runs it over bundled cases. Exit code 0: equal in every case, but for the order of equal values; 1: not.
    """
    from ..check.cases import CASE_NAMES

    names = tuple(case or CASE_NAMES)
    for name in names:
        if name not in CASE_NAMES:
            raise InputError("unknown-case", f"no case is called {name!r}", hint=did_you_mean(name, CASE_NAMES))
    reference = _reference(release, assigner).with_parameters(topk=topk)
    if export is not None:
        from ..check.export import export_cases

        written = export_cases(export, reference, names)
        say(f"wrote {len(written)} files to {export}")
        return 0
    if not candidate:
        hint = "yolo-assign check package.module:MyAssigner"
        raise InputError("no-candidate", "there is nothing to check", hint=hint)

    from ..check.compare import Tolerance
    from ..check.run import run_check

    tolerance = Tolerance(rtol, atol)
    report = run_check(_answers(candidate, outputs, reference), reference, cases=names, tolerance=tolerance)
    if json:
        rows = [asdict(verdict) | {"agrees_with": report.agrees[verdict.case]} for verdict in report.verdicts]
        document: dict[str, Any] = {
            "candidate": candidate,
            "assigner": reference.name,
            "parameters": reference.settings,
        }
        document |= {"tolerance": asdict(tolerance), "cases": rows, "agrees_everywhere_with": report.agrees_everywhere}
        print_json(document)
    else:
        from .screens.check_text import print_report

        print_report(candidate, report, tolerance)
    return 0 if report.good else 1


def _reference(release: str | None, assigner: str | None) -> Assigner:
    """``assigner`` wins over ``release``, as it does for traces.

    Raises:
        InputError: no such release or assigner.
    """
    of_release = Request(release=release).release_for(study=True).assigner
    return find_assigner(assigner) if assigner else of_release


def _answers(candidate: str, outputs: str, reference: Any) -> Callable[[Case], dict[str, Array]]:
    if ":" not in candidate and Path(candidate).is_dir():
        from ..check.export import read_answer

        def from_folder(case: Case) -> dict[str, Array]:
            answer = read_answer(Path(candidate), case.name)
            if answer is None:
                hint = "yolo-assign check --export cases/ writes the inputs; --case NAME checks only some"
                message = f"there is no answer to the case {case.name}"
                raise InputError("no-answer", message, where=f"{candidate}/{case.name}.npz", hint=hint)
            return answer

        return from_folder
    from ..check.adapter import ForeignAssigner, output_names

    names = output_names(outputs) if outputs else ()
    return ForeignAssigner(candidate, load_object(candidate, "candidate", "check"), reference, names).answer

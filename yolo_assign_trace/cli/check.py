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
from ..basics.plural import count
from .options import ASSIGNER, INPUT, OUTPUT, option
from .screens.terminal import print_json, result_console, say

if TYPE_CHECKING:
    from rich.console import Console

    from ..basics.arrays import Array
    from ..check.cases import Case
    from ..check.compare import Tolerance
    from ..check.run import Report

_STYLES = {"equal": "green", "equal but for ties": "yellow", "different": "bold red", "failed": "bold red"}


def check(
    candidate: Annotated[
        str,
        typer.Argument(
            metavar="[PACKAGE.MODULE:NAME | FOLDER]",
            help="Your assigner: a function, object, class or nn.Module; or a folder with an .npz answer per case.",
            show_default=False,
        ),
    ] = "",
    assigner: Annotated[
        str,
        option(panel=ASSIGNER, env="ASSIGNER", metavar="NAME", help="What it should be equal to: a name or a release."),
    ] = "yolov8",
    topk: Annotated[
        int | None, option(panel=ASSIGNER, env="TOPK", metavar="N", min=1, help="Candidates that a box selects.")
    ] = None,
    outputs: Annotated[
        str,
        option(
            panel=INPUT,
            metavar="NAMES",
            help="What it returns, in order, if not the usual five: labels,boxes,scores,fg_mask,gt_idx; _ skips one.",
        ),
    ] = "",
    case: Annotated[list[str] | None, option(panel=INPUT, metavar="NAME", help="Only this case; repeatable.")] = None,
    rtol: Annotated[float, option(panel=INPUT, min=0, metavar="X", help="Relative tolerance of floats.")] = 1e-4,
    atol: Annotated[float, option(panel=INPUT, min=0, metavar="X", help="Absolute tolerance of floats.")] = 1e-6,
    export: Annotated[
        Path | None,
        option(panel=OUTPUT, metavar="FOLDER", help="Write the cases and every stage's tensors here, then stop."),
    ] = None,
    json: Annotated[bool, option("--json", panel=OUTPUT, help="Print the verdicts as JSON.")] = False,
) -> int:
    """Is your own assigner equal to a generation of the original, and if not, where does it first differ?

    Runs it over bundled cases. Exit code 0: equal in every case, but for the order of equal values; 1: not.
    """
    from ..check.cases import CASE_NAMES

    names = tuple(case or CASE_NAMES)
    for name in names:
        if name not in CASE_NAMES:
            raise InputError("unknown-case", f"no case is called {name!r}", hint=did_you_mean(name, CASE_NAMES))
    wanted = find_assigner(assigner).with_parameters(topk=topk)
    if export is not None:
        from ..check.export import export_cases

        written = export_cases(export, wanted, names)
        say(f"wrote {len(written)} files to {export}")
        return 0
    if not candidate:
        hint = "yolo-assign check package.module:MyAssigner"
        raise InputError("no-candidate", "there is nothing to check", hint=hint)

    from ..check.compare import Tolerance
    from ..check.run import run_check

    tolerance = Tolerance(rtol, atol)
    report = run_check(_answers(candidate, outputs, wanted), wanted, cases=names, tolerance=tolerance)
    if json:
        rows = [asdict(verdict) | {"agrees_with": report.agrees[verdict.case]} for verdict in report.verdicts]
        document: dict[str, Any] = {"candidate": candidate, "assigner": wanted.name, "parameters": wanted.settings}
        document |= {"tolerance": asdict(tolerance), "cases": rows, "agrees_everywhere_with": report.agrees_everywhere}
        print_json(document)
    else:
        _print(candidate, report, tolerance)
    return 0 if report.good else 1


def _answers(candidate: str, outputs: str, wanted: Any) -> Callable[[Case], dict[str, Array]]:
    if ":" not in candidate and Path(candidate).is_dir():
        from ..check.export import read_answer

        def from_folder(case: Case) -> dict[str, Array]:
            found = read_answer(Path(candidate), case.name)
            if found is None:
                hint = "yolo-assign check --export cases/ writes the inputs; --case NAME checks only some"
                message = f"there is no answer to the case {case.name}"
                raise InputError("no-answer", message, where=f"{candidate}/{case.name}.npz", hint=hint)
            return found

        return from_folder
    from ..check.adapter import ForeignAssigner, output_names

    names = output_names(outputs) if outputs else ()
    return ForeignAssigner(candidate, load_object(candidate, "candidate", "check"), wanted, names).answer


def _print(candidate: str, report: Report, tolerance: Tolerance) -> None:
    from rich.text import Text

    console = result_console()
    wanted, verdicts = report.wanted, report.verdicts
    text = Text()
    text.append(f"{candidate}", "bold")
    text.append(f" against {wanted.name} ({wanted.releases})\n")
    text.append(f"{wanted.parameters}; floats within {tolerance.atol:g} + {tolerance.rtol:g} of the value\n\n", "dim")
    width = max(len(verdict.case) for verdict in verdicts)
    margin = " " * (width + 4)
    for verdict in verdicts:
        text.append(f"  {verdict.case:<{width}}  ")
        text.append(f"{verdict.verdict}\n", _STYLES[verdict.verdict])
        if verdict.good:
            continue
        others = ", ".join(report.agrees[verdict.case]) or "no generation"
        for line in (str(verdict.first or verdict.failure), f"in this case it agrees with {others}"):
            for part in _wrapped(line, console, len(margin)):
                text.append(f"{margin}{part}\n", "" if line == str(verdict.first or verdict.failure) else "dim")
    bad = [verdict for verdict in verdicts if not verdict.good]
    ties = sum(verdict.verdict == "equal but for ties" for verdict in verdicts)
    text.append("\n")
    if bad:
        text.append(f"different in {len(bad)} of {count(len(verdicts), 'case')}", "bold red")
        first = next((verdict.first for verdict in bad if verdict.first is not None), None)
        text.append(f"; the first output that differs is {first.output}\n" if first else "\n")
    else:
        tail = f", in {ties} of them but for the order of equal values" if ties else ""
        text.append(f"equal in all {count(len(verdicts), 'case')}{tail}\n", "bold green")
    text.append(f"it agrees in every case with {', '.join(report.agrees_everywhere) or 'no generation'}\n")
    console.print(text, soft_wrap=True, end="")


def _wrapped(line: str, console: Console, indent: int) -> list[str]:
    from rich.text import Text

    if not console.is_terminal:
        return [line]
    return [part.plain.rstrip() for part in Text(line).wrap(console, max(20, console.width - indent - 1))]

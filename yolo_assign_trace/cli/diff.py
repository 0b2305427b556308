"""``yolo-assign diff``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..assignment.releases import about_newer, parse_release
from ..basics.errors import InputError
from .options.declared import ASSIGNER, INPUT, OUTPUT, option
from .screens.terminal import print_json, say

if TYPE_CHECKING:
    from ..compare.results import TraceDiff
    from ..compare.rules import Tolerances
    from ..traces.stored import StoredTrace


def diff(
    a: Annotated[
        Path,
        typer.Argument(metavar="A", help="A trace: a run.log or a .safetensors file of --save.", show_default=False),
    ],
    b: Annotated[
        Path | None, typer.Argument(metavar="[B]", help="Another, of either kind.", show_default=False)
    ] = None,
    assigner: Annotated[
        str | None,
        option(
            "assigner",
            variable=False,
            help="Instead of B: run this assigner on A's recorded inputs; a release takes A's parameters.",
        ),
    ] = None,
    isolate: Annotated[
        bool,
        option(
            "isolate",
            panel=ASSIGNER,
            help="Run each stage of B's assigner on A's recorded inputs: introduced here, or inherited?",
        ),
    ] = False,
    rtol: Annotated[float, option("rtol")] = 0.0,
    atol: Annotated[float, option("atol")] = 0.0,
    tol: Annotated[
        list[str] | None,
        option("tol", panel=INPUT, metavar="NAME=X", help="Both tolerances of one output: overlaps=1e-4. Repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None, option("only", panel=INPUT, metavar="STAGE", help="Compare only this stage; repeatable.")
    ] = None,
    json: Annotated[bool, option("json", help="Print all that was found as JSON.")] = False,
    exit_zero: Annotated[
        bool, option("exit_zero", panel=OUTPUT, help="Exit with 0 even if the traces differ.")
    ] = False,
) -> int:
    """Where do two traces first differ, and what did that do?

    Everything must be equal unless a tolerance is given; a log is compared at its printed digits. Exit code 0: the
    same in everything that both have; 1: different.
    """
    from ..compare.traces import compare_traces
    from ..traces.open_trace import open_trace

    if (b is None) == (assigner is None):
        hint = "yolo-assign diff A B, or yolo-assign diff A --assigner ultralytics==8.4.190"
        message = "there is nothing to compare A with" if b is None else "compare A with B or with --assigner, not both"
        raise InputError("no-second-trace" if b is None else "two-second-traces", message, hint=hint)
    tolerances = _tolerances(rtol, atol, tol or [])
    first = open_trace(a)
    second, named = (open_trace(b), str(b)) if b is not None else _rerun(a, first, str(assigner))
    difference = compare_traces(first, second, tolerances, only=tuple(only or ()))
    if (isolate or b is None) and difference.differing:
        from ..compare.isolate import isolate as isolate_stages

        difference = isolate_stages(difference, first, second, where=str(a))
    command = explain_command(difference, a if b is None else b)
    if json:
        from ..compare.as_json import as_json

        print_json(
            {"a": _about(str(a), first), "b": _about(named, second)} | as_json(difference) | {"explain": command}
        )
    else:
        from .screens.diff_text import print_diff

        print_diff(difference, str(a), named, first, second, command)
    return 0 if exit_zero or difference.verdict == "same" else 1


def explain_command(difference: TraceDiff, path: Path) -> str | None:
    """The command that explains the worst anchor, None if nothing that was compared differs or has one."""
    if difference.verdict == "same" or difference.worst_anchor is None:
        return None
    image, anchor = difference.worst_anchor
    return f"yolo-assign explain {shlex.quote(str(path))} --image {image} --anchor {anchor}"


def _tolerances(rtol: float, atol: float, texts: list[str]) -> Tolerances:
    import math

    from ..compare.rules import Tolerances

    by_name = {}
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            by_name[name] = float(number)
        except ValueError:
            equals = ""
        if not equals or not 0 <= by_name[name] < math.inf:
            message = f"{text!r} is no tolerance"
            raise InputError("wrong-tolerance", message, where="--tol", hint="write --tol overlaps=1e-4")
    for option_name, value in (("--rtol", rtol), ("--atol", atol)):
        if not 0 <= value < math.inf:
            raise InputError("wrong-tolerance", f"{value} is no tolerance", where=option_name, hint="a number from 0")
    return Tolerances(rtol, atol, by_name)


def _rerun(path: Path, trace: StoredTrace, name: str) -> tuple[StoredTrace, str]:
    from ..assignment.generations import find_assigner
    from ..compare.rerun import rerun

    second, remarks = rerun(trace, find_assigner(name), where=str(path))
    release = parse_release(name)
    for remark in (*filter(None, [release and about_newer(release)]), *remarks):
        say(f"note: {remark}", "yellow")
    return second, f"A's recorded inputs with {name}"


def _about(name: str, trace: StoredTrace) -> dict[str, Any]:
    return {"name": name, "digits": trace.digits, "header": dict(trace.header)}

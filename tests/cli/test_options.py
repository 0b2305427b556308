"""Options: named alike wherever they mean the same, each with its variable, parsed before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from typer.main import get_command

from yolo_assign_trace.cli.main import app
from yolo_assign_trace.cli.options.declared import OPTIONS, option
from yolo_assign_trace.cli.options.expand import expanded

COMMANDS = tuple(get_command(app).commands)

OWN = {
    # what a command takes beside the options of inputs and assigner
    "trace": {"log", "no_log", "digits", "max_log", "save", "stage", "tracer", "no_plugins", "quiet", "json"},
    "plan": {"digits", "json"},
    "page": {"trace", "pictures", "output", "open_it"},
    "explain": {"trace", "image", "gt", "anchor", "at", "fail_on", "all_rows", "json"},
}


def options(command: str) -> dict[str, Any]:
    """The parameters of a command by name, --help left out."""
    found = {parameter.name: parameter for parameter in get_command(app).commands[command].params}
    return {name: parameter for name, parameter in found.items() if name != "help"}


def shared(command: str) -> dict[str, tuple[Any, ...]]:
    """What a user sees of the options that are not the command's own: flags, variable, default, help, panel."""
    return {
        name: (one.opts, one.envvar, one.default, one.help, one.metavar, one.rich_help_panel)
        for name, one in options(command).items()
        if name not in OWN[command]
    }


@pytest.mark.parametrize("command", ["plan", "explain", "page"])
def test_inputs_and_assigner_are_named_alike_in_every_command_that_traces(command):
    assert OWN[command] <= set(options(command))
    assert {"labels", "capture", "assigner", "swap", "device"} <= set(shared("trace"))
    assert shared(command) == shared("trace")


def test_a_sweep_takes_the_same_inputs(yolo_assign):
    inputs = {name for name, one in options("trace").items() if one.rich_help_panel == "Input"}
    swept = {name for name, one in options("sweep").items() if one.rich_help_panel == "Input"}
    assert swept == inputs
    lists = {name for name, one in options("sweep").items() if (one.rich_help_panel or "").startswith("Swept")}
    assert lists == {"assigner", "topk", "topk2", "alpha", "beta", "overlap"}
    assert lists <= set(shared("trace"))


def test_a_shared_name_is_one_flag_and_one_metavar_of_its_kind():
    """Whatever a command words differently; lists of a sweep apart, which are lists of the same."""
    for command in COMMANDS:
        for name, one in options(command).items():
            if name in OPTIONS and one.param_type_name == "option":
                assert one.opts == [f"--{name.replace('_', '-')}"], command


# --- variables -------------------------------------------------------------------------------------------------------

INPUTS = {
    *("labels", "data", "split", "images", "batch", "image_size", "letterboxed", "rect", "labels_as", "on_bad"),
    *("shapes", "imgsz", "heads", "capture", "nc", "reg_max", "seed"),
}
ASSIGNER = {"assigner", "topk", "topk2", "alpha", "beta", "overlap", "dtype", "device"}
VARIABLES = {
    # command, its options that can be given as variables
    "trace": INPUTS
    | ASSIGNER
    | {"log", "no_log", "digits", "max_log", "save", "stage", "tracer", "no_plugins", "quiet", "json"},
    "plan": INPUTS | ASSIGNER | {"digits"},
    "explain": INPUTS | ASSIGNER | {"fail_on"},
    "page": INPUTS | ASSIGNER,
    "sweep": INPUTS | ASSIGNER - {"dtype", "device"},
    "labels": {"split", "labels_as", "nc", "imgsz", "image_size"},
    "check": {"assigner", "topk"},
    "diff": set(),  # two finished traces: what was set for tracing must not reach it
    "draw": set(),
    "stages": set(),
    "assigners": set(),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_variables_are_called_like_the_options(command):
    named = {name: one.envvar for name, one in options(command).items() if one.envvar}
    assert named == {name: f"YOLO_ASSIGN_{name.upper()}" for name in VARIABLES[command]}


# --- values ----------------------------------------------------------------------------------------------------------

WRONG = [
    # option and value that cannot be read, id
    (("--imgsz", "x"), "wrong-imgsz"),
    (("--imgsz", "640,0"), "wrong-imgsz"),
    (("--image-size", "640"), "wrong-image-size"),
    (("--labels-as", "latest"), "unknown-release"),
    (("--on-bad", "drop"), "unknown-policy"),
    (("--dtype", "float16"), "unknown-dtype"),
    (("--device", "gpu"), "unknown-device"),
    (("--seed", "-1"), "usage"),
    (("--seed", "4294967296"), "usage"),
    (("--batch", "0"), "usage"),
    (("--digits", "18"), "usage"),
]


@pytest.mark.parametrize("given_as", ["flag", "variable"])
@pytest.mark.parametrize(("value", "id"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_a_value_that_cannot_be_read_is_told_before_anything_is(yolo_assign, monkeypatch, value, id, given_as):
    flag, text = value
    arguments = value if given_as == "flag" else ()
    if given_as == "variable":
        monkeypatch.setenv(f"YOLO_ASSIGN_{flag[2:].replace('-', '_').upper()}", text)
    outcome = yolo_assign("plan", "--labels", "missing.txt", *arguments)
    assert outcome.code == 2
    assert f"[{id}]" in outcome.err
    assert flag in outcome.err


# --- groups ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    seed: int = 3
    imgsz: tuple[int, int] | None = None
    at_once: int = 8


def test_a_group_stands_for_the_options_of_its_fields_and_its_defaults_for_what_was_not_said():
    seen: list[Any] = []

    @expanded
    def command(group: Group, digits: Annotated[int, option("digits")] = 5) -> None:
        seen.append((group, digits))

    command(seed=4, imgsz=(64, 96), batch=2, digits=7)
    command(seed=4, imgsz=None, batch=None, digits=7)
    assert seen == [(Group(4, (64, 96), 2), 7), (Group(4), 7)]


def test_an_option_of_the_command_takes_the_place_of_that_of_a_field():
    seen: list[Any] = []

    @expanded
    def command(group: Group, imgsz: Annotated[str, option("imgsz", parser=None)] = "") -> None:
        seen.append((group, imgsz))

    command(seed=4, imgsz="64,96", batch=2)
    assert seen == [(Group(4, None, 2), "64,96")]

"""Options: named alike wherever they mean the same, each with its variable, parsed before anything is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from typer.main import get_command

from yolo_assign_trace.cli.main import app
from yolo_assign_trace.cli.options.declared import OPTIONS, option
from yolo_assign_trace.cli.options.expand import expanded
from yolo_assign_trace.traces.run_log import read_run_log

SMALL = ("--shapes", "yolov8", "--imgsz", "64")
COMMANDS = tuple(get_command(app).commands)

OWN = {
    # what a command takes beside the options of inputs and assigner
    "trace": {"source", "log", "no_log", "digits", "max_log", "save", "stage", "tracer", "no_plugins", "quiet", "json"},
    "plan": {"source", "digits", "json"},
    "page": {"trace", "pictures", "output", "open_it"},
    "explain": {"trace", "image", "gt", "anchor", "at", "fail_on", "html", "all_rows", "json"},
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
    *("labels", "data", "split", "images", "batch", "image_size", "letterboxed", "rect", "on_bad"),
    *(
        "release",
        "mode",
        "labels_as",
        "shapes",
        "imgsz",
        "heads",
        "model",
        "branch",
        "capture",
        "nc",
        "reg_max",
        "seed",
    ),
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
    "labels": {"split", "release", "mode", "labels_as", "nc", "imgsz", "image_size"},
    "audit": {"split", "release", "mode", "labels_as", "nc", "imgsz", "image_size"}
    | {"shapes", "reg_max", "topk", "batch"},
    "check": {"release", "assigner", "topk"},
    "diff": set(),  # two finished traces: what was set for tracing must not reach it
    "draw": INPUTS | ASSIGNER,
    "stages": set(),
    "assigners": set(),
    "watch": set(),
    "history": set(),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_variables_are_called_like_the_options(command):
    named = {name: one.envvar for name, one in options(command).items() if one.envvar}
    assert named == {name: f"YOLO_ASSIGN_{name.upper()}" for name in VARIABLES[command]}


WINS = [
    # variable, value, how the JSON document shows it, the flag that wins over it, how that shows
    ("SHAPES", "my.yaml", ("sizes", "anchor", 64), ("--shapes", "study"), 84),
    ("NC", "9", ("sizes", "class", 9), ("--nc", "7"), 7),
    ("REG_MAX", "5", ("settings", "reg_max", 5), ("--reg-max", "4"), 4),
    ("SEED", "11", ("heads", None, "synthetic, seed 11: not a trained model"), ("--seed", "0"), None),
    ("LOG", "other.log", ("log", None, "other.log"), ("--log", "third.log"), "third.log"),
]


@pytest.mark.parametrize(("name", "value", "shown", "flag", "instead"), WINS, ids=[row[0] for row in WINS])
def test_a_variable_stands_for_its_flag_and_the_flag_wins(
    yolo_assign, folder, monkeypatch, name, value, shown, flag, instead
):
    (folder / "my.yaml").write_text("imgsz: 640\nmaps: [[8, 8]]\n")
    key, inner, expected = shown
    monkeypatch.setenv(f"YOLO_ASSIGN_{name}", value)
    found = yolo_assign("trace", "--labels", "labels.txt", "--json").document[key]
    assert (found[inner] if inner else found) == expected
    found = yolo_assign("trace", "--labels", "labels.txt", "--json", *flag).document[key]
    assert (found[inner] if inner else found) == (instead or "synthetic, seed 0: not a trained model")


def test_variables_for_labels_imgsz_heads_digits_and_save(yolo_assign, save_heads, monkeypatch):
    for name, value in {
        "LABELS": "one.txt",
        "SHAPES": "yolov8",
        "IMGSZ": "64",
        "HEADS": save_heads(),
        "DIGITS": "3",
        "SAVE": "t.safetensors",
    }.items():
        monkeypatch.setenv(f"YOLO_ASSIGN_{name}", value)
    outcome = yolo_assign("trace", "--quiet")
    assert outcome.code == 0, outcome.err
    log = read_run_log(Path("run.log"))
    assert log.digits == 3
    assert log.header["labels"].startswith("one.txt: 1 box in 1 image,")
    assert log.header["heads"].startswith("heads.npz: ")
    assert (log.grid.width, Path("t.safetensors").exists()) == (64, True)


def test_a_bad_variable_is_an_error_like_a_bad_flag(yolo_assign, monkeypatch):
    monkeypatch.setenv("YOLO_ASSIGN_NC", "many")
    outcome = yolo_assign("trace", "--labels", "labels.txt")
    assert outcome.code == 2
    assert "'--nc': 'many'" in outcome.err
    assert "[usage]" in outcome.err


@pytest.mark.parametrize("command", ["trace", "plan", "sweep"])
@pytest.mark.parametrize(
    ("argument", "option"),
    [
        (("labels.txt",), ("--labels", "labels.txt")),
        (("set/images", *SMALL), ("--labels", "set/images", *SMALL)),
        (("data.yaml", *SMALL), ("--data", "data.yaml", *SMALL)),
        (("data.yaml", "--labels", "set/labels", *SMALL), ("--data", "data.yaml", "--labels", "set/labels", *SMALL)),
    ],
)
def test_an_argument_stands_for_labels_or_a_data_yaml(yolo_assign, dataset, command, argument, option):
    outcome, expected = yolo_assign(command, *argument, "--json"), yolo_assign(command, *option, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome == expected


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


# --- what does not go together ---------------------------------------------------------------------------------------

EXCLUDED = [
    # options of trace, id, part of the message
    (
        ("--data", "data.yaml", "--rect", "--letterboxed"),
        "options-exclude",
        "--letterboxed cannot be combined with --rect",
    ),
    (("--data", "data.yaml", "--image-size", "9x9", "--letterboxed"), "options-exclude", "with --image-size"),
    (("--capture", "c.npz", "--labels", "one.txt"), "options-exclude", "--capture cannot be combined"),
    (("--labels", "one.txt", "--images", "0"), "not-a-dataset", "one.txt is a single label file"),
    (("--labels", "one.txt", "--split", "val"), "not-a-dataset", "single label file"),
    (("--labels", "one.txt", "--rect"), "not-a-dataset", "single label file"),
    (("--labels", "set/images", "--split", "val"), "no-split", "a folder has no splits"),
    (("--data", "data.yaml", "--rect", "--shapes", "study"), "rect-needs-a-head", "only a named head"),
    (("--data", "data.yaml", "--images", "5"), "no-such-image", "there are 5, counted from 0"),
    (("--data", "data.yaml", "--images", "x"), "wrong-images", "selects no images"),
    (("--data", "data.yaml", "--split", "test"), "no-such-split", "no split 'test'"),
    (
        ("--data", "data.yaml", "--nc", "9"),
        "classes-disagree",
        "9 according to --nc, 3 according to data.yaml; the labels",
    ),
    (("--data", "data.yaml", "--on-bad", "drop"), "unknown-policy", "no way to go on"),
    (("--data", "data.yaml", "--labels", "missing"), "not-a-folder", "no such folder of labels"),
    ((), "no-labels", "neither --labels nor --data"),
    (("one.txt", "--labels", "two.txt"), "options-exclude", "the argument stands for --labels"),
    (("data.yaml", "--data", "data.yaml"), "options-exclude", "the argument stands for --data"),
    (("one.txt", "--capture", "c.npz"), "options-exclude", "--capture cannot be combined"),
]


@pytest.mark.parametrize(("options", "id", "part"), EXCLUDED)
@pytest.mark.parametrize("command", ["trace", "plan"])
def test_options_that_do_not_go_together(yolo_assign, dataset, command, options, id, part):
    outcome = yolo_assign(command, *options)
    assert outcome.code == 2
    assert f"[{id}]" in outcome.err
    assert part in outcome.err


# --- help -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_a_sentence_for_every_option(yolo_assign, command):
    shown = " ".join(re.sub(r"[│╭╰─╮╯]", " ", yolo_assign(command, "--help").out).split())
    for one in options(command).values():
        assert one.help
        assert re.search(r"[.?0-9]$", one.help)
        assert one.opts[0] in shown or one.metavar in shown
        assert one.help.split()[0] in shown

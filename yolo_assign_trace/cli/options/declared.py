"""What an option is, and those that several commands take: flag, panel, help, parser and variable of each, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import typer

from .devices import parse_device, parse_dtype

INPUT, ASSIGNER, LOSS, OUTPUT = "Input", "Assigner", "Loss", "Output"
EPILOG = "Options can also be given as variables: YOLO_ASSIGN_SHAPES=yolov8 stands for --shapes yolov8. Flags win."


@dataclass(frozen=True)
class Option:
    """An option as users meet it.

    Attributes:
        name: that of the parameter; the flag is ``--name``.
        panel: where it stands in the help; empty: among the general ones.
        help: one sentence.
        metavar: what stands for its value; empty for a switch.
        variable: can it be given as ``YOLO_ASSIGN_NAME`` too?
        parser: makes the value of the text; without one the type of the parameter tells.
        flags: all flags, if not just ``--name``.
        least, most: bounds of a number.
    """

    name: str
    panel: str
    help: str
    metavar: str = ""
    variable: bool = True
    parser: Callable[[str], Any] | None = None
    flags: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def for_typer(self) -> Any:
        """What typer reads beside the type of a parameter."""
        return typer.Option(
            *(self.flags or [f"--{self.name.replace('_', '-')}"]),
            rich_help_panel=self.panel or None,
            help=self.help,
            metavar=self.metavar or None,
            envvar=f"YOLO_ASSIGN_{self.name.upper()}" if self.variable else None,
            show_envvar=False,
            parser=self.parser,
            min=self.least,
            max=self.most,
        )


def option(name: str, **changes: Any) -> Any:
    """A shared option with what one command words differently, or an option of that command alone."""
    shared = OPTIONS.get(name)
    return (replace(shared, **changes) if shared else Option(name, **{"variable": False} | changes)).for_typer()


def _imgsz(text: str) -> tuple[int, int]:
    from ...inputs.heads.shapes import parse_imgsz

    return parse_imgsz(text)


def _image_size(text: str) -> tuple[int, int]:
    from ...inputs.datasets.image_files import parse_image_size

    return parse_image_size(text)


def _labels_as(text: str) -> Any:
    from ...inputs.labels.rules import rules_as

    return rules_as(text)


def _mode(text: str) -> str:
    from ...run.letterbox import parse_mode

    return parse_mode(text)


def _gains(text: str) -> Any:
    from ...assignment.loss.choice import parse_gains

    return parse_gains(text)


def _on_bad(text: str) -> str:
    from ...inputs.labels.policy import parse_on_bad

    return parse_on_bad(text)


_LABELS = (
    "A label file (rows of class cx cy w h; image class cx cy w h for a batch; or polygons), a folder, "
    "a list of paths, or COCO annotations. With --data: the folder of the labels."
)
_SHAPES = (
    "Feature maps: yolov8, yolov8-p2, yolov8-p6, study, or a YAML file. "
    "Default: what fits --heads; without them study for a label file, yolov8 for a dataset."
)
_RELEASE = (
    "Of the ultralytics package: it reads the labels, places and assigns. "
    "Default: 8.4.190; the study grid is the tutorial's, 8.3.253."
)
_MODEL = (
    "A model: its raw outputs on the pictures, run by the ultralytics package beside us. "
    "Loading a model file runs code in it, so load those you trust. A .yaml builds an untrained one."
)
_CAPTURE = "The six inputs of an assigner call, saved from a training step; instead of labels and heads."
_GAINS = "Of its terms box, cls and dfl; with them it runs. Default: 7.5,0.5,1.5."
_DTYPE = "Compute in float32 or float64. Default: float32; a capture keeps its own."

_SHARED = (
    # what to trace
    Option("labels", INPUT, _LABELS, "PATH"),
    Option("data", INPUT, "A data.yaml; see --split and --images.", "FILE"),
    Option("split", INPUT, "train (the default), val or test.", "NAME"),
    Option("images", INPUT, "Images of a dataset, from A up to but without B: 0:8.", "A:B"),
    Option("batch", INPUT, "Images of a dataset traced at a time.", "N", least=1),
    Option("image_size", INPUT, "Size of the images; default: from their headers.", "WxH", parser=_image_size),
    Option("letterboxed", INPUT, "Labels are fractions of the network input already."),
    Option("rect", INPUT, "Fit the input to each image in whole strides, not to a square."),
    Option("release", INPUT, _RELEASE, "RELEASE"),
    Option(
        "mode", INPUT, "Place boxes as in validation, or clip and drop them as in training.", "val|train", parser=_mode
    ),
    Option("labels_as", INPUT, "Read labels as another release: 8.3.200.", "RELEASE", parser=_labels_as),
    Option("on_bad", INPUT, "Rows that fail: stop; drop-image, as training does; or drop-row.", "NAME", parser=_on_bad),
    Option("shapes", INPUT, _SHAPES, "NAME|FILE"),
    Option("imgsz", INPUT, "Network input of a named head: 640, or height,width.", "PX", parser=_imgsz),
    Option("heads", INPUT, "Head outputs: .npz, .npy, .safetensors or .pt. Without it they are synthetic.", "FILE"),
    Option("model", INPUT, _MODEL, "FILE"),
    Option("branch", INPUT, "Which head of an end-to-end model: one2many (the default) or one2one.", "NAME"),
    Option("capture", INPUT, _CAPTURE, "FILE"),
    Option("nc", INPUT, "Number of classes; default: largest class + 1.", "N", least=1, most=100_000),
    Option("reg_max", INPUT, "Bins per side, R; default: 16.", "N", least=1, most=1024),
    Option("seed", INPUT, "Seed of synthetic heads and of untrained weights.", "N", least=0, most=2**32 - 1),
    # with which assigner, and where to compute
    Option(
        "assigner", ASSIGNER, "Another assigner than the release's: a name of yolo-assign assigners, or 8.4.60.", "NAME"
    ),
    Option("topk", ASSIGNER, "Candidates that a box selects.", "N", least=1),
    Option("topk2", ASSIGNER, "Positives that a box keeps, from 8.4.0 on.", "N", least=1),
    Option("alpha", ASSIGNER, "Exponent of the class score.", "X", least=0),
    Option("beta", ASSIGNER, "Exponent of the overlap.", "X", least=0),
    Option("overlap", ASSIGNER, "iou, giou, diou or ciou.", "NAME"),
    Option(
        "swap",
        ASSIGNER,
        "Replace a stage by your own function: topk=package.module:my_topk. Repeatable.",
        "STAGE=FUNCTION",
        variable=False,
    ),
    Option("dtype", ASSIGNER, _DTYPE, "NAME", parser=parse_dtype),
    Option("device", ASSIGNER, "Compute on cpu or, where there is one, cuda.", "NAME", parser=parse_device),
    # what the assignment costs
    Option("loss", LOSS, "Also what the assignment costs: the stage loss, as the release trains.", variable=False),
    Option("gains", LOSS, _GAINS, "X,X,X", parser=_gains, variable=False),
    # what else several commands take
    Option("pictures", INPUT, "Where the pictures are that the trace is about.", "FOLDER", variable=False),
    Option("rtol", INPUT, "Relative tolerance of floats.", "X", variable=False, least=0),
    Option("atol", INPUT, "Absolute tolerance of floats.", "X", variable=False, least=0),
    Option("digits", OUTPUT, "Significant digits in the log.", "N", least=1, most=17),
    Option("json", OUTPUT, "Print as JSON.", variable=False),
)
OPTIONS: Mapping[str, Option] = {shared.name: shared for shared in _SHARED}

"""What to trace and with which assigner: options shared by the commands that trace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ..assignment.generations import find_for
from .devices import check_device
from .options import ASSIGNER, INPUT, option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..assignment.assigner import Assigner
    from ..inputs.request import Request


@dataclass(frozen=True)
class InputOptions:
    """What to trace."""

    labels: Annotated[
        Path | None,
        option(
            panel=INPUT,
            env="LABELS",
            metavar="PATH",
            help="A label file (rows of class cx cy w h; image class cx cy w h for a batch; or polygons), a folder, "
            "a list of paths, or COCO annotations. With --data: the folder of the labels.",
        ),
    ] = None
    data: Annotated[
        Path | None, option(panel=INPUT, env="DATA", metavar="FILE", help="A data.yaml; see --split and --images.")
    ] = None
    split: Annotated[
        str | None, option(panel=INPUT, env="SPLIT", metavar="NAME", help="train (the default), val or test.")
    ] = None
    images: Annotated[
        str | None,
        option(panel=INPUT, env="IMAGES", metavar="A:B", help="Images of a dataset, from A up to but without B: 0:8."),
    ] = None
    batch: Annotated[
        int, option(panel=INPUT, env="BATCH", metavar="N", min=1, help="Images of a dataset traced at a time.")
    ] = 8
    image_size: Annotated[
        str | None,
        option(panel=INPUT, env="IMAGE_SIZE", metavar="WxH", help="Size of the images; default: from their headers."),
    ] = None
    letterboxed: Annotated[
        bool,
        option(
            "--letterboxed", panel=INPUT, env="LETTERBOXED", help="Labels are fractions of the network input already."
        ),
    ] = False
    rect: Annotated[
        bool,
        option(
            "--rect", panel=INPUT, env="RECT", help="Fit the input to each image in whole strides, not to a square."
        ),
    ] = False
    labels_as: Annotated[
        str | None,
        option(panel=INPUT, env="LABELS_AS", metavar="RELEASE", help="Read labels as this release: 8.3.200."),
    ] = None
    on_bad: Annotated[
        str,
        option(
            panel=INPUT,
            env="ON_BAD",
            metavar="NAME",
            help="Rows that fail: stop; drop-image, as training does; or drop-row.",
        ),
    ] = "stop"
    shapes: Annotated[
        str | None,
        option(
            panel=INPUT,
            env="SHAPES",
            metavar="NAME|FILE",
            help="Feature maps: yolov8, yolov8-p2, yolov8-p6, study, or a YAML file. "
            "Default: what fits --heads; without them study for a label file, yolov8 for a dataset.",
        ),
    ] = None
    imgsz: Annotated[
        str | None,
        option(panel=INPUT, env="IMGSZ", metavar="PX", help="Network input of a named head: 640, or height,width."),
    ] = None
    heads: Annotated[
        Path | None,
        option(
            panel=INPUT,
            env="HEADS",
            metavar="FILE",
            help="Head outputs: .npz, .npy, .safetensors or .pt. Without it they are synthetic.",
        ),
    ] = None
    capture: Annotated[
        Path | None,
        option(
            panel=INPUT,
            env="CAPTURE",
            metavar="FILE",
            help="The six inputs of an assigner call, saved from a training step; instead of labels and heads.",
        ),
    ] = None
    nc: Annotated[
        int | None,
        option(panel=INPUT, env="NC", metavar="N", min=1, help="Number of classes; default: largest class + 1."),
    ] = None
    reg_max: Annotated[
        int | None, option(panel=INPUT, env="REG_MAX", metavar="N", min=1, help="Bins per side, R; default: 16.")
    ] = None
    seed: Annotated[
        int, option(panel=INPUT, env="SEED", metavar="N", min=0, max=2**32 - 1, help="Seed of synthetic heads.")
    ] = 0

    def request(self) -> Request:
        """The options, parsed.

        Raises:
            InputError: an option that cannot be read, or options that exclude each other.
        """
        from ..basics.errors import InputError, did_you_mean
        from ..inputs.datasets.image_files import parse_image_size
        from ..inputs.heads.shapes import parse_imgsz
        from ..inputs.labels.policy import ON_BAD
        from ..inputs.labels.rules import TODAY, rules_as
        from ..inputs.request import Request

        if self.on_bad not in ON_BAD:
            hint = did_you_mean(self.on_bad, ON_BAD)
            raise InputError("unknown-policy", f"{self.on_bad!r} is no way to go on", where="--on-bad", hint=hint)
        request = Request(
            labels=self.labels,
            data=self.data,
            split=self.split,
            images=self.images,
            at_once=self.batch,
            image_size=parse_image_size(self.image_size) if self.image_size else None,
            letterboxed=self.letterboxed,
            rect=self.rect,
            rules=rules_as(self.labels_as) if self.labels_as else TODAY,
            on_bad=self.on_bad,
            shapes=self.shapes,
            imgsz=parse_imgsz(self.imgsz) if self.imgsz else None,
            heads=self.heads,
            capture=self.capture,
            nc=self.nc,
            reg_max=self.reg_max,
            seed=self.seed,
        )
        request.check()  # before anything is read
        return request

    @property
    def files(self) -> list[Path]:
        """What is read, and so must not be written."""
        shapes = Path(self.shapes) if self.shapes and self.shapes.endswith((".yaml", ".yml")) else None
        return [path for path in (self.labels, self.data, self.heads, self.capture, shapes) if path is not None]


@dataclass(frozen=True)
class AssignerOptions:
    """With which assigner, and where to compute."""

    assigner: Annotated[
        str,
        option(
            panel=ASSIGNER,
            env="ASSIGNER",
            metavar="NAME",
            help="A name of yolo-assign assigners, or a release: ultralytics==8.4.190.",
        ),
    ] = "yolov8"
    topk: Annotated[
        int | None, option(panel=ASSIGNER, env="TOPK", metavar="N", min=1, help="Candidates that a box selects.")
    ] = None
    topk2: Annotated[
        int | None,
        option(panel=ASSIGNER, env="TOPK2", metavar="N", min=1, help="Positives that a box keeps, from 8.4.0 on."),
    ] = None
    alpha: Annotated[
        float | None, option(panel=ASSIGNER, env="ALPHA", metavar="X", min=0, help="Exponent of the class score.")
    ] = None
    beta: Annotated[
        float | None, option(panel=ASSIGNER, env="BETA", metavar="X", min=0, help="Exponent of the overlap.")
    ] = None
    overlap: Annotated[
        str | None, option(panel=ASSIGNER, env="OVERLAP", metavar="NAME", help="iou, giou, diou or ciou.")
    ] = None
    swap: Annotated[
        list[str] | None,
        option(
            panel=ASSIGNER,
            metavar="STAGE=FUNCTION",
            help="Replace a stage by your own function: topk=package.module:my_topk. Repeatable.",
        ),
    ] = None
    dtype: Annotated[
        str | None,
        option(
            panel=ASSIGNER,
            env="DTYPE",
            metavar="NAME",
            help="Compute in float32 or float64. Default: float32; a capture keeps its own.",
        ),
    ] = None
    device: Annotated[
        str, option(panel=ASSIGNER, env="DEVICE", metavar="NAME", help="Compute on cpu or, where there is one, cuda.")
    ] = "cpu"

    def chosen(self, recorded: Mapping[str, float] | None = None) -> Assigner:
        """The assigner, without swapped stages, which need torch.

        Args:
            recorded: parameters that come with the inputs; options win over them.

        Raises:
            InputError: an unknown name or a parameter that cannot be.
        """
        check_device(self.dtype or "float32", self.device)
        return find_for(self.assigner, recorded or {}).with_parameters(
            topk=self.topk, topk2=self.topk2, alpha=self.alpha, beta=self.beta, overlap=self.overlap
        )

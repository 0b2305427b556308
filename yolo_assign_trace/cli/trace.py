"""``yolo-assign trace``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ..generations import find_assigner
from .devices import check_device, require_device
from .options import ASSIGNER, INPUT, OUTPUT, option
from .outputs import Outputs
from .terminal import print_json, say


def trace(
    labels: Annotated[
        Path,
        option(
            panel=INPUT,
            env="LABELS",
            metavar="FILE",
            help="Label file: rows of class cx cy w h (one image), or image class cx cy w h (a batch).",
        ),
    ],
    shapes: Annotated[
        str | None,
        option(
            panel=INPUT,
            env="SHAPES",
            metavar="NAME|FILE",
            help="Feature maps: study (the default), yolov8, yolov8-p2, yolov8-p6, or a YAML file.",
        ),
    ] = None,
    imgsz: Annotated[
        str | None,
        option(panel=INPUT, env="IMGSZ", metavar="PX", help="Network input of a named head: 640, or height,width."),
    ] = None,
    heads: Annotated[
        Path | None,
        option(
            panel=INPUT,
            env="HEADS",
            metavar="FILE",
            help="Head outputs: .npz with one array (b, 4R+c, h, w) per level. Without it they are synthetic.",
        ),
    ] = None,
    nc: Annotated[
        int | None,
        option(panel=INPUT, env="NC", metavar="N", min=1, help="Number of classes; default: largest class + 1."),
    ] = None,
    reg_max: Annotated[
        int | None, option(panel=INPUT, env="REG_MAX", metavar="N", min=1, help="Bins per side, R; default: 16.")
    ] = None,
    seed: Annotated[
        int, option(panel=INPUT, env="SEED", metavar="N", min=0, max=2**32 - 1, help="Seed of synthetic heads.")
    ] = 0,
    assigner: Annotated[
        str,
        option(
            panel=ASSIGNER,
            env="ASSIGNER",
            metavar="NAME",
            help="A name of yolo-assign assigners, or a release: ultralytics==8.4.190.",
        ),
    ] = "yolov8",
    topk: Annotated[
        int | None, option(panel=ASSIGNER, env="TOPK", metavar="N", min=1, help="Candidates that a box selects.")
    ] = None,
    topk2: Annotated[
        int | None,
        option(panel=ASSIGNER, env="TOPK2", metavar="N", min=1, help="Positives that a box keeps, from 8.4.0 on."),
    ] = None,
    alpha: Annotated[
        float | None, option(panel=ASSIGNER, env="ALPHA", metavar="X", min=0, help="Exponent of the class score.")
    ] = None,
    beta: Annotated[
        float | None, option(panel=ASSIGNER, env="BETA", metavar="X", min=0, help="Exponent of the overlap.")
    ] = None,
    overlap: Annotated[
        str | None, option(panel=ASSIGNER, env="OVERLAP", metavar="NAME", help="iou, giou, diou or ciou.")
    ] = None,
    swap: Annotated[
        list[str] | None,
        option(
            panel=ASSIGNER,
            metavar="STAGE=FUNCTION",
            help="Replace a stage by your own function: topk=package.module:my_topk. Repeatable.",
        ),
    ] = None,
    dtype: Annotated[
        str, option(panel=ASSIGNER, env="DTYPE", metavar="NAME", help="Compute in float32 or float64.")
    ] = "float32",
    device: Annotated[
        str, option(panel=ASSIGNER, env="DEVICE", metavar="NAME", help="Compute on cpu or, where there is one, cuda.")
    ] = "cpu",
    log: Annotated[Path, option(panel=OUTPUT, env="LOG", metavar="FILE", help="Where the log goes.")] = Path("run.log"),
    no_log: Annotated[bool, option("--no-log", panel=OUTPUT, env="NO_LOG", help="Write no log.")] = False,
    digits: Annotated[
        int,
        option(
            panel=OUTPUT,
            env="DIGITS",
            metavar="N",
            min=1,
            max=17,
            help="Significant digits in the log; 9 is lossless for float32.",
        ),
    ] = 5,
    max_log: Annotated[
        float,
        option(
            panel=OUTPUT,
            env="MAX_LOG",
            metavar="GIB",
            min=0,
            help="Stop before writing a log larger than this; 0: no limit.",
        ),
    ] = 1.0,
    save: Annotated[
        Path | None, option(panel=OUTPUT, env="SAVE", metavar="FILE", help="Save all tensors, exact, as .safetensors.")
    ] = None,
    stage: Annotated[
        list[str] | None,
        option(
            panel=OUTPUT,
            env="STAGE",
            metavar="NAME",
            help="Print only this stage; repeatable. Log and saved file stay complete.",
        ),
    ] = None,
    tracer: Annotated[
        list[str] | None,
        option(
            panel=OUTPUT,
            env="TRACER",
            metavar="NAME",
            help="Also run this tracer: package.module:Class, or an installed one.",
        ),
    ] = None,
    no_plugins: Annotated[
        bool, option("--no-plugins", panel=OUTPUT, env="NO_PLUGINS", help="Leave out installed tracers.")
    ] = False,
    quiet: Annotated[bool, option("--quiet", "-q", panel=OUTPUT, env="QUIET", help="Print no trace.")] = False,
    json: Annotated[bool, option("--json", panel=OUTPUT, env="JSON", help="Print a summary as JSON instead.")] = False,
) -> None:
    """Run label assignment stage by stage and show every tensor, on the console and in run.log.

    Without --heads the head outputs are synthetic: no trained model is involved, and every output says so.
    """
    from ..inputs.load import Request, load_inputs
    from ..inputs.shapes import LAYOUTS, STUDY, parse_imgsz

    chosen = find_assigner(assigner).with_parameters(topk=topk, topk2=topk2, alpha=alpha, beta=beta, overlap=overlap)
    check_device(dtype, device)
    outputs = Outputs(
        log=None if no_log else log,
        save=save,
        stages=tuple(chosen.stage(name, "--stage").name for name in stage or ()),
        digits=digits,
        max_log=max_log,
        tracers=tuple(tracer or ()),
        plugins=not no_plugins,
        quiet=quiet,
    )
    given, shapes = shapes, shapes or STUDY
    outputs.check([labels, *([heads] if heads else []), *([] if shapes in (STUDY, *LAYOUTS) else [Path(shapes)])])
    size = parse_imgsz(imgsz) if imgsz else None
    inputs, remarks = load_inputs(Request(labels, given, size, heads, nc, reg_max, seed))
    inputs.grid.require_anchors(
        chosen.parameters.topk, shapes if shapes not in (STUDY, *LAYOUTS) else f"--shapes {shapes}"
    )
    for remark in remarks:
        say(f"note: {remark}", "yellow")

    from ..tracers.json_summary import JsonSummary

    summary = JsonSummary(outputs.stages) if json else None
    watchers = outputs.watchers(summary)

    import torch

    from ..runner import RESULTS
    from ..runner import trace as run_trace
    from ..swap import swap_named

    require_device(device)
    for text in swap or ():
        chosen = swap_named(chosen, text, RESULTS)
    run_trace(inputs, chosen, watchers, dtype=getattr(torch, dtype), device=device, use_up=True)
    if summary is not None:
        print_json(summary.document | {"log": str(outputs.log) if outputs.log else None, "remarks": remarks})
    if outputs.files and not quiet:
        from rich.filesize import decimal

        sizes = [f"{path} ({decimal(path.stat().st_size)})" for path in outputs.files]
        say(f"wrote {', '.join(sizes)}")

"""``yolo-assign trace``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ..assignment.loss.choice import NAME as LOSS
from ..basics.plural import count
from ..inputs.request import Request
from .options.assigner import AssignerOptions
from .options.declared import OUTPUT, option
from .options.expand import expanded
from .options.loss import LossOptions
from .options.outputs import Outputs
from .options.source import source_argument, with_source
from .screens.terminal import in_flags, print_json, say
from .trace_source import opened_with

if TYPE_CHECKING:
    from ..assignment.assigner import Assigner
    from ..inputs.batch import CallPart, Part
    from ..inputs.load import Opened


@expanded
def trace(
    request: Request,
    chosen: AssignerOptions,
    loss: LossOptions,
    source: Annotated[Path | None, source_argument()] = None,
    log: Annotated[Path, option("log", panel=OUTPUT, variable=True, metavar="FILE", help="Where the log goes.")] = Path(
        "run.log"
    ),
    no_log: Annotated[bool, option("no_log", panel=OUTPUT, variable=True, help="Write no log.")] = False,
    digits: Annotated[int, option("digits", help="Significant digits in the log; 9 is lossless for float32.")] = 5,
    max_log: Annotated[
        float,
        option(
            "max_log",
            panel=OUTPUT,
            variable=True,
            metavar="GIB",
            least=0,
            help="Stop before writing a log larger than this; 0: no limit.",
        ),
    ] = 1.0,
    save: Annotated[
        Path | None,
        option("save", panel=OUTPUT, variable=True, metavar="FILE", help="Save all tensors, exact, as .safetensors."),
    ] = None,
    stage: Annotated[
        list[str] | None,
        option(
            "stage",
            panel=OUTPUT,
            variable=True,
            metavar="NAME",
            help="Print only this stage; repeatable. Log and saved file stay complete, with loss if it is named.",
        ),
    ] = None,
    tracer: Annotated[
        list[str] | None,
        option(
            "tracer",
            panel=OUTPUT,
            variable=True,
            metavar="NAME",
            help="Also run this tracer: package.module:Class, or an installed one.",
        ),
    ] = None,
    no_plugins: Annotated[
        bool, option("no_plugins", panel=OUTPUT, variable=True, help="Leave out installed tracers.")
    ] = False,
    quiet: Annotated[
        bool, option("quiet", flags=("--quiet", "-q"), panel=OUTPUT, variable=True, help="Print no trace.")
    ] = False,
    json: Annotated[bool, option("json", variable=True, help="Print a summary as JSON instead.")] = False,
) -> None:
    """Run label assignment stage by stage and show every tensor, on the console and in run.log.

    Without --heads the head outputs are synthetic: no trained model is involved, and every output says so.

    A dataset is traced in batches of --batch images. Several batches write
    a log (and a saved file) each, into a folder called like the log without
    its ending, and the console shows a line per image.
    """
    request = with_source(request, source)
    if LOSS in (stage or ()):
        loss = replace(loss, loss=True)
    opened, assigner = opened_with(request, chosen, loss)
    outputs = Outputs(
        log=None if no_log else log,
        save=save,
        stages=tuple(assigner.stage(name, "--stage").name for name in stage or ()),
        digits=digits,
        max_log=max_log,
        tracers=tuple(tracer or ()),
        plugins=not no_plugins,
        quiet=quiet,
    )
    outputs.check(request.files)
    if outputs.log and len(opened.parts) > 1:
        outputs.check_total(_log_bytes(opened, assigner, digits))
    runner = _Runner(assigner, chosen, outputs, several=len(opened.parts) > 1, summarised=json)
    for number, part in enumerate(opened.parts):
        runner.run(part, first=number == 0)
    if json:
        print_json(runner.document() | {"remarks": list(map(in_flags, opened.remarks))})
    for folder in runner.folders:
        old = outputs.older_files(folder, runner.written)
        if old:
            say(
                f"warning: {folder}/ also holds {count(len(old), 'file')} of earlier runs, such as {old[0].name}",
                "yellow",
            )
    if runner.written and not quiet:
        say(f"wrote {runner.written_text()}")


def _log_bytes(opened: Opened, assigner: Assigner, digits: int) -> int:
    """Estimated bytes of the logs of all batches, without their pairs, which are few."""
    from ..run.costs import estimate_log_bytes

    stages = [stage.result for stage in assigner.stages]
    return sum(estimate_log_bytes(part.inputs(maps=False).sizes, digits, stages) for part in opened.parts)


class _Runner:
    """Traces batches one after the other, so that only one is in memory."""

    def __init__(
        self, assigner: Assigner, chosen: AssignerOptions, outputs: Outputs, *, several: bool, summarised: bool
    ) -> None:
        self.chosen = chosen
        self.assigner = assigner
        self.outputs = outputs
        self.several = several
        self.summarised = summarised
        self.documents: list[dict[str, Any]] = []
        self.written: list[Path] = []

    def run(self, part: Part | CallPart, *, first: bool) -> None:
        """Trace one batch."""
        from ..tracers.json_summary import JsonSummary

        outputs = self.outputs.of_batch(part.stem) if self.several else self.outputs
        summary = JsonSummary(outputs.stages) if self.summarised else None
        positions = part.positions if self.several else None
        watchers = outputs.watchers(summary, positions, first=first)
        self.chosen.run(part, self.assigner, watchers)
        self.written += outputs.files
        if summary is not None:
            self.documents.append(summary.document | {"log": str(outputs.log) if outputs.log else None})

    def document(self) -> dict[str, Any]:
        """The JSON of the only batch, or of all."""
        return {"format": 1, "traces": self.documents} if self.several else self.documents[0]

    @property
    def folders(self) -> list[Path]:
        """Where the files of several batches went."""
        return list(dict.fromkeys(path.parent for path in self.written)) if self.several else []

    def written_text(self) -> str:
        """``run.log (370.3 kB)``, or ``313 files to run/ (4.2 GB)``."""
        from rich.filesize import decimal

        if not self.several:
            return ", ".join(f"{path} ({decimal(path.stat().st_size)})" for path in self.written)
        size = decimal(sum(path.stat().st_size for path in self.written))
        return f"{len(self.written)} files to {' and '.join(f'{folder}/' for folder in self.folders)} ({size})"

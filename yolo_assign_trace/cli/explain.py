"""``yolo-assign explain``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..basics.errors import InputError
from ..inputs.request import Request
from .options.assigner import AssignerOptions
from .options.declared import OUTPUT, option
from .options.expand import expanded
from .options.loss import LossOptions
from .screens.terminal import print_json, result_console
from .trace_source import batch_from, traces_from

if TYPE_CHECKING:
    from ..explain.answer import Answer
    from ..inputs.labels.places import Places
    from ..run.record import BoxLine

QUESTION = "Question"


@expanded
def explain(
    request: Request,
    chosen: AssignerOptions,
    loss: LossOptions,
    trace: Annotated[
        Path | None,
        typer.Argument(
            metavar="TRACE",
            help="A finished trace: run.log, or a .safetensors file of trace --save. Without it: the options of trace.",
        ),
    ] = None,
    image: Annotated[
        int | None,
        option(
            "image",
            panel=QUESTION,
            metavar="N",
            help="Image; may be left out if the trace has one. Alone: its summary.",
        ),
    ] = None,
    gt: Annotated[
        int | None,
        option("gt", panel=QUESTION, metavar="N", help="A box: its funnel, candidates, cut-off, losses and share."),
    ] = None,
    anchor: Annotated[
        int | None,
        option("anchor", panel=QUESTION, metavar="N", help="An anchor; with --gt: what each stage did with the two."),
    ] = None,
    at: Annotated[
        str,
        option(
            "at",
            panel=QUESTION,
            metavar="X,Y|P3:Y:X",
            help="An anchor by its place: px of the input, or level:row:column.",
        ),
    ] = "",
    fail_on: Annotated[
        str,
        option(
            "fail_on",
            panel=OUTPUT,
            variable=True,
            metavar="CAUSES",
            help="Exit with 1 if a box that was asked about has one of these causes (comma list), or any.",
        ),
    ] = "",
    html: Annotated[
        Path | None,
        option("html", panel=OUTPUT, metavar="FOLDER", help="Write pages of the images that lost most, and an index."),
    ] = None,
    all_rows: Annotated[bool, option("all_rows", flags=("--all",), panel=OUTPUT, help="Cut no table.")] = False,
    json: Annotated[bool, option("json", help="Print the answer as JSON.")] = False,
) -> int:
    """Why did this box get nothing, or this anchor become positive? Answers from the numbers of a finished trace.

    Without a question: every box with a problem, and a summary. With
    --loss: every box by what it costs, and why. Exit code 1 only with --fail-on.
    """
    failing = _causes(fail_on)  # a wrong name is told before anything is read
    if html is not None and (trace is not None or image is not None or gt is not None or anchor is not None or at):
        message = "an index is of all images of inputs that are traced here"
        raise InputError("options-exclude", message, where="--html", hint="yolo-assign page writes a page of a trace")
    from ..explain.question import Question

    question, one_image = Question(image, gt, anchor, at), "--image"
    if question.about_everything and image is None:
        answer, batches = _about_all(trace, request, chosen, loss)
        one_image = "--images" if batches > 1 else "--image"
    else:
        from ..explain.answer import explain_trace

        batch = batch_from(trace, request, chosen, loss)
        batches = 1
        answer = replace(explain_trace(batch.trace, question, loss=loss.wanted), places=dict(enumerate(batch.places)))
    if json:
        from ..explain.as_json import as_json

        print_json(as_json(answer))
    else:
        from .screens.explain_text import print_answer

        print_answer(
            answer,
            result_console(),
            command=f"yolo-assign explain {trace}" if trace else "the same command with",
            one_image=one_image,
            all_rows=all_rows,
        )
    if html is not None:
        from .datasets.worst_pages import write_pages

        write_pages(html, answer, request, chosen, loss, several=batches > 1)
    return 1 if any(line.cause in failing for line in answer.asked) else 0


def _about_all(trace: Path | None, request: Request, chosen: AssignerOptions, loss: LossOptions) -> tuple[Answer, int]:
    """Every box with a problem, batch by batch, and how many; images of several have their numbers in the dataset."""
    answers, summaries, losses = [], [], []
    asked: list[BoxLine] = []
    places: dict[int, Places] = {}
    for batch in traces_from(trace, request, chosen, loss):
        from ..explain.answer import explain_trace  # here: bad usage is told by the line above, without numpy
        from ..explain.loss.found import join_losses, numbered_loss
        from ..explain.summary import join_summaries, numbered

        answers.append(explain_trace(batch.trace, loss=loss.wanted))
        if summary := answers[-1].summary:
            summaries.append(numbered(summary, batch.images))
        if found := answers[-1].loss:
            losses.append(numbered_loss(found, batch.images))
        asked += [replace(box, image=batch.images[box.image]) for box in answers[-1].asked]
        places |= zip(batch.images, batch.places, strict=False)  # nothing is known of the boxes of a finished trace
    header = dict(answers[0].header)
    if len(answers) > 1:
        header["labels"] = f"{request.source}, {len(answers)} batches"
    joined: dict[str, Any] = {"asked": tuple(asked), "places": places}
    if loss.wanted:
        joined["loss"] = join_losses(losses)
    else:
        joined["summary"] = join_summaries(summaries)
    return replace(answers[0], header=header, **joined), len(answers)


def _causes(text: str) -> frozenset[str]:
    if not text:
        return frozenset()
    from ..explain.causes import parse_causes

    return parse_causes(text)

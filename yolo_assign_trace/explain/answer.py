"""The way in: a stored trace and a question make an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from ..inputs.labels.findings import Finding
from ..inputs.labels.places import Places
from ..run.record import BoxLine
from ..traces.stored import StoredTrace
from ..traces.view import TraceView
from .anchor import AnchorStory, anchor_story
from .box import BoxStory, box_story
from .loss.costs import box_loss, loss_summary
from .loss.found import BoxLoss, LossSummary
from .loss.paid import require_loss
from .pair import PairStory, pair_story
from .question import Question
from .summary import Summary, summary_of


@dataclass(frozen=True)
class Answer:
    """What was found; of ``box``, ``anchors``, ``pairs`` and ``summary`` the one that was asked for.

    Attributes:
        header: what the trace was made from and with.
        levels: names of the levels, fine first.
        digits: significant digits of the trace's floats where they are rounded, None if they are exact.
        asked: the closing lines of the boxes that the question was about.
        loss: what all boxes cost, if that was asked for; it takes the place of the summary.
        box_loss: what the box costs, likewise beside its story.
        synthetic: are the heads no model's?
        places: by image, where its boxes stand in its label file, as far as that is known.
    """

    header: Mapping[str, str]
    levels: tuple[str, ...]
    digits: int | None
    asked: tuple[BoxLine, ...]
    box: BoxStory | None = None
    anchors: tuple[AnchorStory, ...] = ()
    pairs: tuple[PairStory, ...] = ()
    summary: Summary | None = None
    loss: LossSummary | None = None
    box_loss: BoxLoss | None = None
    synthetic: bool = False
    places: Mapping[int, Places] = field(default_factory=dict)

    def place(self, box: BoxLine) -> Finding | None:
        """Where a box stands in its label file, if that is known; the place is that of a finding about it."""
        known = self.places.get(box.image)
        return known.of(box.gt) if known else None


def explain_trace(trace: StoredTrace, question: Question | None = None, *, loss: bool = False) -> Answer:
    """Why a box, an anchor or a pair of a finished trace ended as it did; without a question, all that went wrong.

    Args:
        trace: read from a file, or made in memory by :func:`yolo_assign_trace.traces.in_memory.stored_trace`.
        question: what to explain.
        loss: ask what it costs.

    Raises:
        InputError: no such image, box or anchor, or a trace that lacks what explaining needs, such as the loss.
    """
    question = question or Question()
    view = TraceView(trace)
    levels = tuple(level.name for level in trace.grid.levels)
    answer = partial(Answer, trace.header, levels, trace.rounded_to, synthetic=trace.settings.synthetic)
    if question.about_everything:
        found = loss_summary(view, question.image) if loss else None
        summary = None if loss else summary_of(view, question.image)
        asked = view.lines if question.image is None else view.lines_of(question.image)
        return answer(asked, summary=summary, loss=found)
    if loss:
        require_loss(view)
    image = question.the_image(view.b)
    view.require_image(image)
    anchors = question.anchors(trace.grid)
    if question.gt is None:
        stories = tuple(anchor_story(view, image, anchor) for anchor in anchors)
        return answer(view.lines_of(image), anchors=stories)
    asked = (view.require_box(image, question.gt),)
    if not anchors:
        cost = box_loss(view, image, question.gt) if loss else None
        return answer(asked, box=box_story(view, image, question.gt), box_loss=cost)
    return answer(asked, pairs=tuple(pair_story(view, image, question.gt, anchor) for anchor in anchors))

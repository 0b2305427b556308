"""The English text of every sentence that explaining can say, by id. A translation is another table of these ids.

Names in braces are the numbers of the sentence; their meaning is that of the functions in :mod:`.sentences`. Those in
:data:`NOUNS` are shown with their noun: ``1 candidate``, ``3 candidates``.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..run.boxes_summary import CAUSES

_SUM = "x1 + y1 + x2 + y2 = {x1} + {y1} + {x2} + {y2} = {sum}"
_MASKED = f"{_SUM} is above 0: the training step masked the box out before it called the assigner"
_SIDES = ("left", "top", "right", "bottom")
_TOO_SMALL = "but the metric is too small for the number type and becomes 0"

ENGLISH: Mapping[str, str] = {
    # --- the life of a pair, stage by stage
    "ground_truth.padding": f"{CAUSES['ignored-as-padding']}: {_SUM}",
    "ground_truth.masked": f"{CAUSES['masked-out']}: {_MASKED}",
    "screen.enlarged": "screening sees the box as {width} x {height} px instead of {own_width} x {own_height} px",
    "screen.inside": "the centre ({x}, {y}) px lies inside: {left} px from the left side, {top} from the top, "
    "{right} from the right, {bottom} from the bottom",
    "screen.left": "the centre ({x}, {y}) px is no candidate: it must lie right of the left side at {edge} px, but "
    "is {distance} px short of it",
    "screen.top": "the centre ({x}, {y}) px is no candidate: it must lie below the top at {edge} px, but is "
    "{distance} px short of it",
    "screen.right": "the centre ({x}, {y}) px is no candidate: it must lie left of the right side at {edge} px, but "
    "is {distance} px beyond it",
    "screen.bottom": "the centre ({x}, {y}) px is no candidate: it must lie above the bottom at {edge} px, but is "
    "{distance} px beyond it",
    "screen.on-left": "the centre ({x}, {y}) px is no candidate: it lies on the left side at {edge} px, not inside it",
    "screen.on-top": "the centre ({x}, {y}) px is no candidate: it lies on the top at {edge} px, not inside it",
    "screen.on-right": "the centre ({x}, {y}) px is no candidate: it lies on the right side at {edge} px, not inside "
    "it",
    "screen.on-bottom": "the centre ({x}, {y}) px is no candidate: it lies on the bottom at {edge} px, not inside it",
    "screen.not-a-pair": "the centre ({x}, {y}) px is no candidate; the numbers at hand do not show why",
    "align.metric": "{score}^{alpha} · {overlap}^{beta} = {metric}   (score^alpha · overlap^beta = metric)",
    "align.metric-only": "score {score} and overlap {overlap} give metric {metric}",
    "align.zero-score": "the metric is 0 because the score is 0; the overlap is {overlap}",
    "align.zero-overlap": "the metric is 0 because the overlap is 0; the score is {score}",
    "align.zero-both": "the metric is 0 because score and overlap are 0",
    "align.zero-product": f"score {{score}} and overlap {{overlap}} are above 0, {_TOO_SMALL}",
    "align.non-finite": "score {score}, overlap {overlap}: the metric is {metric}, which counts as largest in every "
    "comparison if it is nan",
    "topk.selected": "rank {rank} of {candidates}, and the box takes {topk}: selected",
    "topk.selected-by-tie": "metric {metric} has rank {rank} of {candidates} with others equal to it, and the box "
    "takes {topk}: selected by the order of equal metrics",
    "topk.selected-zero": "fewer than {topk} of {candidates} have a metric above 0, so the places left go to anchors "
    "of metric 0 anywhere on the grid, in the order of torch.topk: it is one of them, selected",
    "topk.not-selected": "rank {rank} of {candidates}, and the box takes {topk}: not selected, {metric} is {short} "
    "below the cut-off {cutoff}",
    "topk.not-selected-by-tie": "metric {metric} equals the cut-off at rank {rank} of {candidates}: not selected by "
    "the order of equal metrics",
    "topk.not-selected-zero": "fewer than {topk} of {candidates} have a metric above 0, and the places left went to "
    "other anchors of metric 0 anywhere on the grid, in the order of torch.topk: not selected",
    "topk.picked": "selected",
    "topk.left": "not selected",
    "resolve.unclaimed": "no box selected the anchor: it stays background",
    "resolve.alone": "only gt {owner} selected the anchor: it goes there",
    "resolve.won": "selected by {claims}; gt {owner} overlaps most, {overlap}, before gt {other} with "
    "{other_overlap}: it wins",
    "resolve.won-first": "selected by {claims}; gt {owner} and gt {other} overlap equally, {overlap}, and the first "
    "of equals wins: gt {owner}",
    "resolve.won-as-printed": "selected by {claims}; gt {owner} wins with an overlap of {overlap}, as printed equal "
    "to that of gt {other}",
    "resolve.won-unselected": "selected by {claims}, not by gt {owner}; but it overlaps most, {overlap}, before gt "
    "{other} with {other_overlap}: it wins",
    "resolve.won-unselected-first": "selected by {claims}, not by gt {owner}; but it overlaps as much as gt {other}, "
    "{overlap}, and the first of equals wins: gt {owner}",
    "resolve.won-outside": "selected by {claims}, not by gt {owner}, which does not even contain it; but it overlaps "
    "most, {overlap}: it wins",
    "resolve.lost": "selected by {claims}; gt {owner} overlaps most, {owner_overlap} against {overlap} of gt {gt}: "
    "it goes there",
    "resolve.lost-first": "selected by {claims}; gt {owner} and gt {gt} overlap equally, {owner_overlap}, and the "
    "first of equals wins: gt {owner}",
    "resolve.lost-as-printed": "selected by {claims}; gt {owner} wins with an overlap of {owner_overlap}, as printed "
    "equal to that of gt {gt}",
    "resolve.lost-outside": "selected by {claims}; gt {owner} does not contain the anchor but overlaps most, "
    "{owner_overlap} against {overlap} of gt {gt}: it goes there",
    "resolve.zero": "selected by {claims}, and every overlap that counts is 0: such anchors go to gt 0",
    "resolve.nan": "selected by {claims}; the overlap of gt {owner} is nan, which counts as largest: it goes there",
    "resolve.given": "selected by {claims}; it goes to gt {owner}",
    "resolve.given-nobody": "selected by {claims}; it goes to none of them",
    "keep.kept": "after conflicts gt {owner} keeps its {topk2} best positives: this anchor, with metric {metric}, "
    "stays",
    "keep.dropped": "after conflicts gt {owner} keeps its {topk2} best positives, and this anchor, with metric "
    "{metric}, is not among them: background",
    "keep.dropped-by-tie": "after conflicts gt {owner} keeps its {topk2} best positives, and the order of equal "
    "metrics left out this anchor, with metric {metric}: background",
    "targets.positive": "the anchor learns class {label} and box ({x1}, {y1}, {x2}, {y2}) px of gt {owner}",
    "targets.background": "background: the label and box that stand there do not count",
    "normalize.score": "{metric} · {best_overlap} / ({best_metric} + 1e-9) = {target}   (metric · best overlap / "
    "best metric of gt {owner} = target score)",
    "normalize.score-only": "target score {target}",
    "normalize.background": "target score 0 for every class",
    "loss.box": "1 - CIoU {ciou} = {loss};  {gain} · {loss} · target score {weight} / {divisor} = {cost} of box",
    "loss.class": "cross-entropy {class_loss} over {classes}, {own} of it for class {label};  "
    "{gain} · {class_loss} / {divisor} = {cost} of cls",
    "loss.distance": "{loss} for the distances to the sides;  {gain} · {loss} · target score {weight} / {divisor} = "
    "{cost} of dfl",
    "loss.background": "background too has scores that cost: cross-entropy {class_loss} over {classes};  "
    "{gain} · {class_loss} / {divisor} = {cost} of cls",
    **{
        f"loss.beyond-{side}": f"the {side} is {{cells}} cells away, beyond the last bin at {{limit}}: trained as "
        "{reach}, {by} less"
        for side in _SIDES
    },
    **{
        f"loss.below-{side}": f"the centre lies {{by}} cells outside the {side} of the box: trained as 0"
        for side in _SIDES
    },
    # --- what a box costs, and why
    "cost.sum": "box {box} + cls {cls} + dfl {dfl} = {total} of {all} that the batch costs",
    "cost.at": "at {anchor}:",
    "cost.dearest": "the dearest of its positives is {anchor}:",
    "cost.far": "far predictions: CIoU {ciou} on average, weighted with the target scores",
    "cost.unsure": "distributions that lie beside their sides: {loss} on average, weighted with the target scores",
    "cost.beyond": "{sides} beyond the last bin, which no distribution can express",
    "cost.low-scores": "low scores: {score} of class {label} on average where {target} is wanted",
    "cost.high-scores": "scores above their targets: {score} of class {label} on average where {target} is wanted",
    "cost.other-classes": "scores of other classes: most for class {label}, {score} on average where 0 is wanted",
    "cost.no-positives": "no positives at all: it costs nothing, and nothing learns it",
    "cost.non-finite": "nan or infinite",
    # --- causes: why a box has no positives
    "cause.ignored": f"{_SUM} is not above 0, which is how padding is told",
    "cause.masked": f"mask_gt is false although {_MASKED}",
    "cause.ignored-owns": "it still owns {positives}, contested ones: every overlap that counts is 0 there, and such "
    "anchors go to gt 0",
    "cause.ignored-wins": "it still owns {positives}, contested ones: in this generation every box competes, padding "
    "too",
    "cause.between": "{width} x {height} px lies between the centres, which stand {strides} px apart",
    "cause.between-seen": "screened as {width} x {height} px it lies between the centres, which stand {strides} px "
    "apart",
    "cause.off-grid": "({x1}, {y1}, {x2}, {y2}) px lies outside the input of {input_width} x {input_height} px",
    "cause.empty": "{width} x {height} px has no inside",
    "cause.larger-input": "the first larger input at which a centre lies inside is {height} x {width} px (height x "
    "width, in steps of {step} px on the longer side)",
    "cause.always": "from {height} x {width} px on one always does: each side is then longer than the finest stride",
    "cause.no-larger-input": "no input up to {height} x {width} px (height x width) puts a centre inside",
    "cause.finer-level": "at {input_height} x {input_width} px an extra level of stride {stride} would put a centre "
    "inside",
    "cause.no-finer-level": "no finer level, down to stride {stride}, would put a centre inside",
    "cause.zero": "{candidates}, none with a metric above 0",
    "cause.zero-score": "the score is 0 in {number} of them",
    "cause.zero-overlap": "the overlap is 0 in {number} of them",
    "cause.zero-both": "score and overlap are 0 in {number} of them",
    "cause.zero-product": f"score and overlap are above 0 in {{number}} of them, {_TOO_SMALL}",
    "cause.zero-ties": "without a metric above 0 a box takes anchors of metric 0 from anywhere on the grid, in the "
    "order of torch.topk; here they all lie outside it and are dropped again",
    "cause.zero-no-ties": "none of them was selected",
    "cause.zero-kept": "it had {resolved} after conflicts, and among equal zeros topk2 kept other anchors",
    "cause.lost": "{anchors} of the {selected} that it selected went to gt {owner}; closest at anchor {anchor}: "
    "overlap {owner_overlap} there, {overlap} here",
    "cause.lost-nowhere": "{anchors} of the {selected} that it selected went to no box",
    "cause.not-selected": "{candidates}, {above} with a metric above 0, {selected} selected",
    "cause.not-kept": "{selected} selected, {resolved} left after conflicts with a metric of at most {metric}, and "
    "topk2 kept none of them",
    "cause.non-finite": "nan or infinite: {score} scores, {overlap} overlaps and {metric} metrics of {candidates}; "
    "first at anchor {anchor}",
}
"""Sentences by id, ``stage.what``, ``cost.what`` or ``cause.what``."""

NOUNS: Mapping[str, str] = {
    "candidates": "candidate",
    "claims": "box",
    "positives": "anchor",
    "anchors": "anchor",
    "classes": "class",
    "sides": "side",
}
"""Nouns of the numbers that are counts, in the singular."""

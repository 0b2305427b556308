"""Every text that the page can show, in both languages, by the same ids."""

from __future__ import annotations

from typing import Any

from ..assignment.call import CAPTURE
from ..assignment.generations import GENERATIONS
from ..assignment.loss.outputs import LOSSES
from ..basics.plural import count
from ..explain.funnel import STEPS
from ..explain.texts import ENGLISH, NOUNS
from ..run.boxes_summary import CAUSES
from ..traces.view import OUTCOMES
from . import chinese
from .chinese_sentences import SENTENCES
from .chinese_stages import MEANINGS, STAGES
from .words import WORDS


def texts() -> dict[str, dict[str, Any]]:
    """Texts by language (``en``, ``zh``), kind and id; ``nouns`` are singular and plural."""
    return {"en": _english(), "zh": _chinese()}


def _english() -> dict[str, Any]:
    declared = {stage.result for assigner in GENERATIONS.values() for stage in assigner.stages}
    declared |= {CAPTURE.result, *LOSSES.values()}
    ordered = sorted(declared, key=lambda result: result.__name__)
    return {
        "words": WORDS,
        "sentences": ENGLISH,
        "nouns": {name: [count(number, noun).partition(" ")[2] for number in (1, 2)] for name, noun in NOUNS.items()},
        "stages": {result.__name__: [result.title, result.says] for result in ordered},
        "meanings": {output.name: output.meaning for result in ordered for output in result.outputs()},
        "causes": CAUSES,
        "outcomes": {outcome: outcome for outcome in OUTCOMES},
        "steps": STEPS,
    }


def _chinese() -> dict[str, Any]:
    return {
        "words": chinese.WORDS,
        "sentences": SENTENCES,
        "nouns": {},
        "stages": STAGES,
        "meanings": MEANINGS,
        "causes": chinese.CAUSES,
        "outcomes": chinese.OUTCOMES,
        "steps": chinese.STEPS,
    }

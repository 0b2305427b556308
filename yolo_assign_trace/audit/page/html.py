"""The page of an audit: one HTML file with style, script, words and data inside, which loads nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from ...page.html import json_block, one_scope, policy
from ...page.html import template as template_of_page
from ..document import document
from ..report import Report
from ..verdict import Sentence, verdict
from .chinese import CHINESE, chinese_verdict
from .pictures import Command, worst_pictures
from .words import ENGLISH

SCRIPTS = ("text.js", "charts.js", "tables.js", "pictures.js", "main.js")
"""The parts of the script in the order in which they are joined; they share one scope."""

MOST_PLACES = 500
"""Boxes of a kind that are listed; the tables of boxes have all."""


def audit_html(report: Report, in_flags: Callable[[str], str] = str, command: Command = str) -> bytes:
    """The page as UTF-8.

    Args:
        report: a finished audit.
        in_flags: puts the flags of the command line in place of the parameters that sentences name.
        command: makes a command of the parameters of a page.
    """
    data: dict[str, Any] = {
        "audit": _shortened(document(report)),
        "verdict": {"en": _sentences(verdict(report), in_flags), "zh": _sentences(chinese_verdict(report), in_flags)},
        "pictures": worst_pictures(report, command),
        "strides": list(report.question.combinations[0].grid.strides),
        "words": {
            language: {name: in_flags(text) for name, text in words.items()}
            for language, words in (("en", ENGLISH), ("zh", CHINESE))
        },
    }
    style = template_of_page("style.css") + _template("audit.css")
    script = one_scope(map(_template, SCRIPTS))
    filled = Template(_template("audit.html")).substitute(
        policy=policy(style, script), style=style, script=script, data=json_block(data)
    )
    return filled.encode("utf-8", "backslashreplace")


def _template(name: str) -> str:
    return (files(__package__) / "template" / name).read_text(encoding="utf-8")


def _sentences(sentences: Sequence[Sentence], in_flags: Callable[[str], str]) -> list[dict[str, str]]:
    return [sentence._replace(text=in_flags(sentence.text))._asdict() for sentence in sentences]


def _shortened(data: dict[str, Any]) -> dict[str, Any]:
    for one in data["combinations"]:
        for name in ("never_first", "fewer_than_k_first", "beyond_reg_max_first"):
            one[name] = one[name][:MOST_PLACES]
    return data

"""The page of an audit: one HTML file with style, script, words and data inside, which loads nothing."""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import Any

import orjson

from ...page.html import policy
from ...page.html import template as template_of_page
from ..document import document
from ..report import Report
from ..verdict import verdict
from .chinese import CHINESE, chinese_verdict
from .pictures import worst_pictures
from .words import ENGLISH

SCRIPTS = ("text.js", "charts.js", "tables.js", "pictures.js", "main.js")
"""The parts of the script in the order in which they are joined; they share one scope."""

MOST_PLACES = 500
"""Boxes of a kind that are listed; --parquet has all."""


def audit_html(report: Report) -> bytes:
    """The page as UTF-8."""
    data: dict[str, Any] = {
        "audit": _shortened(document(report)),
        "verdict": {"en": _sentences(verdict(report)), "zh": _sentences(chinese_verdict(report))},
        "pictures": worst_pictures(report),
        "strides": list(report.question.combinations[0].grid.strides),
        "words": {"en": ENGLISH, "zh": CHINESE},
    }
    style = template_of_page("style.css") + _template("audit.css")
    script = '"use strict";\n(() => {\n' + "".join(map(_template, SCRIPTS)) + "})();\n"
    filled = Template(_template("audit.html")).substitute(
        policy=policy(style, script), style=style, script=script, data=_json(data)
    )
    return filled.encode("utf-8", "backslashreplace")


def _template(name: str) -> str:
    return (files(__package__) / "template" / name).read_text(encoding="utf-8")


def _sentences(sentences: list[Any]) -> list[dict[str, str]]:
    return [sentence._asdict() for sentence in sentences]


def _shortened(data: dict[str, Any]) -> dict[str, Any]:
    for one in data["combinations"]:
        for name in ("never_first", "fewer_than_k_first", "beyond_reg_max_first"):
            one[name] = one[name][:MOST_PLACES]
    return data


def _json(data: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in, whatever names and labels hold."""
    return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode().replace("<", "\\u003c")

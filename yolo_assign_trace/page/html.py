"""The page itself: one HTML file with style, script, words and data inside, which loads nothing.

``string.Template`` puts it together: five places to fill need no template engine, and all data goes into one JSON
block that the script shows as text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from importlib.resources import files
from string import Template
from typing import Any

import orjson

from ..draw.photos import Pictures
from ..traces.stored import StoredTrace
from .data import Limits, page_data
from .tables import texts

SCRIPTS = (
    *("data.js", "text.js", "state.js", "marks.js", "picture.js", "anchor.js", "box.js", "stage.js"),
    *("controls.js", "keys.js", "main.js"),
)
"""The parts of the page's script in the order in which they are joined; they share one scope."""


def page_html(
    trace: StoredTrace,
    pictures: Pictures | None = None,
    remark: Callable[[str], None] = lambda text: None,
    limits: Limits | None = None,
) -> bytes:
    """The page about ``trace`` as UTF-8; arguments and errors as in :func:`.data.page_data`."""
    document = page_data(trace, pictures, remark, limits) | {"texts": texts()}
    style = template("style.css")
    script = one_scope(map(template, SCRIPTS))
    filled = Template(template("page.html")).substitute(
        policy=policy(style, script), style=style, script=script, data=json_block(document)
    )
    return filled.encode()


def template(name: str) -> str:
    """A file of the folder ``template``."""
    return (files(__package__) / "template" / name).read_text(encoding="utf-8")


def one_scope(parts: Iterable[str]) -> str:
    """The parts of a script, joined, with names that nobody outside sees."""
    return '"use strict";\n(() => {\n' + "".join(parts) + "})();\n"


def policy(style: str, script: str | None) -> str:
    """Only this style and this script, pictures only from inside the page, and no network at all."""
    scripts = "'none'" if script is None else _source(script)
    return (
        f"default-src 'none'; img-src data:; style-src {_source(style)}; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def json_block(document: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in, whatever names and labels hold."""
    return orjson.dumps(document, option=_OPTIONS).decode().replace("<", "\\u003c")

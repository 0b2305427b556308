"""``yolo-assign history``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...basics.errors import InputError
from ..options.declared import OUTPUT, option
from ..screens.terminal import print_json, say

if TYPE_CHECKING:
    from ...history.against import Against
    from ...history.history import History


def history(
    recording: Annotated[
        Path, typer.Argument(metavar="RECORDING", help="The folder of a yolo-assign watch.", show_default=False)
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="RECORDING2", help="A second one, held against the first.", show_default=False),
    ] = None,
    html: Annotated[
        Path | None,
        option("html", panel=OUTPUT, metavar="FILE", help="Write charts and tables to one HTML file instead."),
    ] = None,
    page: Annotated[
        Path | None,
        option(
            "page",
            panel=OUTPUT,
            metavar="FILE",
            help="With --html: a page of yolo-assign page that starving boxes are linked to, by the names of pictures.",
        ),
    ] = None,
    all_rows: Annotated[
        bool, option("all_rows", flags=("--all",), panel=OUTPUT, help="Print all epochs and boxes.")
    ] = False,
    csv: Annotated[bool, option("csv", panel=OUTPUT, help="Print the epochs as CSV, if not --json.")] = False,
    json: Annotated[bool, option("json")] = False,
) -> None:
    """How did assignment go in a watched training? Tables by epoch, and the boxes that starved in every epoch.

    Two recordings are held against each other: releases, settings, heads.
    """
    if page is not None and html is None:
        raise InputError(
            "options-exclude", "only an HTML file has links to a page", where="--page", hint="add --html FILE"
        )
    from ...history.against import hold_against
    from ...history.history import read_history

    found = [read_history(folder) for folder in (recording, other) if folder is not None]
    against = hold_against(*found) if other is not None else None
    for one in found:
        for note in one.notes if not json else ():
            say(f"note: {one.name}: {note}", "yellow")
    if html is not None:
        _write_html(html, page, found, against)
    if json:
        from ...history.document import against_document, document

        documents = {"recordings": [document(one) for one in found]}
        print_json(documents | ({"against": against_document(against)} if against else {}))
    elif csv:
        from ..screens.history_text import print_csv

        print_csv(found)
    elif html is None:
        from ..screens.history_text import print_against, print_history

        if against:
            print_against(found, against, all_rows)
        else:
            print_history(found[0], all_rows)


def _write_html(html: Path, page: Path | None, found: list[History], against: Against | None) -> None:
    from ...formats.safe_write import write_whole
    from ...history.html import history_html
    from ...history.links import Links

    link = Links(page, html.parent).of if page is not None else lambda box: ""
    content = history_html(found, against, link)
    write_whole(html, "history", content)
    say(f"wrote {html}: {len(content) / 1e6:.2f} MB")

"""What to do with label rows that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...basics.errors import SHOWN_AT_MOST, InputError, Parameter, did_you_mean
from ...basics.plural import and_more, count

if TYPE_CHECKING:
    from .text import LabelTable

STOP, DROP_IMAGE, DROP_ROW = "stop", "drop-image", "drop-row"
ON_BAD = (STOP, DROP_IMAGE, DROP_ROW)
"""End, do as training does, or keep the rest of the file."""


def parse_on_bad(text: str) -> str:
    """One of :data:`ON_BAD`.

    Raises:
        InputError: anything else.
    """
    if text not in ON_BAD:
        hint = did_you_mean(text, ON_BAD)
        raise InputError("unknown-policy", f"{text!r} is no way to go on", where=Parameter("on_bad"), hint=hint)
    return text


def drop_failures(table: LabelTable, on_bad: str) -> tuple[LabelTable, str]:
    """What :data:`DROP_IMAGE` or :data:`DROP_ROW` leaves of a label file, and in words what it drops and why.

    Without a row that fails nothing is dropped and the words are empty.
    """
    bad = table.failures
    if not bad:
        return table, ""
    what = f"{count(len(bad), 'row')} of {table.path}, kept {len(table.rows)}"
    if on_bad == DROP_IMAGE:
        what = f"the image of {table.path}"
        table = table.without_rows()
    elif not bad[0].line:  # without a line nothing of the file could be read
        what = f"the whole of {table.path}"
    reasons = [f"{f'line {finding.line}: ' if finding.line else ''}{finding.message} [{finding.id}]" for finding in bad]
    more = and_more(len(bad), SHOWN_AT_MOST)
    return table, f"dropped {what}: {'; '.join(reasons[:SHOWN_AT_MOST])}{more and f';{more}'}"

"""A set of anchors as a short text, so that sets of different epochs can be compared. docs/watch.md."""

from __future__ import annotations

from collections.abc import Iterable

from ..basics.errors import InputError

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUE = {digit: value for value, digit in enumerate(DIGITS)}
_BITS, _MORE = 5, 32


def encode_anchors(anchors: Iterable[int]) -> str:
    """The code of anchor numbers, in any order.

    The numbers are sorted; of each, the distance to the one before it less 1 is written (the first counts from -1),
    five bits a character, low bits first, with 32 added wherever more bits follow.

    >>> encode_anchors([2417, 2418, 2497])
    'xrCAuC'
    >>> encode_anchors([])
    ''
    """
    code, last = [], -1
    for anchor in sorted(set(anchors)):
        gap, last = anchor - last - 1, anchor
        while gap >= _MORE:
            code.append(DIGITS[_MORE + gap % _MORE])
            gap >>= _BITS
        code.append(DIGITS[gap])
    return "".join(code)


def decode_anchors(code: str) -> tuple[int, ...]:
    """The anchor numbers of a code, ascending.

    >>> decode_anchors("xrCAuC")
    (2417, 2418, 2497)

    Raises:
        InputError: it is no code.
    """
    anchors, last, gap, shift = [], -1, 0, 0
    for digit in code:
        if digit not in _VALUE:
            raise InputError("not-an-anchor-code", f"{digit!r} is no digit of a code of anchors: {code!r}")
        gap += _VALUE[digit] % _MORE << shift
        shift += _BITS
        if _VALUE[digit] < _MORE:
            last += gap + 1
            anchors.append(last)
            gap = shift = 0
    if shift:
        raise InputError("not-an-anchor-code", f"the code of anchors is cut off: {code!r}")
    return tuple(anchors)


def churn(before: Iterable[int], after: Iterable[int]) -> float:
    """1 - |P ∩ P'| / |P ∪ P'| of two sets of anchors; 0 if both are empty.

    >>> churn([1, 2, 3], [2, 3, 4])
    0.5
    """
    one, other = set(before), set(after)
    return 1 - len(one & other) / len(one | other) if one | other else 0.0

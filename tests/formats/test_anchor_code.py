"""Sets of anchors as text: short, reversible, comparable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yolo_assign_trace import InputError
from yolo_assign_trace.formats.anchor_code import DIGITS, churn, decode_anchors, encode_anchors

SETS = st.sets(st.integers(0, 1 << 20), max_size=40)


@given(SETS)
def test_there_and_back(anchors):
    assert decode_anchors(encode_anchors(anchors)) == tuple(sorted(anchors))


@given(SETS, SETS)
def test_different_sets_have_different_codes(one, other):
    assert (encode_anchors(one) == encode_anchors(other)) == (one == other)


CODES = [
    # anchors, code: gaps in digits of 5 bits, low first
    ([], ""),
    ([0], "A"),
    ([31], "f"),
    ([32], "gB"),
    ([1023], "_f"),
    ([1024], "ggB"),
    ([0, 1, 2, 3], "AAAA"),
    ([2417, 2418, 2497, 2498], "xrCAuCA"),
]


@pytest.mark.parametrize(("anchors", "code"), CODES)
def test_codes_that_stay_as_they_are(anchors, code):
    assert encode_anchors(anchors) == code
    assert decode_anchors(code) == tuple(anchors)


def test_digits_need_no_quoting():
    assert len(set(DIGITS)) == 64
    assert DIGITS.isascii()
    assert not set(DIGITS) & set('"\\,;& \t/+')


def test_a_box_takes_few_characters():
    """Ten positives of a box of 5 x 2 cells at 640 px."""
    assert len(encode_anchors([2400 + 80 * y + x for y in range(2) for x in range(5)])) == 13


@pytest.mark.parametrize("code", ["A+", "AB g", "g", "AAgg", "ü"])
def test_what_is_no_code(code):
    with pytest.raises(InputError) as caught:
        decode_anchors(code)
    assert caught.value.id == "not-an-anchor-code"


CHURNS = [
    # before, after, churn
    ([1, 2], [1, 2], 0),
    ([1, 2], [3], 1),
    ([], [3], 1),
    ([1, 2, 3], [2, 3, 4], 0.5),
    ([], [], 0),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHURNS)
def test_churn(before, after, expected):
    assert churn(before, after) == expected

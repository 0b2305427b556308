"""Two arrays under a rule: held against loops that compare one element at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yolo_assign_trace.compare import elements
from yolo_assign_trace.compare.elements import InMemory, compare_elements
from yolo_assign_trace.compare.rules import Rule, as_printed
from yolo_assign_trace.formats.number_text import number_text

NAN, INF = math.nan, math.inf
FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1.0000001, -1.0, 1e-45, 3e38, -3e38, NAN, INF, -INF]), st.floats(width=32)
)
LISTS = st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=30)
TOLERANCES = st.sampled_from([0.0, 1e-12, 1e-6, 0.1, 1.0, 10.0])


def same(x: float, y: float, rtol: float, atol: float) -> bool:
    """The rule as docs/diff.md has it, in Python's own floats."""
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    if math.isinf(x) or math.isinf(y):
        return x == y
    return abs(x - y) <= atol + rtol * max(abs(x), abs(y))


def arrays(pairs, dtype=np.float32):
    return [InMemory(np.array(side, dtype=dtype)) for side in zip(*pairs, strict=True)]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(LISTS, TOLERANCES, TOLERANCES)
@example([(NAN, NAN), (NAN, 1.0)], 1.0, 1.0)
@example([(INF, 1.0), (INF, -INF), (INF, INF)], 1.0, 1.0)
def test_what_differs_is_what_differs_one_at_a_time(pairs, rtol, atol):
    a, b = arrays(pairs)
    told: list[int] = []
    found = compare_elements(a, b, Rule(rtol, atol), each=lambda at: told.extend(at.tolist()))
    values = list(zip(a.array.tolist(), b.array.tolist(), strict=True))
    expected = [i for i, (x, y) in enumerate(values) if not same(x, y, rtol, atol)]
    assert told == expected
    assert found.differing == len(expected)
    unequal = [i for i, (x, y) in enumerate(values) if not same(x, y, 0, 0)]
    assert found.within == len(unequal) - len(expected)
    assert (found.worst is None) == (not expected)
    if expected:
        assert found.worst in expected
        back = compare_elements(b, a, Rule(rtol, atol))
        assert (back.differing, back.within, back.tolerance) == (found.differing, found.within, found.tolerance)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(LISTS)
def test_the_smallest_tolerance_passes_and_a_smaller_one_does_not(pairs):
    a, b = arrays(pairs)
    found = compare_elements(a, b, Rule())
    if found.passing is None:
        values = zip(a.array.tolist(), b.array.tolist(), strict=True)
        hopeless = [(x, y) for x, y in values if not same(x, y, 0, 0) and not (math.isfinite(x) and math.isfinite(y))]
        assert not found.differing or hopeless
        return
    x = found.passing
    assert compare_elements(a, b, Rule(x, x)).differing == 0
    assert found.tolerance <= x <= found.tolerance * 1.1
    less = found.tolerance * 0.999
    assert compare_elements(a, b, Rule(less, less)).differing > 0


WORST = [
    # A, B, place of the worst
    ([1.0, 2.0, 3.0], [1.0, 2.5, 3.1], 1),
    ([1e6, 1.0], [1e6 + 1, 1.1], 1),  # 1 in a million is nearer than 0.1 in 1
    ([1.0, NAN, 5.0], [9.0, 1.0, 5.0], 1),  # nan is further off than any number
    ([1.0, 1.0], [INF, NAN], 0),  # of two hopeless ones the first
    ([1.0, 1.0, 1.0], [1.5, 1.5, 1.5], 0),
]


@pytest.mark.parametrize(("a", "b", "place"), WORST)
def test_the_worst_element_is_the_one_that_needs_the_largest_tolerance(a, b, place):
    found = compare_elements(InMemory(np.array(a)), InMemory(np.array(b)), Rule())
    assert found.worst == place
    assert [found.a, found.b] == [pytest.approx(a[place], nan_ok=True), pytest.approx(b[place], nan_ok=True)]


def test_masks_and_indices_have_no_size_of_error_so_the_first_is_told():
    a, b = InMemory(np.array([5, 5, 5])), InMemory(np.array([5, 6, 9]))
    assert compare_elements(a, b, Rule(1, 1), by_size=False).worst == 1  # no tolerance for integers
    assert compare_elements(a, b, Rule(1, 1)).worst == 2


def test_an_element_that_matters_is_worse_than_one_that_does_not():
    a, b = InMemory(np.zeros(4)), InMemory(np.array([9.0, 0.1, 0.2, 0.0]))
    found = compare_elements(a, b, Rule(), matters=lambda at: at > 0)
    assert (found.worst, found.differing, found.matter) == (2, 3, 2)
    assert compare_elements(a, b, Rule(), matters=lambda at: at > 2).worst == 0


@pytest.mark.parametrize("chunk", [1, 2, 7])
def test_parts_make_no_difference(monkeypatch, chunk):
    random = np.random.RandomState(0)
    a = random.randn(5, 4, 3)
    b = a + (random.rand(5, 4, 3) < 0.3) * random.randn(5, 4, 3)
    whole = compare_elements(InMemory(a), InMemory(b), Rule(atol=0.5))
    monkeypatch.setattr(elements, "CHUNK", chunk)
    assert compare_elements(InMemory(a), InMemory(b), Rule(atol=0.5)) == whole
    assert whole.worst is not None


# --- printed digits -------------------------------------------------------------------------------------------------

NUMBERS = st.floats(width=32, allow_nan=True, allow_infinity=True)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(NUMBERS, st.integers(1, 9), st.integers(1, 9))
def test_a_value_is_the_same_as_what_is_printed_of_it_in_any_two_logs(value, one, other):
    exact = np.array([value], np.float32)
    logs = [np.array([float(number_text(value, digits, np.float32))], np.float32) for digits in (one, other)]
    assert compare_elements(InMemory(exact), InMemory(logs[0]), Rule(digits_b=one)).differing == 0
    assert compare_elements(InMemory(logs[0]), InMemory(exact), Rule(digits_a=one)).differing == 0
    rule = Rule(digits_a=one, digits_b=other)
    assert compare_elements(InMemory(logs[0]), InMemory(logs[1]), rule).differing == 0


PRINTED = [
    # A, its digits, B, its digits, same?
    (0.12345, 5, 0.123454, None, True),  # rounds to A
    (0.12345, 5, 0.123462, None, False),
    (0.123445, 6, 0.12345, 5, True),  # 0.1234451 would be printed as both
    (0.123445, 6, 0.12344, 5, True),  # and so would 0.1234449
    (0.123446, 6, 0.12344, 5, False),
    (0.12345, 5, 0.12346, 5, False),  # both printed: what is printed decides
    (NAN, 5, NAN, None, True),
    (INF, 5, 3e38, None, False),
    (0.0, 5, 1e-30, None, False),  # significant digits: 0 is only 0
]


@pytest.mark.parametrize(("a", "digits_a", "b", "digits_b", "expected"), PRINTED)
def test_printed_values_stand_for_all_that_are_printed_like_them(a, digits_a, b, digits_b, expected):
    x, y = InMemory(np.array([a])), InMemory(np.array([b]))
    assert (compare_elements(x, y, Rule(digits_a=digits_a, digits_b=digits_b)).differing == 0) is expected
    assert (compare_elements(y, x, Rule(digits_a=digits_b, digits_b=digits_a)).differing == 0) is expected


def test_half_floats_can_be_rounded_too():
    assert as_printed(np.array([1.234, NAN], np.float16), 2)[0] == np.float32(1.2)

"""Numbers to text and back: rounded as Python rounds, lossless where promised, each by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.assignment.strategies import examples
from yolo_assign_trace.formats.number_text import number_text, parse_values, round_significant, rows_text

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
LOSSLESS = [(FLOAT32, 9), (FLOAT64, 17)]
DTYPES = [FLOAT32, FLOAT64]


def floats(dtype: np.dtype[Any], *, finite: bool = False) -> st.SearchStrategy[float]:
    """Numbers of all sizes, every bit pattern, and many with few decimals, which are near ties more often."""
    bits = st.integers(0, 2 ** (8 * dtype.itemsize) - 1)
    of_bits = bits.map(lambda n: float(np.array(n, dtype=f"u{dtype.itemsize}").view(dtype)))
    short = st.builds(lambda n, e: float(dtype.type(n * 10.0**e)), st.integers(-99999, 99999), st.integers(-8, 3))
    drawn = st.floats(width=8 * dtype.itemsize) | of_bits | short
    return drawn.filter(np.isfinite) if finite else drawn


def _rounded(values: list[float], dtype: np.dtype[Any], digits: int) -> list[float]:
    with np.errstate(over="ignore"):  # the largest numbers of a dtype round up to infinity
        return round_significant(np.array(values, dtype=dtype), digits).tolist()


def _as_python(value: float, dtype: np.dtype[Any], digits: int) -> float:
    with np.errstate(over="ignore"):
        return float(dtype.type(f"{value:.{digits}g}"))


class TestRounding:
    @examples(300)
    @given(st.lists(floats(FLOAT32, finite=True), min_size=1, max_size=20), st.integers(1, 8))
    def test_float32_is_rounded_as_python_does(self, values: list[float], digits: int) -> None:
        assert _rounded(values, FLOAT32, digits) == [_as_python(value, FLOAT32, digits) for value in values]

    @examples(300)
    @given(floats(FLOAT64, finite=True), st.integers(1, 16))
    def test_float64_is_rounded_as_python_does_but_where_a_tie_is_within_its_last_bit(
        self, value: float, digits: int
    ) -> None:
        (made,) = _rounded([value], FLOAT64, digits)
        expected = _as_python(value, FLOAT64, digits)
        assert made == expected or _halfway(value, made, expected)

    @pytest.mark.parametrize("dtype", DTYPES)
    @examples(100)
    @given(st.data())
    def test_values_do_not_change_one_anothers_rounding(self, dtype: np.dtype[Any], data: st.DataObject) -> None:
        values = data.draw(st.lists(floats(dtype, finite=True), min_size=2, max_size=10))
        digits = data.draw(st.integers(1, 8))
        alone = [_rounded([value], dtype, digits)[0] for value in values]
        assert _rounded(values, dtype, digits) == alone

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_a_very_small_neighbour_does_not_turn_a_near_tie(self, dtype: np.dtype[Any]) -> None:
        assert _rounded([1.115, 1e-30], dtype, 3)[0] == _rounded([1.115], dtype, 3)[0]

    def test_large_arrays_are_rounded_like_small_ones_in_their_own_shape(self) -> None:
        values = np.random.RandomState(0).standard_normal((3, 7, 2000)).astype(np.float32)
        made = round_significant(values, 5)
        assert made.shape == values.shape
        assert made[2, 6].tolist() == _rounded(values[2, 6].tolist(), FLOAT32, 5)

    @pytest.mark.parametrize(
        ("value", "digits", "expected"),
        [
            (0.5, 1, 0.5),  # nothing to round
            (2.5, 1, 2.0),  # half goes to even
            (3.5, 1, 4.0),
            (0.0009765625, 5, 0.00097656),  # a power of two on the half
            (99999.5, 5, 100000.0),  # one digit more
            (-1234567.0, 3, -1230000.0),  # before the point
            (0.0, 5, 0.0),
        ],
    )
    def test_single_numbers(self, value: float, digits: int, expected: float) -> None:
        for dtype in DTYPES:
            assert _rounded([value], dtype, digits) == [float(dtype.type(expected))]

    @pytest.mark.parametrize(("dtype", "digits"), LOSSLESS)
    def test_from_enough_digits_on_nothing_is_rounded(self, dtype: np.dtype[Any], digits: int) -> None:
        values = np.array([np.pi, -1e-30, 1 / 3], dtype=dtype)
        assert round_significant(values, digits).tobytes() == values.tobytes()


def _halfway(value: float, one: float, other: float) -> bool:
    """Is ``value``, give or take its last bit, in the middle of these two?"""
    middle = (Decimal(one) + Decimal(other)) / 2
    return abs(Decimal(value) - middle) <= Decimal(float(np.spacing(abs(value))))


class TestThereAndBack:
    @pytest.mark.parametrize(("dtype", "digits"), LOSSLESS)
    @examples(200)
    @given(st.data())
    def test_every_float_comes_back_at_the_lossless_number_of_digits(
        self, dtype: np.dtype[Any], digits: int, data: st.DataObject
    ) -> None:
        values = np.array([data.draw(st.lists(floats(dtype), min_size=1, max_size=12))], dtype=dtype)
        (line,) = rows_text(values, digits)
        back = parse_values(line.decode(), dtype)
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, values[0])
        np.testing.assert_array_equal(np.signbit(back[back == 0]), np.signbit(values[0][back == 0]))

    @pytest.mark.parametrize("dtype", DTYPES)
    @examples(200)
    @given(st.data())
    def test_rounded_text_is_the_rounded_number_and_has_no_more_digits(
        self, dtype: np.dtype[Any], data: st.DataObject
    ) -> None:
        values = data.draw(st.lists(floats(dtype, finite=True).filter(lambda v: abs(v) < 1e37), min_size=1, max_size=9))
        digits = data.draw(st.integers(1, 8))
        (line,) = rows_text(np.array([values], dtype=dtype), digits)
        assert parse_values(line.decode(), dtype).tolist() == _rounded(values, dtype, digits)
        for word in line.decode().partition("*")[0].split():
            assert len(Decimal(word).normalize().as_tuple().digits) <= digits, word

    @pytest.mark.parametrize(("dtype", "digits"), [(FLOAT32, 4), (FLOAT32, 9), (FLOAT64, 5), (FLOAT64, 17)])
    def test_the_largest_number_stays_a_number(self, dtype: np.dtype[Any], digits: int) -> None:
        with np.errstate(over="ignore"):
            line = rows_text(np.array([[np.finfo(dtype).max, 1]], dtype=dtype), digits)[0].decode()
        largest = float(np.finfo(dtype).max)
        assert abs(float(parse_values(line, dtype)[0]) - largest) <= 10.0 ** (1 - digits) * largest

    @examples(50)
    @given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=12))
    def test_integers_come_back(self, values: list[int]) -> None:
        (line,) = rows_text(np.array([values], dtype=np.int64), 5)
        assert parse_values(line.decode(), np.int64).tolist() == values

    @examples(50)
    @given(st.lists(st.booleans(), min_size=1, max_size=12))
    @example([True] * 5)
    def test_booleans_come_back(self, values: list[bool]) -> None:
        (line,) = rows_text(np.array([values]), 5)
        assert parse_values(line.decode(), np.bool_).tolist() == values


class TestLines:
    @pytest.mark.parametrize(
        ("values", "dtype", "expected"),
        [
            ([0.5, 0.5, 0.5, 0.5], FLOAT32, "0.5*4"),  # four equal values are folded
            ([0.5, 0.5, 0.5], FLOAT32, "0.5 0.5 0.5"),  # three are not
            ([0.5, 0.5, 0.5, 0.25], FLOAT32, "0.5 0.5 0.5 0.25"),  # nor are almost equal ones
            ([0.123456, 0.123457, 0.123458, 0.123459], FLOAT32, "0.12346*4"),  # equal as far as they are written
            ([0.0, 0.0, -0.0, 0.0], FLOAT32, "0.0 0.0 -0.0 0.0"),  # the sign of zero is kept
            ([-0.0] * 4, FLOAT64, "-0.0*4"),
            ([np.nan] * 4, FLOAT32, "nan*4"),
            ([np.inf] * 4, FLOAT64, "inf*4"),
            ([np.inf, -np.inf, np.nan, 1.0], FLOAT32, "inf -inf nan 1.0"),
            ([1 / 3, 1e-30, 2e8], FLOAT32, "0.33333 1e-30 200000000.0"),  # the shortest form that reads back
            ([7, 7, 7, 7, 7], np.int64, "7*5"),
            ([1, -2, 3, 0], np.int64, "1 -2 3 0"),
            ([True] * 4, np.bool_, "#*4"),
            ([True, False, False, True], np.bool_, "# . . #"),
        ],
    )
    def test_a_row_is_written_as(self, values: list[Any], dtype: np.dtype[Any], expected: str) -> None:
        assert rows_text(np.array([values], dtype=dtype), 5) == [expected.encode()]
        back = parse_values(expected, dtype)
        np.testing.assert_array_equal(parse_values(rows_text(back[None], 5)[0].decode(), dtype), back)
        assert len(back) == len(values)

    def test_rows_are_folded_each_by_itself(self) -> None:
        rows = np.array([[1, 1, 1, 1], [1, 2, 3, 4], [np.nan, 1, 1, 1]], dtype=np.float32)
        assert rows_text(rows, 5) == [b"1.0*4", b"1.0 2.0 3.0 4.0", b"nan 1.0 1.0 1.0"]
        assert rows_text(rows, 5, fold=False)[0] == b"1.0 1.0 1.0 1.0"

    @pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
    @pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
    def test_without_values_there_are_empty_lines(self, shape: tuple[int, int], dtype: type) -> None:
        assert rows_text(np.zeros(shape, dtype), 5) == [b""] * shape[0]

    def test_a_single_number_is_written_like_a_row_of_one(self) -> None:
        assert number_text(1 / 3, 5) == "0.33333"
        assert number_text(float(np.float32(0.1)), 9, np.float32) == "0.1"
        assert number_text(float("nan"), 5) == "nan"

    @pytest.mark.parametrize(
        ("text", "dtype"),
        [
            ("0.5 x", np.float32),  # no number
            ("0.5", np.int64),  # not a whole one
            ("# 1", np.bool_),  # neither true nor false
            ("0.5*x", np.float32),  # no count
        ],
    )
    def test_a_word_that_is_no_value_is_an_error(self, text: str, dtype: type) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - numpy's own words, wrapped by the reader of the log
            parse_values(text, dtype)

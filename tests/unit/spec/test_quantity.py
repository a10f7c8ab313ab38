"""Kubernetes quantities, exactly."""

import contextlib
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.spec.quantity import SUFFIXES, QuantityInvalid, bytes_of, cpu_cores, parse_quantity


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0", "0"),
        ("500m", "0.5"),
        ("1.5Gi", "1610612736"),
        ("1024Mi", "1073741824"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1E", "1000000000000000000"),
        ("12e-1", "1.2"),
        ("-1k", "-1000"),
        ("+1", "1"),
        (".5", "0.5"),
        ("5.", "5"),
        ("100n", "1E-7"),
        ("3u", "0.000003"),
        (2, "2"),
        (0.5, "0.5"),
        (0.1, "0.1"),
    ],
)
def test_a_quantity_is_read_exactly(written: str | int | float, number: str) -> None:
    assert parse_quantity(written) == Decimal(number)


@pytest.mark.parametrize(
    "written",
    ["", " 1", "1 Gi", "1GB", "Gi", "1mi", "1KI", "1e", "1e3k", "--1", "1.2.3", ".", "inf", "nan", "1e999", "1\n"],
)
def test_what_is_no_quantity_is_refused(written: str) -> None:
    with pytest.raises(QuantityInvalid):
        parse_quantity(written)


def test_cpus_and_bytes() -> None:
    assert cpu_cores("250m") == 0.25
    assert bytes_of("1Ki") == 1024
    assert bytes_of("1m") == 1


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(SUFFIXES)))
def test_writing_and_reading_a_quantity_gives_the_same_number(number: int, suffix: str) -> None:
    assert Fraction(parse_quantity(f"{number}{suffix}")) == number * Fraction(SUFFIXES[suffix])


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(-9, 9))
def test_an_exponent_moves_the_point(number: Decimal, exponent: int) -> None:
    assert parse_quantity(f"{number:f}e{exponent}") == number.scaleb(exponent)


@given(st.text() | st.integers() | st.floats())
def test_anything_else_is_a_number_or_refused(written: str | int | float) -> None:
    with contextlib.suppress(QuantityInvalid):
        assert parse_quantity(written).is_finite()

"""Quantities, as Kubernetes reads them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messaging_operator.spec.quantity import value


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1000m", "1"),
        ("1", "1"),
        ("0.5", "0.5"),
        (".5Gi", "536870912"),
        ("1024Mi", "1073741824"),
        ("1Gi", "1073741824"),
        ("2e3", "2000"),
        ("2E", "2000000000000000000"),
        ("100n", "0.0000001"),
        ("5k", "5000"),
        ("-5Gi", "-5368709120"),
    ],
)
def test_a_quantity_stands_for_a_number(written: str, number: str) -> None:
    assert value(written) == Decimal(number)


@pytest.mark.parametrize("written", ["", "5GB", "1 Gi", "Gi", "1K", "0x10", "1e", "1.2.3", "٣", "1\n"])
def test_what_is_no_quantity_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        value(written)


@given(count=st.integers(1, 10**6))
def test_the_same_amount_in_another_unit_is_the_same_number(count: int) -> None:
    assert value(f"{count * 1024}Mi") == value(f"{count}Gi")
    assert value(f"{count * 1000}m") == value(f"{count}")

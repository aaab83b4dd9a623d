"""Allowances: a burst at once, then the rate, each key for itself; codes that guessing cannot find."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messaging.message.codes import ALPHABET, fold_code, new_code, show_code
from messaging.message.rates import Allowance


class Time:
    """Seconds, as a test sets them."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_at_once_and_then_the_rate() -> None:
    time = Time()
    allowance = Allowance(rate_per_s=2, burst=3, clock_s=time)
    for _ in range(3):
        assert allowance.try_to_take("ada") is None

    assert allowance.try_to_take("ada") == timedelta(seconds=0.5)
    assert allowance.try_to_take("ben") is None
    time.now += 0.5
    assert allowance.try_to_take("ada") is None


def test_a_pause_gives_back_no_more_than_the_burst() -> None:
    time = Time()
    allowance = Allowance(rate_per_s=10, burst=2, clock_s=time)
    time.now += 3600

    assert [allowance.try_to_take("ada") is None for _ in range(3)] == [True, True, False]


@given(st.text(alphabet=ALPHABET, min_size=32, max_size=32), st.booleans())
def test_a_code_counts_in_any_case_with_and_without_dashes(code: str, lower: bool) -> None:
    shown = show_code(code)

    assert len(shown) == 39
    assert fold_code(shown.lower() if lower else shown) == code
    assert fold_code(shown.replace("-", "")) == code


@pytest.mark.parametrize("text", ["", "A" * 31, "A" * 33, "Ä" * 32, "ß" * 16, "'" * 32])
def test_what_is_no_code_opens_nothing(text: str) -> None:
    assert fold_code(text) is None


def test_codes_are_random() -> None:
    assert len({new_code() for _ in range(1000)}) == 1000

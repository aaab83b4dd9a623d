"""Waits grow, differ between clients, and respect what the platform asks for."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from messaging_client.net.backoff import FIRST, LONGEST, Backoff


def test_waits_double_up_to_the_longest_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(draw=lambda: 1.0)
    waits = [backoff.next() for _ in range(10)]

    assert waits[:3] == [FIRST, FIRST * 2, FIRST * 4]
    assert waits[-1] == LONGEST
    backoff.reset()
    assert backoff.next() == FIRST


@given(st.floats(0, 1, exclude_max=True))
def test_a_wait_is_at_least_half_its_step(draw: float) -> None:
    assert FIRST / 2 <= Backoff(draw=lambda: draw).next() <= FIRST


def test_what_the_platform_asks_for_is_waited_at_least() -> None:
    assert Backoff().next(timedelta(seconds=30)) == timedelta(seconds=30)

"""Text of people is normalised and checked; times have one form."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from messaging_wire.base import format_time, normalise_text


@given(st.characters())
@example("\ud800")
@example("\x85")
def test_control_characters_and_lone_surrogates_are_refused_and_nothing_else(character: str) -> None:
    refused = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t\r"

    try:
        normalise_text(f"a{character}b")
    except ValueError:
        assert refused
    else:
        assert not refused


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [("a\r\nb\rc\n", "a\nb\nc\n"), ("e\u0301", "\u00e9"), ("\u200d\u202e\u2068", "\u200d\u202e\u2068")],
)
def test_text_is_kept_in_one_form(given_text: str, kept: str) -> None:
    assert normalise_text(given_text) == kept


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 11, 24, 10, tzinfo=UTC), "2026-11-24T10:00:00.000000Z"),
        (datetime(2026, 11, 24, 10, 0, 0, 7, tzinfo=UTC), "2026-11-24T10:00:00.000007Z"),
        (datetime(2026, 11, 24, 1, tzinfo=timezone(timedelta(hours=2))), "2026-11-23T23:00:00.000000Z"),
        (datetime(33, 1, 1, tzinfo=UTC), "0033-01-01T00:00:00.000000Z"),
    ],
)
def test_times_are_written_in_utc_with_microseconds(moment: datetime, written: str) -> None:
    assert format_time(moment) == written

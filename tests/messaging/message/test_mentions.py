"""Mentions: which names a text holds."""

import pytest
from messaging.kernel.ids import new_id
from messaging.message.mentions import find_names, pack, unpack
from messaging.message.tables import MAX_MENTIONS
from messaging_wire.ids import UserId


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nobody at all", []),
        ("@Ada, look", ["ada"]),
        ("thanks @ada.lovelace.", ["ada.lovelace"]),
        ("(@ada) @ben- @cleo_ @dora!", ["ada", "ben", "cleo", "dora"]),
        ("看@ada一下", ["ada"]),
        ("@ben @BEN @ben", ["ben"]),
        ("ben@example.org ada+x@example.org", []),
        ("@benjamin@example.org", []),
        ("https://example.org/@ben", []),
        ("@@ben", []),
        ("@ ben @. @-ben", []),
        ("@ab @" + "x" * 51, []),
        ("@" + "x" * 50, ["x" * 50]),
        ("first\n@ben", ["ben"]),
    ],
)
def test_a_name_stands_behind_an_at_and_is_no_part_of_an_address(text: str, names: list[str]) -> None:
    assert find_names(text) == names


def test_no_text_mentions_more_than_fifty() -> None:
    assert len(find_names(" ".join(f"@name{number}" for number in range(200)))) == MAX_MENTIONS


def test_a_long_text_of_ats_takes_no_time() -> None:
    assert find_names("@" * 4000) == []
    assert find_names("@a" * 2000) == []


def test_ids_are_stored_and_read_in_their_order() -> None:
    ids = [UserId(new_id()) for _ in range(3)]

    assert unpack(pack(ids)) == ids
    assert pack([]) is None
    assert unpack(None) == []

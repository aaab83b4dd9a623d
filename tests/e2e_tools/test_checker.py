"""The checker finds each kind of damage, and nothing in a conversation that is whole."""

from dataclasses import replace
from typing import Any

import pytest

from e2e.checker import Findings, Observation, check, together

Json = dict[str, Any]


def message(seq: int, content: str | None = None, **fields: Any) -> Json:
    text = f"text {seq}" if content is None else content
    base = {"id": f"id-{seq}-{text}", "seq": seq, "rev": seq, "kind": "text", "sender_id": "ada", "content": text}
    return base | fields


def edited(original: Json, rev: int, text: str) -> Json:
    return original | {"rev": rev, "content": text, "edited_at": "2026-11-24T10:00:00.000000Z"}


def deleted(original: Json, rev: int) -> Json:
    return original | {"rev": rev, "content": "", "deleted_at": "2026-11-24T10:00:00.000000Z"}


def by_id(messages: list[Json]) -> dict[str, Json]:
    return {item["id"]: item for item in messages}


STORED = [message(seq) for seq in range(1, 5)]
WHOLE = Observation(
    conversation_id="c",
    attempted=frozenset(item["content"] for item in STORED),
    acknowledged=STORED,
    stored=STORED,
    arrivals={"ben": [STORED[:2], STORED[2:]]},
    had={"ben": by_id(STORED)},
)
CHANGED = [STORED[0], edited(STORED[1], 5, "new"), deleted(STORED[2], 6), STORED[3]]
WITH_CHANGES = replace(
    WHOLE,
    attempted=WHOLE.attempted | {"new"},
    stored=CHANGED,
    acknowledged=[*STORED, CHANGED[1]],
    deleted=frozenset({STORED[2]["id"]}),
    updates={"ben": [[CHANGED[1], CHANGED[2]]]},
    had={"ben": by_id(CHANGED)},
)


@pytest.mark.parametrize("seen", [WHOLE, WITH_CHANGES])
def test_a_whole_conversation_is_good(seen: Observation) -> None:
    assert check(seen) == Findings()
    assert check(seen).good


def test_an_acknowledged_message_that_is_not_stored_is_lost() -> None:
    found = check(replace(WHOLE, acknowledged=[*STORED, message(5)]))

    assert found.lost == ("acknowledged as #5 and not stored so: text 5",)
    assert not found.good


@pytest.mark.parametrize("wrong", [{"content": "other"}, {"seq": 9}, {"sender_id": "eve"}, {"content": "x", "rev": 9}])
def test_an_acknowledged_message_that_is_stored_otherwise_is_lost(wrong: Json) -> None:
    changed = [STORED[0] | wrong, *STORED[1:]]

    assert check(replace(WHOLE, stored=changed)).lost[0] == "acknowledged as #1 and not stored so: text 1"


def test_an_acknowledged_edit_that_is_not_stored_is_lost() -> None:
    found = check(replace(WHOLE, acknowledged=[edited(STORED[0], 5, "text 1 again")]))

    assert found.lost == ("acknowledged as #1 and not stored so: text 1 again",)


def test_an_acknowledged_deletion_that_is_not_stored_is_lost() -> None:
    found = check(replace(WHOLE, deleted=frozenset({STORED[0]["id"]})))

    assert found.lost == ("the deletion was acknowledged and is not stored: id-1-text 1",)


def test_a_message_that_a_client_never_got_is_lost() -> None:
    assert check(replace(WHOLE, had={"ben": by_id(STORED[:3])})).lost == ("ben lacks #4",)


def test_what_a_client_did_not_ask_for_is_not_lost() -> None:
    assert check(replace(WHOLE, had={"ben": by_id(STORED[2:])}, floors={"ben": 2})).good


def test_a_change_that_a_client_never_got_is_lost() -> None:
    found = check(replace(WITH_CHANGES, had={"ben": by_id(STORED)}))

    assert found.lost == ("ben has #2 as of rev 2, it is at 5", "ben has #3 as of rev 3, it is at 6")


def test_a_send_that_is_stored_twice_is_duplicated() -> None:
    stored = [*STORED, message(5, "text 4")]

    assert check(replace(WHOLE, stored=stored)).duplicated == ("stored 2 times: text 4",)


def test_a_key_that_is_stored_twice_is_duplicated() -> None:
    stored = [item | {"client_message_id": "k"} if item["seq"] > 2 else item for item in STORED]

    assert check(replace(WHOLE, stored=stored)).duplicated == ("stored 2 times under one key: k",)


def test_two_messages_at_one_rev_are_found() -> None:
    stored = [*STORED[:3], STORED[3] | {"rev": 3}]

    assert check(replace(WHOLE, stored=stored)).duplicated == ("2 messages at rev 3",)


def test_a_message_that_comes_twice_on_one_connection_is_duplicated() -> None:
    arrivals = {"ben": [[STORED[0], STORED[0]]]}

    assert check(replace(WHOLE, arrivals=arrivals)).duplicated == ("ben got #1 2 times on one connection",)


def test_a_message_that_comes_again_on_the_next_connection_is_no_damage() -> None:
    assert check(replace(WHOLE, arrivals={"ben": [STORED[:2], STORED[1:]]})).good


def test_a_later_message_before_an_earlier_one_is_inverted() -> None:
    arrivals = {"ben": [[STORED[1], STORED[0]]]}

    assert check(replace(WHOLE, arrivals=arrivals)).inverted == ("ben got #2 before #1",)


def test_a_later_change_before_an_earlier_one_is_inverted() -> None:
    updates = {"ben": [[edited(STORED[0], 8, "new"), edited(STORED[0], 7, "newer")]]}

    assert check(replace(WHOLE, updates=updates)).inverted == ("ben got rev 8 of #1 before rev 7",)


def test_a_missing_number_is_a_gap() -> None:
    stored = [STORED[0], *STORED[2:]]

    assert check(replace(WHOLE, stored=stored)).gaps == ("#3 follows #1",)


def test_what_nobody_sent_and_what_is_not_stored_is_foreign() -> None:
    strange = message(5, "from elsewhere")
    had = {"ben": by_id([*STORED, strange])}

    assert check(replace(WHOLE, stored=[*STORED, strange])).foreign == ("stored, and sent by nobody: from elsewhere",)
    assert check(replace(WHOLE, had=had)).foreign == ("ben has a message that is not stored: from elsewhere",)


def test_a_state_that_is_not_stored_is_foreign() -> None:
    had = {"ben": by_id([edited(STORED[0], 9, "never kept"), *STORED[1:]])}

    assert check(replace(WHOLE, had=had)).foreign == ("ben has #1 in a state that is not stored: never kept",)


def test_what_an_ex_member_hears_of_the_time_after_leaving_is_foreign() -> None:
    left = replace(WHOLE, had={}, arrivals={"ben": [STORED]}, left_at_rev={"ben": 4})

    assert check(left).foreign == ("ben left at rev 4 and heard rev 4 of #4",)
    assert check(replace(left, arrivals={"ben": [STORED[:3]]})).good


def test_a_change_that_an_ex_member_hears_of_is_foreign() -> None:
    left = replace(WITH_CHANGES, had={}, arrivals={"ben": [STORED[:2]]}, left_at_rev={"ben": 4})

    assert len(check(left).foreign) == 2


def test_whatever_a_stranger_hears_is_foreign() -> None:
    assert check(replace(WHOLE, arrivals={"eve": [STORED[:1]]}, left_at_rev={"eve": 0})).foreign


def test_findings_of_several_conversations_are_added_up_and_printed() -> None:
    bad = check(replace(WHOLE, stored=STORED[:3]))

    both = together([check(WHOLE), bad])

    assert both.lost == bad.lost
    assert str(both).splitlines()[:2] == ["lost: 1", "  acknowledged as #4 and not stored so: text 4"]
    assert "gaps: 0" in str(both)

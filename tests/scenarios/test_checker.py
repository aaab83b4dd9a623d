"""The checker of faults finds each kind of damage, and nothing in a conversation that is whole."""

from dataclasses import replace
from typing import Any

from e2e.faults.checker import Findings, Observation, check

Json = dict[str, Any]


def message(seq: int, content: str | None = None) -> Json:
    text = content or f"text {seq}"
    return {"id": f"id-{seq}-{text}", "seq": seq, "kind": "text", "sender_id": "ada", "content": text}


STORED = [message(seq) for seq in range(1, 5)]
WHOLE = Observation(
    conversation_id="c",
    attempted=frozenset(item["content"] for item in STORED),
    acknowledged=STORED,
    stored=STORED,
    arrivals={"ben": [STORED[:2], STORED[2:]]},
    had={"ben": {item["id"]: item for item in STORED}},
)


def test_a_whole_conversation_is_good() -> None:
    assert check(WHOLE) == Findings()
    assert check(WHOLE).good


def test_an_acknowledged_message_that_is_not_stored_is_lost() -> None:
    found = check(replace(WHOLE, acknowledged=[*STORED, message(5)]))

    assert found.lost == ("acknowledged as #5 and not stored so: text 5",)
    assert not found.good


def test_an_acknowledged_message_with_another_text_is_lost() -> None:
    changed = [STORED[0] | {"content": "other"}, *STORED[1:]]

    assert check(replace(WHOLE, stored=changed)).lost


def test_a_message_that_a_client_never_got_is_lost() -> None:
    had = {"ben": {item["id"]: item for item in STORED[:3]}}

    assert check(replace(WHOLE, had=had)).lost == ("ben lacks #4",)


def test_a_send_that_is_stored_twice_is_duplicated() -> None:
    stored = [*STORED, message(5, "text 4")]

    assert check(replace(WHOLE, stored=stored)).duplicated == ("stored 2 times: text 4",)


def test_a_message_that_comes_twice_on_one_connection_is_duplicated() -> None:
    arrivals = {"ben": [[STORED[0], STORED[0]]]}

    assert check(replace(WHOLE, arrivals=arrivals)).duplicated == ("ben got #1 2 times on one connection",)


def test_a_message_that_comes_again_on_the_next_connection_is_no_damage() -> None:
    assert check(replace(WHOLE, arrivals={"ben": [STORED[:2], STORED[1:]]})).good


def test_a_later_message_before_an_earlier_one_is_inverted() -> None:
    arrivals = {"ben": [[STORED[1], STORED[0]]]}

    assert check(replace(WHOLE, arrivals=arrivals)).inverted == ("ben got #2 before #1",)


def test_a_missing_number_is_a_gap() -> None:
    stored = [STORED[0], *STORED[2:]]

    assert check(replace(WHOLE, stored=stored)).gaps == ("#3 follows #1",)


def test_what_nobody_sent_and_what_is_not_stored_is_foreign() -> None:
    strange = message(5, "from elsewhere")
    had = {"ben": {item["id"]: item for item in [*STORED, strange]}}

    assert check(replace(WHOLE, stored=[*STORED, strange])).foreign == ("stored, and sent by nobody: from elsewhere",)
    assert check(replace(WHOLE, had=had)).foreign == ("ben has a message that is not stored: from elsewhere",)

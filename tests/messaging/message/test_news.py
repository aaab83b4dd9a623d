"""Hints between replicas of two releases: what one does not know is left aside, the rest is taken."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest
from messaging.message.news import Missed, NewMessages, TypingNow, is_from, read_hint, write_hint
from messaging.message.shown import Shown
from messaging_wire.ids import ClientMessageId, ConversationId, MessageId, UserId
from messaging_wire.message import Message


def shown(content: str = "hello") -> Shown:
    """A message as a batch makes it."""
    return Shown.of(
        Message(
            id=MessageId(uuid4()),
            conversation_id=ConversationId(uuid4()),
            seq=3,
            rev=7,
            kind="text",
            sender_id=UserId(uuid4()),
            client_message_id=ClientMessageId(uuid4()),
            content=content,
            created_at=datetime.now(UTC),
        )
    )


def test_news_come_out_as_they_went_in() -> None:
    origin, message = uuid4(), shown()
    typing = TypingNow(conversation_id=ConversationId(uuid4()), user_id=UserId(uuid4()))
    stored = NewMessages(message.conversation_id, 5, [message])

    body = write_hint(origin, [typing, stored, Missed()])
    first, (second), third = read_hint(body)

    assert is_from(origin, body)
    assert not is_from(uuid4(), body)
    assert (first, third) == (typing, Missed())
    assert isinstance(second, NewMessages)
    assert second.member_version == 5
    (read,) = second.messages
    assert all(getattr(read, name) == getattr(message, name) for name in Shown.__slots__)


def test_news_and_fields_of_the_next_release_are_left_aside() -> None:
    typing = TypingNow(conversation_id=ConversationId(uuid4()), user_id=UserId(uuid4()))
    known = json.loads(typing.model_dump_json())
    hint = {"origin": str(uuid4()), "new": 1, "items": [{"kind": "thunder"}, known | {"with": "both hands"}]}

    assert read_hint(json.dumps(hint).encode()) == [typing]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff"])
def test_what_is_no_hint_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises((ValueError, orjson.JSONDecodeError), match=r"hint|line 1"):
        read_hint(body)


@pytest.mark.parametrize("content", ["hello", '"client_message_id":"x","content":', "\\", "é\u2028"])
def test_everybody_but_the_sender_is_shown_no_client_message_id_and_all_else(content: str) -> None:
    message = shown(content)

    assert message.message().content == content
    assert json.loads(message.json_for_others) == json.loads(message.json) | {"client_message_id": None}

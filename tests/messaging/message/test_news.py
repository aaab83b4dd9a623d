"""Hints between replicas of two releases: what one does not know is left aside, the rest is taken."""

import json
from uuid import uuid4

from messaging.message.news import Hint, Missed, TypingNow, read_hint
from messaging_wire.ids import ConversationId, UserId


def test_news_come_out_as_they_went_in() -> None:
    origin = uuid4()
    typing = TypingNow(conversation_id=ConversationId(uuid4()), user_id=UserId(uuid4()))

    assert read_hint(Hint(origin=origin, items=[typing, Missed()]).model_dump_json().encode()) == (
        origin,
        [typing, Missed()],
    )


def test_news_and_fields_of_the_next_release_are_left_aside() -> None:
    typing = TypingNow(conversation_id=ConversationId(uuid4()), user_id=UserId(uuid4()))
    known = json.loads(typing.model_dump_json())
    hint = {"origin": str(uuid4()), "new": 1, "items": [{"kind": "thunder"}, known | {"with": "both hands"}]}

    assert read_hint(json.dumps(hint).encode())[1] == [typing]

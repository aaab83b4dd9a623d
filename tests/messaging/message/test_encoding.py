"""What the batch of sends encodes by hand is what the models say, to the byte."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from messaging.message.service.sending import created_event, event_of, show
from messaging.message.store.sends import NewMessage
from messaging.message.tables import ConversationRow, MessageRow
from messaging.message.views import message_view
from messaging_wire.realtime import MessageAcknowledged
from sqlalchemy import select

from tests.messaging.message.world import World, body_of, open_world
from tests.support.tokens import Issuer


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world({"data_dir": tmp_path}, issuer=Issuer()) as made:
        yield made


CONTENTS = ["hello", 'line\nline\t"quoted" \\', "\u00e9\u2028\U0001f600", "@ben and @ada", "<b>&amp;</b>", "x" * 4000]


@pytest.mark.parametrize("content", CONTENTS)
async def test_a_new_message_is_encoded_as_its_view_is(world: World, content: str) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    first = await ada.send(group["id"])
    answer = await ada.ask("POST", "/message", json=body_of(group["id"], content, reply_to=first["id"]))
    database = world.service.host.runtime.database
    async with database.reading() as session:
        row = (
            await session.execute(select(MessageRow).order_by(MessageRow.seq.desc()).limit(1))  # type: ignore[attr-defined]
        ).scalar_one()
        conversation = (await session.execute(select(ConversationRow))).scalar_one()

    made = new_message(row)

    assert answer.content == show(made).json == message_view(row, None).model_dump_json().encode()
    event = created_event(row, conversation, "ada")
    assert orjson.loads(event_of(made, conversation.member_version, "ada")) == orjson.loads(event.model_dump_json())
    acknowledged = MessageAcknowledged(message=message_view(row, None)).model_dump_json()
    assert acknowledged.encode() == b'{"ok":true,"message":%s}' % answer.content


def new_message(row: MessageRow) -> NewMessage:
    """The row as the batch has had it."""
    view = message_view(row, None)
    return NewMessage(
        conversation_id=row.conversation_id,
        seq=row.seq,
        id=row.id,
        rev=row.rev,
        sender_id=row.sender_id,
        client_message_id=row.client_message_id,
        content=row.content,
        content_hash=row.content_hash,
        reply_to=row.reply_to,
        mentions=view.mentions,
        created_at=row.created_at,
    )

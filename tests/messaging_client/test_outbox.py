"""A message stays in the outbox, with its id, until it is acknowledged or refused."""

import asyncio
from uuid import UUID

import pytest
from messaging_client.errors import ForbiddenError, problem_error
from messaging_client.net.outbox import Outbox
from messaging_wire import problems
from messaging_wire.problems import Problem
from pydantic import ValidationError

from tests.messaging_client.making import CONVERSATION, message


async def test_the_first_message_stays_in_front_with_the_same_id_until_it_is_acknowledged() -> None:
    outbox = Outbox()
    one, two = outbox.add(CONVERSATION, "one"), outbox.add(CONVERSATION, "two")

    assert await outbox.first() is one
    assert await outbox.first() is one
    outbox.acknowledge(message(1))
    assert await one.outcome == message(1)
    assert await outbox.first() is two
    assert one.request.client_message_id != two.request.client_message_id


async def test_a_refused_message_leaves_and_tells_why() -> None:
    outbox = Outbox()
    pending = outbox.add(CONVERSATION, "one")
    kind = problems.FORBIDDEN
    error = problem_error(Problem(type=kind.urn, title=kind.title, status=kind.status))

    outbox.refuse(error)

    with pytest.raises(ForbiddenError):
        await pending.outcome
    assert len(outbox) == 0


async def test_an_empty_outbox_is_waited_for() -> None:
    outbox = Outbox()
    waiting = asyncio.create_task(outbox.first())
    await asyncio.sleep(0)
    assert not waiting.done()

    pending = outbox.add(CONVERSATION, "late")

    assert await asyncio.wait_for(waiting, 1) is pending


async def test_a_text_that_may_not_be_sent_is_refused_at_once() -> None:
    outbox = Outbox()
    with pytest.raises(ValidationError):
        outbox.add(CONVERSATION, "x" * 4001)
    assert len(outbox) == 0


async def test_a_reply_names_the_message_that_it_answers() -> None:
    reply_to = message(3).id

    pending = Outbox().add(CONVERSATION, "yes", reply_to=reply_to)

    assert pending.request.reply_to == reply_to
    assert isinstance(pending.request.client_message_id, UUID)

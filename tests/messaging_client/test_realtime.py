"""A real-time client hears each message once and in order, whatever happens to the platform meanwhile."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from messaging_client.errors import NotFoundError, SessionEndedError
from messaging_client.net.happenings import ConversationGone, ConversationJoined, HistoryReplaced, Interrupted
from messaging_client.net.session import Session, utc_now
from messaging_client.state.book import Book, from_unread
from messaging_wire.ids import ClientMessageId, ConversationId
from messaging_wire.message import SendRequest

from tests.messaging_client.conftest import Join, Reach, Someone
from tests.messaging_client.listening import listening
from tests.messaging_client.unruly import unruly_line
from tests.support.standalone import Standalone


async def say(someone: Someone, conversation_id: ConversationId, text: str) -> None:
    request = SendRequest(conversation_id=conversation_id, client_message_id=ClientMessageId(uuid4()), content=text)
    await someone.rest.send(request)


async def test_what_others_send_is_heard_once_and_in_order(platform: Standalone, join: Join) -> None:
    ada, ben = await join("ada"), await join("ben")
    circle = await ada.group(ben)
    async with listening(platform.url, ben.session) as ear:
        for number in range(20):
            await say(ada, circle, f"text {number}")
        await ear.until(lambda: len(ear.texts) >= 20)

    assert ear.texts == [f"text {number}" for number in range(20)]


async def test_nothing_is_missed_when_the_platform_is_killed_and_started_again(
    platform: Standalone, join: Join
) -> None:
    ada, ben = await join("ada"), await join("ben")
    circle = await ada.group(ben)
    async with listening(platform.url, ben.session) as ear:
        await say(ada, circle, "before")
        await ear.until(lambda: ear.texts == ["before"])
        platform.kill()
        await ear.until(lambda: any(isinstance(happening, Interrupted) for happening in ear.told))
        platform.start()
        for number in range(30):
            await say(ada, circle, f"meanwhile {number}")
        await ear.connected(times=2)
        await say(ada, circle, "after")
        await ear.until(lambda: "after" in ear.texts)

    assert ear.texts == ["before", *(f"meanwhile {number}" for number in range(30)), "after"]


async def test_what_was_in_the_outbox_is_stored_once_and_in_order_through_a_kill(
    platform: Standalone, join: Join
) -> None:
    ada = await join("ada")
    circle = await ada.group()
    async with listening(platform.url, ada.session) as ear:
        sends = [ear.realtime.outbox.add(circle, f"text {number}") for number in range(60)]
        await sends[5].outcome
        platform.kill()
        sends += [ear.realtime.outbox.add(circle, f"text {number}") for number in range(60, 80)]
        platform.start()
        stored = await asyncio.wait_for(asyncio.gather(*(send.outcome for send in sends)), 60)

    assert [message.content for message in stored] == [f"text {number}" for number in range(80)]
    page = await ada.rest.messages(circle, limit=200)
    assert [item.content for item in page.items if item.kind == "text"] == [f"text {number}" for number in range(80)]


async def test_what_may_never_be_sent_is_refused_and_does_not_hold_up_the_rest(
    platform: Standalone, join: Join
) -> None:
    ada = await join("ada")
    circle = await ada.group()
    async with listening(platform.url, ada.session) as ear:
        hopeless = ear.realtime.outbox.add(ConversationId(UUID(int=7)), "to nowhere")
        good = ear.realtime.outbox.add(circle, "to the circle")
        stored = await asyncio.wait_for(good.outcome, 10)

    assert stored.content == "to the circle"
    with pytest.raises(NotFoundError):
        await hopeless.outcome


@pytest.mark.parametrize("seed", range(3))
async def test_a_line_that_loses_repeats_delays_and_garbles_events_changes_nothing(
    seed: int, platform: Standalone, join: Join
) -> None:
    ada, ben = await join("ada"), await join("ben")
    circle = await ada.group(ben)
    async with unruly_line(platform.url, seed) as (address, line), listening(address, ben.session) as ear:
        for number in range(100):
            await say(ada, circle, f"text {number}")
        line.unruly = False
        await say(ada, circle, "the last one")
        await ear.until(lambda: "the last one" in ear.texts)

    assert ear.texts == [*(f"text {number}" for number in range(100)), "the last one"]
    assert line.resyncs > 0
    assert not any(isinstance(happening, Interrupted) for happening in ear.told)


async def test_another_epoch_is_told_and_everything_is_followed_anew(platform: Standalone, join: Join) -> None:
    ada, ben = await join("ada"), await join("ben")
    circle = await ada.group(ben)
    async with listening(platform.url, ben.session, Book(epoch="before the backup was restored")) as ear:
        await say(ada, circle, "hello")
        await ear.until(lambda: ear.texts == ["hello"])

    assert isinstance(ear.told[0], HistoryReplaced)


async def test_a_new_client_fetches_more_than_one_sync_can_hold(platform: Standalone, join: Join) -> None:
    ada, ben = await join("ada"), await join("ben")
    circle = await ada.group(ben)
    for begin in range(0, 700, 50):
        await asyncio.gather(*(say(ada, circle, f"text {number}") for number in range(begin, begin + 50)))
    async with listening(platform.url, ben.session, Book(start_at=lambda conversation: 0)) as ear:
        await ear.until(lambda: len(ear.texts) >= 700)
        seqs = [message.seq for message in ear.realtime.book.timelines[circle].messages()]

    assert sorted(ear.texts) == sorted(f"text {number}" for number in range(700))
    assert seqs == list(range(1, seqs[-1] + 1))


async def test_joining_and_leaving_are_told_and_a_joined_conversation_is_followed(
    platform: Standalone, join: Join
) -> None:
    ada, ben = await join("ada"), await join("ben")
    async with listening(platform.url, ben.session, Book(start_at=from_unread)) as ear:
        circle = await ada.group(ben)
        await ear.until(lambda: any(isinstance(happening, ConversationJoined) for happening in ear.told))
        await say(ada, circle, "welcome")
        await ear.until(lambda: "welcome" in ear.texts)
        await ada.rest.remove(circle, ben.account.id)
        await ear.until(lambda: ConversationGone(circle) in ear.told)
        await say(ada, circle, "not for Ben")
        own = await ben.group()
        await say(ben, own, "barrier")
        await ear.until(lambda: "barrier" in ear.texts)

    assert ear.texts == ["welcome", "barrier"]


async def test_an_ended_session_ends_the_client(platform: Standalone, join: Join, reach: Reach) -> None:
    ada = await join("ada")
    async with listening(platform.url, ada.session) as ear:
        other = Session(reach(platform.url), ada.store)
        await ada.rest.log_out()
        ada.store.save(other.held)
        with pytest.raises(SessionEndedError):
            await ear.until(lambda: False, within=timedelta(seconds=10))

    assert ada.store.load() is None


async def test_a_token_is_renewed_on_the_open_socket_before_it_ends(
    platform: Standalone, join: Join, reach: Reach
) -> None:
    ada = await join("ada")
    held = ada.store.load()
    assert held is not None
    ada.store.save(held.model_copy(update={"expires_at": utc_now() + timedelta(seconds=61.5)}))
    transport = reach(platform.url)
    async with listening(platform.url, Session(transport, ada.store)) as ear:
        await ear.until(lambda: ada.store.load() != held and _renewed(ada, held.tokens.access_token))
        pending = ear.realtime.outbox.add(await ada.group(), "still here")
        await asyncio.wait_for(pending.outcome, 10)

    assert not any(isinstance(happening, Interrupted) for happening in ear.told)


def _renewed(someone: Someone, former: str) -> bool:
    now = someone.store.load()
    return now is not None and now.tokens.access_token != former

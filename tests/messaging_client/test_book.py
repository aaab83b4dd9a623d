"""A book knows what it has, what it lacks, and what a sync taught it."""

from uuid import UUID

from messaging_client.state.book import Book, from_unread
from messaging_wire.ids import ConversationId
from messaging_wire.message import Message
from messaging_wire.realtime import ConversationSync, Position, SyncAnswer

from tests.messaging_client.making import CONVERSATION, conversation, message

OTHER = ConversationId(UUID(int=3))


def answer(
    *messages: Message,
    changes: tuple[Message, ...] = (),
    last: int = 0,
    rev: int | None = None,
    more: bool = False,
    epoch: str = "first",
) -> SyncAnswer:
    part = ConversationSync(
        messages=list(messages),
        changes=list(changes),
        first_seq=1,
        last_seq=last,
        last_rev=last,
        rev=last if rev is None else rev,
        more=more,
    )
    return SyncAnswer(epoch=epoch, conversations={CONVERSATION: part}, joined=[], gone=[])


def filled(last_seq: int = 2) -> Book:
    book = Book()
    joined = [conversation(last_seq=last_seq)]
    book.take_sync(SyncAnswer(epoch="first", conversations={}, joined=joined, gone=[]))
    return book


def test_the_first_sync_follows_every_conversation_from_now_on() -> None:
    book = filled(last_seq=2)

    assert book.positions() == {CONVERSATION: Position(seq=2, rev=2)}
    assert book.incomplete() == set()


def test_a_book_may_begin_at_what_is_unread() -> None:
    book = Book(start_at=from_unread)
    joined = [conversation(last_seq=5, read_seq=3)]
    book.take_sync(SyncAnswer(epoch="first", conversations={}, joined=joined, gone=[]))

    assert book.positions()[CONVERSATION].seq == 3
    assert book.incomplete() == {CONVERSATION}


def test_a_conversation_that_comes_later_is_followed_from_where_one_joined() -> None:
    book = Book()
    book.take_sync(SyncAnswer(epoch="first", conversations={}, joined=[], gone=[]))

    learned = book.take_conversation(conversation(last_seq=9, joined_seq=4))

    assert [item.id for item in learned.joined] == [CONVERSATION]
    assert book.positions()[CONVERSATION].seq == 4


def test_a_sync_brings_messages_and_closes_the_gap() -> None:
    book = filled(last_seq=2)
    book.take_message(message(4))

    learned = book.take_sync(answer(message(3), message(4), last=4))

    assert [item.seq for item in learned.merged[CONVERSATION].arrived] == [3, 4]
    assert book.incomplete() == set()


def test_a_sync_with_more_to_come_leaves_the_book_incomplete() -> None:
    book = filled(last_seq=2)

    book.take_sync(answer(message(3), last=5, rev=2, more=True))

    assert book.incomplete() == {CONVERSATION}
    assert book.positions()[CONVERSATION] == Position(seq=3, rev=3)


def test_a_sync_without_news_but_with_a_later_rev_is_complete() -> None:
    book = filled(last_seq=2)

    book.take_sync(answer(changes=(message(1, 6, "edited"),), last=6))

    assert book.positions()[CONVERSATION].rev == 6


def test_another_epoch_empties_the_book_and_says_so() -> None:
    book = filled(last_seq=2)

    learned = book.take_sync(answer(message(3), last=3, epoch="restored"))

    assert learned.replaced
    assert book.positions() == {}
    assert book.epoch == "restored"
    again = book.take_sync(SyncAnswer(epoch="restored", conversations={}, joined=[conversation(last_seq=1)], gone=[]))
    assert not again.replaced
    assert book.positions()[CONVERSATION].seq == 1


def test_what_one_is_no_longer_in_is_forgotten_once() -> None:
    book = filled()
    gone = SyncAnswer(epoch="first", conversations={}, joined=[], gone=[CONVERSATION, OTHER])

    assert book.take_sync(gone).gone == (CONVERSATION,)
    assert book.drop(CONVERSATION).gone == ()


def test_a_message_of_an_unknown_conversation_teaches_nothing() -> None:
    assert Book().take_message(message(1)).merged == {}

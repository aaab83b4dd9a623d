"""Whatever order messages come in, they leave in order, each once, and nothing that came is held back without a gap."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from messaging.message.sequencer import MAX_AHEAD, Sequencer
from messaging.message.shown import Shown
from messaging_wire.ids import ConversationId, MessageId, UserId
from messaging_wire.message import Message

CONVERSATION, SENDER = ConversationId(uuid4()), UserId(uuid4())
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def message(seq: int, rev: int | None = None) -> Shown:
    """Message number `seq`, edited where `rev` says so."""
    view = Message(
        id=MessageId(UUID(int=seq)),
        conversation_id=CONVERSATION,
        seq=seq,
        rev=seq if rev is None else rev,
        kind="text",
        sender_id=SENDER,
        content="x",
        created_at=NOON,
        edited_at=None if rev is None else NOON,
    )
    return Shown.of(view)


class Arrivals(RuleBasedStateMachine):
    """Replicas store messages one after the other; what is told of them is shuffled, repeated and lost."""

    told = Bundle("told")

    def __init__(self) -> None:
        super().__init__()
        self.sequencer = Sequencer(next_seq=1)
        self.stored = 0
        self.arrived: set[int] = set()
        self.left: list[int] = []
        self.changes: dict[int, list[int]] = {}
        self.rev = 0

    @rule(target=told, count=st.integers(1, 4))
    def a_batch_is_stored(self, count: int) -> object:
        seqs = range(self.stored + 1, self.stored + count + 1)
        self.stored += count
        return multiple(*seqs)

    @rule(seq=told)
    def a_hint_arrives(self, seq: int) -> None:
        self.arrived.add(seq)
        self.left += [one.seq for one in self.sequencer.offer([message(seq)])]

    @rule(seq=consumes(told))
    def a_hint_is_lost(self, seq: int) -> None:
        pass

    @rule()
    def the_gap_is_read_from_the_database(self) -> None:
        gap = self.sequencer.gap
        if gap is not None:
            self.arrived |= set(gap)
            self.left += [one.seq for one in self.sequencer.offer([message(seq) for seq in gap])]

    @rule(seq=told, ahead=st.integers(1, 3))
    def a_change_arrives(self, seq: int, ahead: int) -> None:
        self.rev = max(self.rev, self.stored) + ahead
        waiting = seq > len(self.left)
        out = self.sequencer.offer_change(message(seq, self.rev))
        assert (out is None) == waiting, "a change goes out exactly when its message has"
        if out is not None:
            self.changes.setdefault(seq, []).append(out.rev)
        else:
            self.arrived.add(seq)
            self.left += [one.seq for one in self.sequencer.offer([])]

    @rule(seq=told)
    def an_older_change_arrives(self, seq: int) -> None:
        for rev in self.changes.get(seq, []):
            assert self.sequencer.offer_change(message(seq, rev)) is None

    @invariant()
    def they_leave_in_order_each_once(self) -> None:
        assert self.left == list(range(1, len(self.left) + 1))

    @invariant()
    def nothing_is_held_back_without_a_gap(self) -> None:
        contiguous = 0
        while contiguous + 1 in self.arrived:
            contiguous += 1
        assert len(self.left) == contiguous

    @invariant()
    def changes_leave_in_rev_order(self) -> None:
        assert all(revs == sorted(set(revs)) for revs in self.changes.values())


TestArrivals = Arrivals.TestCase


def test_without_a_known_position_it_begins_at_the_first_message() -> None:
    sequencer = Sequencer()

    assert [one.seq for one in sequencer.offer([message(7), message(8)])] == [7, 8]
    assert sequencer.offer([message(6)]) == []


def test_an_edited_message_that_waits_leaves_as_it_is_now() -> None:
    sequencer = Sequencer(next_seq=1)
    sequencer.offer([message(2)])

    assert sequencer.offer_change(message(2, rev=9)) is None
    assert [one.rev for one in sequencer.offer([message(1)])] == [1, 9]
    assert sequencer.offer_change(message(2, rev=9)) is None


def test_a_gap_that_nobody_can_fill_is_skipped() -> None:
    sequencer = Sequencer(next_seq=1)
    sequencer.offer([message(5), message(6)])

    assert sequencer.gap == range(1, 5)
    assert [one.seq for one in sequencer.skip_gap()] == [5, 6]
    assert sequencer.gap is None


def test_when_too_much_waits_it_goes_on_behind_it() -> None:
    sequencer = Sequencer(next_seq=1)
    sequencer.offer([message(seq) for seq in range(2, MAX_AHEAD + 3)])

    assert sequencer.overflows
    sequencer.abandon()
    assert [one.seq for one in sequencer.offer([message(MAX_AHEAD + 3)])] == [MAX_AHEAD + 3]

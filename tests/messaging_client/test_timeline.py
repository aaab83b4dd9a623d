"""A timeline ends the same whatever the order, the repeats and the gaps in which its pieces come."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from messaging_client.state.timeline import Timeline
from messaging_wire.message import Message

from tests.messaging_client.making import message


@dataclass(frozen=True)
class History:
    """What a platform did to one conversation: every version of every message, and how it all ended."""

    versions: list[Message]
    final: tuple[Message, ...]
    last_rev: int


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Messages 1..n with edits in between; every step takes the next rev."""
    steps = draw(st.lists(st.integers(0, 30), min_size=1, max_size=30))
    current: dict[int, Message] = {}
    versions = []
    for rev, step in enumerate(steps, start=1):
        seq = len(current) + 1 if step >= len(current) else step + 1
        current[seq] = message(seq, rev, f"version {rev}")
        versions.append(current[seq])
    return History(versions, tuple(current[seq] for seq in sorted(current)), len(steps))


@given(st.data())
def test_any_order_with_repeats_and_losses_converges_after_the_last_sync(data: st.DataObject) -> None:
    history = data.draw(histories())
    heard = data.draw(st.lists(st.sampled_from(history.versions), max_size=60))
    timeline = Timeline(seq=0, rev=0)
    arrived: list[Message] = []
    for piece in heard:
        arrived += timeline.merge([piece]).arrived
    arrived += timeline.merge(item for item in history.final if item.seq > timeline.seq).arrived
    timeline.merge(item for item in history.final if item.rev > timeline.rev)
    timeline.had(history.last_rev)

    assert timeline.messages() == history.final
    assert [item.seq for item in arrived] == [item.seq for item in history.final]
    assert not timeline.incomplete


@given(st.data())
def test_two_orders_of_the_same_pieces_give_the_same_timeline(data: st.DataObject) -> None:
    history = data.draw(histories())
    pieces = data.draw(st.lists(st.sampled_from(history.versions), max_size=30))
    one, other = Timeline(seq=0, rev=0), Timeline(seq=0, rev=0)
    for piece in pieces:
        one.merge([piece])
    other.merge(data.draw(st.permutations(pieces)))

    assert one == other


@given(st.data())
def test_nothing_is_thought_complete_that_is_not(data: st.DataObject) -> None:
    history = data.draw(histories())
    heard = data.draw(st.lists(st.sampled_from(history.versions), max_size=60))
    timeline = Timeline(seq=0, rev=0)
    timeline.merge(heard)
    timeline.know(last_seq=len(history.final), last_rev=history.last_rev)

    if not timeline.incomplete:
        assert timeline.messages() == history.final


def test_what_comes_ahead_of_a_gap_waits_for_it() -> None:
    timeline = Timeline(seq=0, rev=0)

    assert timeline.merge([message(2), message(3)]).arrived == ()
    assert timeline.incomplete
    assert timeline.merge([message(1)]).arrived == (message(1), message(2), message(3))
    assert not timeline.incomplete


def test_an_older_version_never_replaces_a_newer_one() -> None:
    timeline = Timeline(seq=0, rev=0)
    timeline.merge([message(1, 3, "edited")])

    assert timeline.merge([message(1, 1, "first")]).changed == ()
    assert timeline.messages()[0].content == "edited"


def test_a_missing_rev_alone_makes_a_timeline_incomplete() -> None:
    timeline = Timeline(seq=2, rev=2)
    timeline.merge([message(2, 4, "edited")])

    assert timeline.incomplete
    timeline.had(4)
    assert not timeline.incomplete


def test_messages_that_are_gone_for_ever_are_not_waited_for() -> None:
    timeline = Timeline(seq=0, rev=0)
    timeline.merge([message(5), message(8)])

    told = timeline.know(last_seq=8, last_rev=8, first_seq=7)

    assert told.arrived == (message(5),)
    assert timeline.seq == 6
    assert timeline.merge([message(7)]).arrived == (message(7), message(8))


def test_messages_from_before_the_beginning_are_not_kept() -> None:
    timeline = Timeline(seq=10, rev=20)

    assert timeline.merge([message(4, 21, "edited")]).changed == ()
    assert timeline.messages() == ()
    assert not timeline.incomplete

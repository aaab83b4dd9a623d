"""A book that hears some hints and asks in between ends with the platform's history, whatever was lost on the way."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from messaging_client.state.book import Book, Learned
from messaging_wire.message import Message
from messaging_wire.realtime import ConversationSync, Position, SyncAnswer

from tests.messaging_client.making import CONVERSATION, conversation, message

PAGE = 4


@dataclass
class Platform:
    """One conversation as a platform keeps it; `sync` answers in pages so small that often more is left."""

    messages: dict[int, Message] = field(default_factory=dict)
    rev: int = 0

    def write(self, choice: int) -> Message:
        """Add a message, or change the one that `choice` names."""
        self.rev += 1
        seq = choice if choice in self.messages else len(self.messages) + 1
        self.messages[seq] = message(seq, self.rev, f"version {self.rev}")
        return self.messages[seq]

    def sync(self, position: Position) -> SyncAnswer:
        """What a client at that position lacks."""
        newer = [item for seq, item in sorted(self.messages.items()) if seq > position.seq]
        since = position.rev or 0
        changed = sorted(
            (item for seq, item in self.messages.items() if seq <= position.seq and item.rev > since),
            key=lambda item: item.rev,
        )
        changes = changed[:PAGE]
        complete = len(changes) == len(changed)
        messages = newer[: PAGE - len(changes)] if complete else []
        part = ConversationSync(
            messages=messages,
            changes=changes,
            first_seq=1,
            last_seq=len(self.messages),
            last_rev=self.rev,
            rev=self.rev if complete else changes[-1].rev,
            more=len(messages) < len(newer) or not complete,
        )
        return SyncAnswer(epoch="first", conversations={CONVERSATION: part}, joined=[], gone=[])


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.sampled_from(["heard", "heard twice", "lost", "late", "ask"])), max_size=50
    )
)
def test_hints_heard_lost_late_or_repeated_end_in_the_same_history(steps: list[tuple[int, str]]) -> None:
    platform, book = Platform(), Book()
    book.take_sync(SyncAnswer(epoch="first", conversations={}, joined=[conversation()], gone=[]))
    learned: list[Learned] = []
    late: list[Message] = []
    for choice, fate in steps:
        hint = platform.write(choice)
        match fate:
            case "heard" | "heard twice":
                learned += [book.take_message(hint) for _ in fate.split()]
            case "late":
                late.append(hint)
            case "ask":
                learned.append(book.take_sync(platform.sync(book.positions()[CONVERSATION])))
    learned += [book.take_message(hint) for hint in late]
    learned.append(book.take_sync(platform.sync(book.positions()[CONVERSATION])))
    for _ in steps:
        if book.incomplete():
            learned.append(book.take_sync(platform.sync(book.positions()[CONVERSATION])))

    told = [item for piece in learned for merged in piece.merged.values() for item in merged.arrived]
    assert not book.incomplete()
    assert book.timelines[CONVERSATION].messages() == tuple(platform.messages[seq] for seq in sorted(platform.messages))
    assert [item.seq for item in told] == sorted(platform.messages)

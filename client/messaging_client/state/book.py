"""All conversations of one person, as a client knows them: what each is, how far its timeline is, what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from messaging_wire.conversation import Conversation
from messaging_wire.ids import ConversationId
from messaging_wire.message import Message
from messaging_wire.realtime import ConversationSync, Position, SyncAnswer

from messaging_client.state.timeline import Merged, Timeline

StartAt = Callable[[Conversation], int]
"""Says after which `seq` a conversation that one did not know is followed."""


def from_now_on(conversation: Conversation) -> int:
    """Follow what comes from here on."""
    return conversation.last_seq


def from_joining(conversation: Conversation) -> int:
    """Follow from where one joined: for a conversation that came while one was following the others."""
    return conversation.me.joined_seq


def from_unread(conversation: Conversation) -> int:
    """Follow from the first message that one has not read."""
    return min(conversation.me.read_seq, conversation.last_seq)


@dataclass(frozen=True)
class Learned:
    """What a step taught: messages made visible by conversation, and what became of conversations."""

    merged: dict[ConversationId, Merged] = field(default_factory=dict)
    joined: tuple[Conversation, ...] = ()
    gone: tuple[ConversationId, ...] = ()
    replaced: bool = False
    """The data's history is another one (a restored backup): what was shown before may not be there any more."""


@dataclass
class Book:
    """Mutable, and touched by one task only."""

    start_at: StartAt = from_now_on
    """Where conversations are followed from that one is in at the first `sync`; later ones from the joining on."""
    epoch: str | None = None
    filled: bool = False
    conversations: dict[ConversationId, Conversation] = field(default_factory=dict)
    timelines: dict[ConversationId, Timeline] = field(default_factory=dict)

    def positions(self) -> dict[ConversationId, Position]:
        """How far every conversation is, as `sync` wants to know it."""
        return {key: Position(seq=timeline.seq, rev=timeline.rev) for key, timeline in self.timelines.items()}

    def incomplete(self) -> set[ConversationId]:
        """Conversations of which something is known to be missing."""
        return {key for key, timeline in self.timelines.items() if timeline.incomplete}

    def take_message(self, message: Message) -> Learned:
        """Take a hint of a new or changed message; one of an unknown conversation teaches nothing yet."""
        timeline = self.timelines.get(message.conversation_id)
        if timeline is None:
            return Learned()
        return Learned(merged={message.conversation_id: timeline.merge([message])})

    def take_conversation(self, conversation: Conversation) -> Learned:
        """Take a conversation that one is in, known or new."""
        known = self.timelines.get(conversation.id)
        self.conversations[conversation.id] = conversation
        if known is None:
            start = from_joining(conversation) if self.filled else self.start_at(conversation)
            self.timelines[conversation.id] = Timeline(
                seq=start, rev=conversation.last_rev, last_seq=conversation.last_seq
            )
            return Learned(joined=(conversation,))
        told = known.know(
            last_seq=conversation.last_seq, last_rev=conversation.last_rev, first_seq=conversation.first_seq
        )
        return Learned(merged={conversation.id: told})

    def drop(self, conversation_id: ConversationId) -> Learned:
        """Forget a conversation that one is no longer in."""
        known = self.timelines.pop(conversation_id, None)
        self.conversations.pop(conversation_id, None)
        return Learned(gone=(conversation_id,) if known is not None else ())

    def take_sync(self, answer: SyncAnswer) -> Learned:
        """Take what `sync` answered.

        Another epoch empties the book: the positions that were asked about belong to another history, so the rest of
        the answer is left aside and the next `sync`, which names nothing, brings every conversation anew.
        """
        if self.epoch is not None and self.epoch != answer.epoch:
            self.epoch, self.filled = answer.epoch, False
            self.timelines.clear()
            self.conversations.clear()
            return Learned(replaced=True)
        self.epoch = answer.epoch
        merged = {
            key: self._take_part(self.timelines[key], part)
            for key, part in answer.conversations.items()
            if key in self.timelines
        }
        fresh = [conversation for conversation in answer.joined if conversation.id not in self.timelines]
        for conversation in fresh:
            self.take_conversation(conversation)
        self.filled = True
        gone = [key for key in answer.gone if self.drop(key).gone]
        return Learned(merged=merged, joined=tuple(fresh), gone=tuple(gone))

    @staticmethod
    def _take_part(timeline: Timeline, part: ConversationSync) -> Merged:
        merged = _join(
            timeline.merge([*part.messages, *part.changes]),
            timeline.know(last_seq=part.last_seq, last_rev=part.last_rev, first_seq=part.first_seq),
        )
        timeline.had(part.rev)
        return merged


def _join(first: Merged, second: Merged) -> Merged:
    return Merged(first.arrived + second.arrived, first.changed + second.changed)

"""Judges a conversation after trouble: what was acknowledged, what is stored, what every client saw. Pure.

Of each text it must hold: acknowledged means stored, once, with the acknowledged content; the numbering has no gap; on
every connection `seq` ascends without a repeat; in the end every client has all; and nothing comes from elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Observation:
    """All that is known of one conversation."""

    conversation_id: str
    attempted: frozenset[str]
    """Contents that clients tried to send, each tried with one client_message_id."""
    acknowledged: Sequence[Json]
    """Messages as they were acknowledged, each once."""
    stored: Sequence[Json]
    """The whole history as the API gives it afterwards, ascending."""
    arrivals: Mapping[str, Sequence[Sequence[Json]]] = field(default_factory=dict)
    """Of every client and each of its connections: the messages of the event `message` in order of arrival."""
    had: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Of every client: what it has in the end, by message id."""


@dataclass(frozen=True)
class Findings:
    """What is wrong, each a list of sentences; all empty is good."""

    lost: tuple[str, ...] = ()
    duplicated: tuple[str, ...] = ()
    inverted: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not any(getattr(self, item.name) for item in fields(self))

    def __str__(self) -> str:
        lines = []
        for item in fields(self):
            found: tuple[str, ...] = getattr(self, item.name)
            lines.append(f"{item.name}: {len(found)}")
            lines += [f"  {sentence}" for sentence in found[:10]]
        return "\n".join(lines)


def check(seen: Observation) -> Findings:
    """Compare what was seen with what is stored."""
    return Findings(
        lost=(*_lost(seen), *_missing_at_clients(seen)),
        duplicated=(*_stored_twice(seen), *_arrived_twice(seen)),
        inverted=tuple(_inverted(seen)),
        gaps=tuple(_gaps(seen)),
        foreign=tuple(_foreign(seen)),
    )


def _lost(seen: Observation) -> list[str]:
    stored = {message["id"]: message for message in seen.stored}
    return [
        f"acknowledged as #{message['seq']} and not stored so: {message['content']}"
        for message in seen.acknowledged
        if _essence(stored.get(message["id"], {})) != _essence(message)
    ]


def _missing_at_clients(seen: Observation) -> list[str]:
    return [
        f"{client} lacks #{message['seq']}"
        for client, had in seen.had.items()
        for message in seen.stored
        if message["id"] not in had
    ]


def _stored_twice(seen: Observation) -> list[str]:
    texts = Counter(message["content"] for message in seen.stored if message["kind"] == "text")
    return [f"stored {count} times: {text}" for text, count in texts.items() if count > 1]


def _arrived_twice(seen: Observation) -> list[str]:
    return [
        f"{client} got #{seq} {count} times on one connection"
        for client, connections in seen.arrivals.items()
        for messages in connections
        for seq, count in Counter(message["seq"] for message in messages).items()
        if count > 1
    ]


def _inverted(seen: Observation) -> list[str]:
    return [
        f"{client} got #{before['seq']} before #{after['seq']}"
        for client, connections in seen.arrivals.items()
        for messages in connections
        for before, after in pairwise(messages)
        if before["seq"] > after["seq"]
    ]


def _gaps(seen: Observation) -> list[str]:
    seqs = [message["seq"] for message in seen.stored]
    return [f"#{after} follows #{before}" for before, after in pairwise([0, *seqs]) if after != before + 1]


def _foreign(seen: Observation) -> list[str]:
    known = {message["id"] for message in seen.stored}
    strange = [
        f"stored, and sent by nobody: {message['content']}"
        for message in seen.stored
        if message["kind"] == "text" and message["content"] not in seen.attempted
    ]
    strange += [
        f"{client} has a message that is not stored: {message['content']}"
        for client, had in seen.had.items()
        for message_id, message in had.items()
        if message_id not in known
    ]
    return strange


def _essence(message: Json) -> tuple[object, ...]:
    return tuple(message.get(name) for name in ("id", "seq", "sender_id", "content"))

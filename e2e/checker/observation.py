"""What is known of one conversation after a run: from its clients, and from the database or the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

Connections = Mapping[str, Sequence[Sequence[Json]]]
"""Of every client and each of its connections: messages in order of arrival, repeats included."""


@dataclass(frozen=True)
class Observation:
    """All that is known of one conversation."""

    conversation_id: str
    attempted: frozenset[str]
    """Texts that clients tried to give to a message, by a send or an edit; each text was tried for one message only."""
    acknowledged: Sequence[Json]
    """Messages as sends and edits were acknowledged; of one message there may be several."""
    stored: Sequence[Json]
    """The whole history afterwards, ascending."""
    deleted: frozenset[str] = frozenset()
    """Ids of messages whose deletion was acknowledged."""
    arrivals: Connections = field(default_factory=dict)
    """Messages of the event `message`."""
    updates: Connections = field(default_factory=dict)
    """Messages of the event `message_updated`."""
    had: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Of every client that is a member in the end: what it has, by message id."""
    floors: Mapping[str, int] = field(default_factory=dict)
    """Of clients that did not ask for the beginning: the `seq` up to which they lack messages rightly."""
    left_at_rev: Mapping[str, int] = field(default_factory=dict)
    """Of clients that are no members in the end: the `rev` of the message that told of it; 0 for who never was one."""

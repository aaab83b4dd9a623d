"""The checks themselves: each gives sentences about what is wrong with one conversation."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from e2e.checker.findings import Findings
from e2e.checker.observation import Connections, Json, Observation


def check(seen: Observation) -> Findings:
    """Compare what was seen with what is stored."""
    stored = {message["id"]: message for message in seen.stored}
    return Findings(
        lost=(*_lost(seen, stored), *_missing(seen), *_stale(seen, stored)),
        duplicated=(*_stored_twice(seen), *_arrived_twice(seen)),
        inverted=(*_inverted(seen.arrivals), *_changed_back(seen.updates)),
        gaps=tuple(_gaps(seen)),
        foreign=(*_unknown(seen, stored), *_after_leaving(seen)),
    )


def _lost(seen: Observation, stored: dict[str, Json]) -> Iterator[str]:
    for message in seen.acknowledged:
        kept = stored.get(message["id"])
        if kept is None or not _keeps(kept, message):
            yield f"acknowledged as #{message['seq']} and not stored so: {message['content']}"
    for message_id in seen.deleted:
        if stored.get(message_id, {}).get("deleted_at") is None:
            yield f"the deletion was acknowledged and is not stored: {message_id}"


def _keeps(kept: Json, acknowledged: Json) -> bool:
    """Whether a stored message is what was acknowledged, or a later change of it."""
    if any(kept[name] != acknowledged[name] for name in ("seq", "sender_id")) or kept["rev"] < acknowledged["rev"]:
        return False
    was_changed = kept["rev"] > acknowledged["rev"] and (kept.get("edited_at") or kept.get("deleted_at"))
    return bool(was_changed) or kept["content"] == acknowledged["content"]


def _missing(seen: Observation) -> Iterator[str]:
    for client, had in seen.had.items():
        floor = seen.floors.get(client, 0)
        for message in seen.stored:
            if message["seq"] > floor and message["id"] not in had:
                yield f"{client} lacks #{message['seq']}"


def _stale(seen: Observation, stored: dict[str, Json]) -> Iterator[str]:
    for client, had in seen.had.items():
        for message_id, message in had.items():
            kept = stored.get(message_id)
            if kept is not None and message["rev"] < kept["rev"]:
                yield f"{client} has #{kept['seq']} as of rev {message['rev']}, it is at {kept['rev']}"


def _stored_twice(seen: Observation) -> Iterator[str]:
    texts = Counter(message["content"] for message in seen.stored if _is_text(message))
    yield from (f"stored {count} times: {text}" for text, count in texts.items() if count > 1)
    keys = Counter(
        (message["sender_id"], message["client_message_id"])
        for message in seen.stored
        if message.get("client_message_id") is not None
    )
    yield from (f"stored {count} times under one key: {key}" for (_, key), count in keys.items() if count > 1)
    revs = Counter(message["rev"] for message in seen.stored)
    yield from (f"{count} messages at rev {rev}" for rev, count in revs.items() if count > 1)


def _arrived_twice(seen: Observation) -> Iterator[str]:
    for client, messages in _each_connection(seen.arrivals):
        for seq, count in Counter(message["seq"] for message in messages).items():
            if count > 1:
                yield f"{client} got #{seq} {count} times on one connection"


def _inverted(arrivals: Connections) -> Iterator[str]:
    for client, messages in _each_connection(arrivals):
        for before, after in pairwise(messages):
            if before["seq"] > after["seq"]:
                yield f"{client} got #{before['seq']} before #{after['seq']}"


def _changed_back(updates: Connections) -> Iterator[str]:
    for client, messages in _each_connection(updates):
        newest: dict[str, int] = {}
        for message in messages:
            if message["rev"] < newest.get(message["id"], 0):
                yield f"{client} got rev {newest[message['id']]} of #{message['seq']} before rev {message['rev']}"
            newest[message["id"]] = max(message["rev"], newest.get(message["id"], 0))


def _gaps(seen: Observation) -> Iterator[str]:
    seqs = [message["seq"] for message in seen.stored]
    return (f"#{after} follows #{before}" for before, after in pairwise([0, *seqs]) if after != before + 1)


def _unknown(seen: Observation, stored: dict[str, Json]) -> Iterator[str]:
    for message in seen.stored:
        if _is_text(message) and message["content"] not in seen.attempted:
            yield f"stored, and sent by nobody: {message['content']}"
    for client, message in _all_that_clients_have(seen):
        kept = stored.get(message["id"])
        if kept is None:
            yield f"{client} has a message that is not stored: {message['content']}"
        elif message["rev"] > kept["rev"] or (message["rev"] == kept["rev"] and message["content"] != kept["content"]):
            yield f"{client} has #{kept['seq']} in a state that is not stored: {message['content']}"


def _all_that_clients_have(seen: Observation) -> Iterator[tuple[str, Json]]:
    for client, had in seen.had.items():
        yield from ((client, message) for message in had.values())
    for client in seen.left_at_rev:
        for messages in (*seen.arrivals.get(client, ()), *seen.updates.get(client, ())):
            yield from ((client, message) for message in messages)


def _after_leaving(seen: Observation) -> Iterator[str]:
    for client, left_at_rev in seen.left_at_rev.items():
        for messages in (*seen.arrivals.get(client, ()), *seen.updates.get(client, ())):
            for message in messages:
                if message["rev"] >= left_at_rev:
                    yield f"{client} left at rev {left_at_rev} and heard rev {message['rev']} of #{message['seq']}"


def _each_connection(connections: Connections) -> Iterator[tuple[str, list[Json]]]:
    for client, several in connections.items():
        yield from ((client, list(messages)) for messages in several)


def _is_text(message: Json) -> bool:
    return message["kind"] == "text" and message.get("deleted_at") is None

"""Sends by REST, delivered to members by Socket.IO."""

from collections.abc import Iterator
from dataclasses import replace

from bench.driver import Connection, Plan
from bench.ground import Ground
from bench.lines import Line
from bench.measuring import measure
from bench.rows.options import Options
from bench.stage import ALONE, MEMBERS, SENDERS, Stage, stage

EACH = 2
"""Connections of each sender; a connection has one request under way."""
SHAPE = f"POST /message, {SENDERS} senders, {EACH} connections each, {MEMBERS} members per conversation; {ALONE}"


def sends(ground: Ground, options: Options) -> Iterator[Line]:
    """As fast as answers come."""
    with stage(ground) as system:
        plan = Plan(connections(system), rate=options.rate or 0, seconds=options.seconds, window=1)
        yield measure(system, plan).line("rest", SHAPE, system=system.title)


def connections(system: Stage) -> list[Connection]:
    """Everybody's socket, which only listens, and what the senders send by."""
    listening = [replace(one, sends=False) for one in system.sockets()]
    sending = [
        Connection(
            "http-send",
            system.message.address,
            "/api/message",
            token=conversation.members[0].token,
            place=conversation.id,
            sends=True,
            receivers=MEMBERS,
        )
        for conversation in system.conversations
        for _ in range(EACH)
    ]
    return [*listening, *sending]

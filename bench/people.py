"""People and the conversations that they share, made by the public routes."""

from dataclasses import dataclass

import httpx

from bench.driver import Connection
from bench.trust import Trust
from tests.support.tokens import Person

SOCKET_PATH = "/api/message/socket.io"


@dataclass(frozen=True)
class Conversation:
    """A group and its members; the first one made it."""

    id: str
    members: list[Person]

    def sockets(self, address: str, *, senders: int = 1, path: str = SOCKET_PATH) -> list[Connection]:
        """A Socket.IO connection for each member, of whom the first `senders` send."""
        return [
            Connection(
                "socketio",
                address,
                path,
                token=member.token,
                place=self.id,
                sends=number < senders,
                receivers=len(self.members),
            )
            for number, member in enumerate(self.members)
        ]


def make_conversations(url: str, trust: Trust, *, count: int, members: int) -> list[Conversation]:
    """Make `count` groups of `members` different people each."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        return [_make(client, trust, number, members) for number in range(count)]


def _make(client: httpx.Client, trust: Trust, number: int, members: int) -> Conversation:
    people = [trust.person(f"p{number}.{member}") for member in range(members)]
    answer = client.post("/api/conversation", json={"title": f"Number {number}"}, headers=people[0].headers)
    made = answer.raise_for_status().json()
    for person in people[1:]:
        body = {"join_code": made["join_code"]}
        client.post("/api/conversation/join", json=body, headers=person.headers).raise_for_status()
    return Conversation(made["id"], people)

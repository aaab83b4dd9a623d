"""Where a scenario plays: one platform, people with names that no other run has, and a report of the steps."""

import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

import httpx

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.report import Report
from e2e.scenarios.waiting import eventually


@dataclass
class Stage:
    """An async context manager; leaving it closes every socket and connection of its people."""

    base_url: str
    report: Report = field(default_factory=Report)
    within: timedelta = timedelta(seconds=15)
    """How long an answer, an event or a change that another service makes may take."""
    run_id: str = field(default_factory=lambda: secrets.token_hex(4))
    people: list[Person] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for person in self.people:
            await person.close()

    def step(self, title: str) -> AbstractContextManager[None]:
        """Name what comes next."""
        return self.report.step(title)

    def stranger(self, name: str) -> Person:
        """Return somebody who has no account yet."""
        username = f"{name}.{self.run_id}"
        person = Person(
            name=name,
            username=username,
            email=f"{username}@example.org",
            password=secrets.token_urlsafe(12),
            within=self.within,
            http=httpx.AsyncClient(
                base_url=self.base_url, timeout=self.within.total_seconds(), trust_env=False, follow_redirects=False
            ),
        )
        self.people.append(person)
        return person

    async def person(self, name: str) -> Person:
        """Sign somebody up, as sign-up is open, and return them with tokens."""
        person = self.stranger(name)
        answer = await sign_up(person)
        person.id = answer["user"]["id"]
        person.tokens = answer["tokens"]
        return person

    async def known(self, *people: Person) -> None:
        """Wait until people have profiles, which follow sign-up by events: before that nobody can relate to them."""
        for person in people:
            await eventually(
                lambda person=person: person.request("GET", "/user/me"),  # type: ignore[misc]
                lambda answer: answer.status_code == 200,
                what=f"the profile of {person.name}",
                within=self.within,
            )

    async def group(self, owner: Person, *others: Person, title: str = "Reading circle") -> Json:
        """Make a group conversation that `others` join by its code; return it as the owner sees it afterwards."""
        made = await owner.post("/conversation", {"title": title})
        for other in others:
            await other.post("/conversation/join", {"join_code": made["join_code"]}, expect=200)
        conversation: Json = await owner.get(f"/conversation/{made['id']}")
        return conversation

    async def refused(self, sender: Person, other: Person) -> None:
        """Wait until `sender` may not write to `other` directly: the message service learns of blocks by events.

        What is tried before that may make their conversation, in which nothing more can be said then.
        """

        async def write() -> httpx.Response:
            direct = {"kind": "direct", "member_ids": [other.id]}
            made = await sender.request("POST", "/conversation", json=direct)
            if not made.is_success:
                return made
            return await sender.request("POST", "/message", json=message_body(made.json()["id"], "may I?"))

        answer = await eventually(
            write,
            lambda answer: answer.status_code == 403,
            what=f"{sender.name} cannot write to {other.name}",
            within=self.within,
        )
        checks.problem(answer, 403, "cannot-message")


async def sign_up(person: Person) -> Json:
    """Sign up and demand the shape of the answer."""
    answer: Json = await person.post(
        "/auth/signUp", {"username": person.username, "email": person.email, "password": person.password}
    )
    shapes.conforms(answer["user"], shapes.ACCOUNT, "the account")
    shapes.conforms(answer["tokens"], shapes.TOKENS, "the tokens")
    checks.equal(answer["user"]["username"], person.username, "the account's user name")
    return answer

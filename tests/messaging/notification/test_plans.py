"""The plans of the statements of every batch on MySQL: each table by an index, few rows looked at."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.ids import new_id
from messaging.notification.app import build
from messaging.notification.settings import NotificationSettings
from messaging.notification.store import blocks
from messaging.notification.store.crowds import CROWD
from messaging_wire.events import Event, RelationChanged
from messaging_wire.ids import UserId
from sqlalchemy import text

from tests.messaging.notification.conftest import Notifications
from tests.messaging.notification.story import Story, envelope
from tests.support.databases import mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.plans import about, bad_plans, goes_by_index, noted
from tests.support.services import IssuerTrust, running_service
from tests.support.tokens import Issuer

STORIES, MEMBERS, MESSAGES = 300, 8, 6
TABLES = (
    "conversation",
    "membership",
    "activity",
    "activity_block",
    "activity_mention",
    "activity_skip",
    "notification",
    "relation",
    "deferred_event",
)
MAX_ROWS = 400
"""What an estimate may come to: a batch of thirty conversations of eight, and what estimates are off by."""


@dataclass
class Filled:
    """A service that has told much, and the statements that it runs."""

    notifications: Notifications
    stories: list[Story]
    crowd: Story
    seen: list[tuple[str, Any]] = field(default_factory=list)

    def people(self, number: int) -> list[UserId]:
        """The members of a story."""
        return sorted(self.stories[number].members)


@pytest.fixture(scope="module")
async def filled(mysql_server: MySQLServer) -> AsyncIterator[Filled]:
    """Thousands of notifications, most of them read."""
    issuer, bus = Issuer(), MemoryBus()
    settings = NotificationSettings(**mysql_settings(mysql_server.fresh_database("notification")))
    async with running_service("notification", settings, build, source=IssuerTrust(issuer), bus=bus) as service:
        made = Filled(Notifications(service, bus, issuer), [Story() for _ in range(STORIES)], Story())
        await bus.publish([envelope(one) for one in _history(made)])
        async with service.host.runtime.database.writing() as session:
            skips = [(story.id, person, 1) for story in made.stories for person in story.members]
            await blocks.save_skips(session, skips, service.host.runtime.clock.now())
        engine = service.host.runtime.database.engine
        async with engine.connect() as connection:
            for table in TABLES:
                await connection.execute(text(f"ANALYZE TABLE {table}"))

        with noted(engine, made.seen):
            yield made


def _history(made: Filled) -> list[Event]:
    """What has happened so far."""
    events: list[Event] = [made.crowd.begins_with(*(UserId(new_id()) for _ in range(CROWD + 100)))]
    for story in made.stories:
        people = [UserId(new_id()) for _ in range(MEMBERS)]
        events.append(story.begins_with(*people))
        events += [
            RelationChanged(version=1, user_id=one, other_id=people[0], contact=True, blocked=False)
            for one in people[1:]
        ]
        for number in range(MESSAGES):
            events.append(story.sends(people[number], f"text {number}", (people[-1],)))
            events += [story.reads_up_to(person, story.last_seq) for person in people[3:5]]
    return events


def _everything(at: Filled) -> dict[str, list[Event]]:
    """Batches that come to every statement."""
    story, people = at.stories[7], at.people(7)
    others = [(one, at.people(number)) for number, one in enumerate(at.stories[10:40], 10)]
    blocked = RelationChanged(version=2, user_id=people[1], other_id=people[0], contact=False, blocked=True)
    return {
        "messages": [one.sends(members[0], "hello") for one, members in others],
        "a message to a crowd": [at.crowd.sends(min(at.crowd.members), "hello", (max(at.crowd.members),))],
        "a block": [blocked, story.sends(people[0], "blocked"), story.sends(people[2], "heard")],
        "reading in part": [story.reads_up_to(people[1], 2), story.reads_up_to(people[-1], 3)],
        "edits": [story.changes(seq, f"for {seq}", mentions=(people[1],)) for seq in (4, 5)],
        "an edit again": [story.changes(5, "for 5 again", mentions=(people[1],))],
        "a level": [story.chooses(people[2], "none")],
        "leaving": [story.leaves(people[3])],
    }


async def test_every_statement_goes_by_an_index(filled: Filled) -> None:
    bad = []
    for what, events in _everything(filled).items():
        filled.seen.clear()
        await filled.notifications.hears(*events)
        statements = about(TABLES, filled.seen)
        assert statements, what
        engine = filled.notifications.service.host.runtime.database.engine
        bad += [(what, *one) for one in await bad_plans(engine, statements, partial(_is_good, filled))]
    assert bad == []


def _is_good(filled: Filled, line: Any, statement: str) -> bool:
    return goes_by_index(line, 2 * CROWD if filled.crowd.id.hex in statement else MAX_ROWS)

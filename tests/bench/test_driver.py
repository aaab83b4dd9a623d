"""The load driver against a real message service on real MySQL and RabbitMQ."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench import building
from bench.driver import Connection, Plan, drive
from bench.people import Conversation, make_conversations
from bench.service import UNLIMITED, ServiceProcess
from bench.trust import Trust
from e2e.errors import ToolingError
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import Database, MySQLServer
from tests.support.rabbitmq import RabbitMQServer

GROUPS, MEMBERS = 4, 3
RATE, SECONDS = 50.0, 2.0


@pytest.fixture(scope="module")
def trust() -> Iterator[Trust]:
    """Who answers for auth."""
    with Trust() as trust:
        yield trust


@pytest.fixture(scope="module")
def database(mysql_server: MySQLServer) -> Database:
    """The service's database."""
    return mysql_server.fresh_database("message")


@pytest.fixture(scope="module")
def message(trust: Trust, database: Database, rabbitmq_server: RabbitMQServer) -> Iterator[ServiceProcess]:
    """A message service as its own process."""
    broker = broker_settings(rabbitmq_server.fresh_broker("message"))
    settings = {**mysql_settings(database), **broker, **UNLIMITED, "auth_internal_url": trust.url}
    with ServiceProcess("message", settings) as service:
        yield service


@pytest.fixture(scope="module")
def groups(message: ServiceProcess, trust: Trust) -> list[Conversation]:
    """Groups whose first member sends."""
    return make_conversations(message.url, trust, count=GROUPS, members=MEMBERS)


def by_socket(message: ServiceProcess, groups: list[Conversation]) -> list[Connection]:
    """Everybody's socket."""
    return [one for group in groups for one in group.sockets(message.address)]


def stored(mysql_server: MySQLServer, database: Database, run: str) -> int:
    """How many messages of a run the database holds."""
    ((count,),) = mysql_server.execute(f"SELECT COUNT(*) FROM `{database.name}`.message WHERE content LIKE '~{run}%'")
    return int(str(count))


def test_its_own_parts_are_right() -> None:
    building.go(building.DRIVER.source, "vet", "./...")
    building.go(building.DRIVER.source, "test", "./...")


def test_what_is_acknowledged_is_stored_and_delivered_to_everybody_once(
    message: ServiceProcess, groups: list[Conversation], mysql_server: MySQLServer, database: Database
) -> None:
    plan = Plan(by_socket(message, groups), rate=RATE, seconds=SECONDS, warm_s=0.5, drain_s=30)
    result = drive(plan)

    assert result.errors == {}
    assert result.refused == 0
    assert result.acked_total + result.unsent == round(RATE * (SECONDS + plan.warm_s))
    assert result.acked_total > RATE
    assert stored(mysql_server, database, plan.run) == result.acked_total
    assert result.delivered_total == result.acked_total * MEMBERS
    assert result.complete
    assert result.ack_ms.count == result.acknowledged == result.sent
    assert 0 < result.ack_ms.p50 <= result.ack_ms.p99 <= result.ack_ms.max


def test_a_full_window_sends_as_fast_as_answers_come(message: ServiceProcess, groups: list[Conversation]) -> None:
    result = drive(Plan(by_socket(message, groups), rate=0, seconds=SECONDS, warm_s=0, drain_s=30, window=5))

    assert result.errors == {}
    assert result.acked_total == result.sent > GROUPS * 5
    assert result.complete


def test_sends_by_rest_arrive_at_sockets(message: ServiceProcess, groups: list[Conversation]) -> None:
    listening = [replace(one, sends=False) for one in by_socket(message, groups)]
    sending = Connection(
        "http-send",
        message.address,
        "/api/message",
        token=groups[0].members[0].token,
        place=groups[0].id,
        sends=True,
        receivers=MEMBERS,
    )
    result = drive(Plan([*listening, sending], rate=10, seconds=SECONDS, warm_s=0, drain_s=30, window=1))

    assert result.errors == {}
    assert result.acked_total + result.unsent == 20
    assert result.delivered_total == result.acked_total * MEMBERS > 0


def test_a_refusal_is_counted_and_is_no_message(
    message: ServiceProcess, groups: list[Conversation], trust: Trust
) -> None:
    stranger = replace(by_socket(message, groups)[0], token=trust.person("stranger").token)
    result = drive(Plan([stranger], rate=10, seconds=1, warm_s=0, drain_s=30))

    assert result.refused + result.unsent == 10
    assert result.refused > result.acked_total == 0
    assert all("refused" in what for what in result.errors)


def test_it_speaks_to_loopback_only() -> None:
    elsewhere = Connection("socketio", "192.0.2.1:80", "/", sends=True)
    with pytest.raises(ToolingError) as raised:
        drive(Plan([elsewhere], rate=1, seconds=1))
    assert "is not a loopback address" in raised.value.hint

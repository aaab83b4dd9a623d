"""Pytest plugin: real MySQL and RabbitMQ servers for a whole run, started on first use and removed at its end.

What a test needs installed or built (engine, images) is set up by the fixtures themselves, so ``pytest`` alone is
enough.
"""

from collections.abc import Iterator

import pytest

from e2e.images import engine
from tests.support.container import SERVICES, Container, remove_stale
from tests.support.mysql import Database, MySQLServer
from tests.support.rabbitmq import Broker, RabbitMQServer

__all__ = ["SERVICES", "Broker", "Container", "Database", "MySQLServer", "RabbitMQServer"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--without-servers`, for places where no container can be started."""
    parser.addoption("--without-servers", action="store_true", help="leave out what needs a container")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what asks for a server, where that was asked for."""
    if not config.getoption("--without-servers"):
        return
    needing = [item for item in items if "container_engine" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


@pytest.fixture(scope="session")
def container_engine() -> None:
    """A Docker engine that answers, without what killed runs have left behind."""
    engine.ensure()
    remove_stale()


@pytest.fixture(scope="session")
def mysql_server(container_engine: None) -> Iterator[MySQLServer]:
    """One MySQL for the whole run; ask it for a fresh database."""
    with MySQLServer() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server(container_engine: None) -> Iterator[RabbitMQServer]:
    """One RabbitMQ for the whole run; ask it for a fresh vhost."""
    with RabbitMQServer() as server:
        yield server

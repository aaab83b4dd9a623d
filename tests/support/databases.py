"""The settings of a service on a fresh database, in SQLite or on a real MySQL, for tests that run on both."""

from pathlib import Path
from typing import Any, Literal

from tests.support.mysql import Database, MySQLServer
from tests.support.rabbitmq import Broker

Dialect = Literal["sqlite", "mysql"]
DIALECTS: tuple[Dialect, ...] = ("sqlite", "mysql")


def mysql_settings(database: Database) -> dict[str, Any]:
    """What `load_settings` takes for this database."""
    return {
        "database_host": database.host,
        "database_port": database.port,
        "database_name": database.name,
        "database_username": database.username,
        "database_password": database.password,
    }


def broker_settings(broker: Broker) -> dict[str, Any]:
    """What `load_settings` takes for this broker."""
    return {
        "broker_host": broker.host,
        "broker_port": broker.port,
        "broker_vhost": broker.vhost,
        "broker_username": broker.username,
        "broker_password": broker.password,
    }


def fresh_database_settings(
    dialect: Dialect, *, folder: Path, mysql: MySQLServer | None, service: str
) -> dict[str, Any]:
    """The settings of a new empty database of `service`; `mysql` may be None for SQLite."""
    if dialect == "sqlite":
        return {"data_dir": folder, "database_host": ""}
    assert mysql is not None
    return mysql_settings(mysql.fresh_database(service))

"""What every row stands on: MySQL with a volume of its own, RabbitMQ, and somebody who answers for auth.

MySQL listens on the machine's loopback without a proxy between; its binary log and both sync settings are checked, not
assumed. The broker is reached at its container's address.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bench.service import ServiceProcess
from bench.trust import Trust
from e2e.errors import ToolingError
from e2e.images import catalogue, engine
from tests.support.container import Removable, free_port, remove_stale
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import Database, MySQLServer
from tests.support.rabbitmq import AMQP, RabbitMQServer

BUFFER_POOL_MIB = 1024
DURABLE = {"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1", "log_bin": "ON", "innodb_doublewrite": "ON"}


@dataclass
class Ground(Removable):
    """Servers that are started on first use and removed at the end of a ``with`` block."""

    in_image: bool = False
    """Run our services in their container images instead of by this machine's Python."""
    _mysql: MySQLServer | None = None
    _rabbitmq: RabbitMQServer | None = None
    _trust: Trust | None = None

    @property
    def mysql(self) -> MySQLServer:
        """The database server; raises ToolingError where a commit would not be on the disk."""
        if self._mysql is None:
            engine.ensure()
            remove_stale()
            self._mysql = MySQLServer(durable=True, own_port=free_port(), buffer_pool_mib=BUFFER_POOL_MIB)
            rows = self._mysql.execute(f"SHOW VARIABLES WHERE variable_name IN {tuple(DURABLE)}")
            found = {str(name): str(value) for name, value in rows}
            if found != DURABLE:
                raise ToolingError(f"MySQL is not set as a measurement needs it: {found}.")
        return self._mysql

    @property
    def rabbitmq(self) -> RabbitMQServer:
        """The broker."""
        if self._rabbitmq is None:
            engine.ensure()
            self._rabbitmq = RabbitMQServer(durable=True)
        return self._rabbitmq

    @property
    def trust(self) -> Trust:
        """Keys and revocations."""
        if self._trust is None:
            self._trust = Trust().__enter__()
        return self._trust

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """A broker's vhost and databases that are gone after the block."""
        place = Place(self, self.rabbitmq.fresh_vhost())
        try:
            yield place
        finally:
            place.clear()

    def service(self, name: str, settings: Mapping[str, Any]) -> ServiceProcess:
        """One of our services, to be started by a ``with`` block."""
        image = catalogue.ensure("services")[0] if self.in_image else None
        return ServiceProcess(name, settings, image=image)

    def count(self, question: str) -> int:
        """Ask the database for one whole number."""
        ((number,),) = self.mysql.execute(question)
        return int(str(number))

    def remove(self) -> None:
        """Remove what was started."""
        for server in (self._mysql, self._rabbitmq):
            if server is not None:
                server.remove()
        if self._trust is not None:
            self._trust.__exit__()
        self._mysql = self._rabbitmq = self._trust = None


@dataclass
class Place:
    """Where one row's services live: a vhost that they share, and a database for each."""

    ground: Ground
    vhost: str
    databases: dict[str, Database] = field(default_factory=dict)

    def settings(self, service: str) -> dict[str, Any]:
        """Settings of a service on a new database."""
        ground = self.ground
        account = ground.rabbitmq.broker(service, self.vhost)
        self.databases[service] = ground.mysql.fresh_database(service)
        return {
            **mysql_settings(self.databases[service]),
            **broker_settings(replace(account, host=ground.rabbitmq.container.address, port=AMQP)),
            "auth_internal_url": ground.trust.url,
        }

    def clear(self) -> None:
        """Remove vhost and databases."""
        self.ground.rabbitmq.request("DELETE", f"/vhosts/{self.vhost}")
        for database in self.databases.values():
            self.ground.mysql.drop(database)

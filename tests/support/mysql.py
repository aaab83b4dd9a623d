"""A real MySQL in a container, run by the operator's own script, with a new empty database for whoever asks."""

import itertools
import secrets
from dataclasses import dataclass

import pymysql

from e2e.images import catalogue
from tests.support.container import SCRIPTS, Container, Removable, SecretFolder, username

PORT = 3306
UID = 999
ADMIN = "test_admin"


@dataclass(frozen=True)
class Database:
    """Where a database is and who may use it: the parts of a service's settings."""

    host: str
    port: int
    name: str
    username: str
    password: str


class MySQLServer(Removable):
    """A MySQL server; ``durable`` puts its data on a volume that outlives a stop, instead of memory.

    With ``own_port`` it listens there on the machine's own loopback, without the engine's proxy between.
    """

    host = "127.0.0.1"

    def __init__(self, *, durable: bool = False, own_port: int | None = None, buffer_pool_mib: int = 128) -> None:
        self._own_port = own_port
        listening = [] if own_port is None else [f"--port={own_port}", f"--bind-address={self.host}"]
        (image,) = catalogue.ensure("mysql")
        self._numbers = itertools.count(1)
        self._admin_password = secrets.token_urlsafe(16)
        self.secrets = SecretFolder("database", {"mysql/root_password": "r'o\\o\"t " + secrets.token_urlsafe(12)})
        data = "/var/lib/mysql"
        self.container = Container(
            image,
            [
                "/scripts/mysql.sh",
                f"--innodb-buffer-pool-size={buffer_pool_mib}M",
                "--performance-schema=OFF",
                "--max-connections=300",
                *listening,
            ],
            kind="mysql",
            uid=UID,
            ports=[PORT] if own_port is None else [],
            writable=["/run/mysqld", "/tmp", *([] if durable else [data])],
            volumes=[f"{SCRIPTS}:/scripts:ro", f"{self.secrets.path}:/run/secrets:ro", *([data] if durable else [])],
            options=[] if own_port is None else ["--network=host"],
        )
        self.wait_until_ready()
        self._make_admin()

    @property
    def port(self) -> int:
        """Return its port on 127.0.0.1."""
        return self.container.port(PORT) if self._own_port is None else self._own_port

    def database(self, service: str) -> Database:
        """Return the database that the start script has made for a service."""
        return Database(self.host, self.port, service, username(service), self.secrets.passwords[service])

    def fresh_database(self, service: str) -> Database:
        """Make a new empty database that the service's user may use; takes milliseconds."""
        name = f"{service}_{next(self._numbers)}"
        self.execute(
            f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
            f"GRANT ALL ON `{name}`.* TO '{username(service)}'@'%'",
        )
        return Database(self.host, self.port, name, username(service), self.secrets.passwords[service])

    def drop(self, database: Database) -> None:
        """Drop a database of :meth:`fresh_database`. Idempotent."""
        self.execute(f"DROP DATABASE IF EXISTS `{database.name}`")

    def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as an administrator and return the rows of the last one."""
        with self._connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def wait_until_ready(self) -> None:
        """Wait until it answers a real query, as the operator's readiness probe asks."""
        self.container.wait_for(self._ready)

    def remove(self) -> None:
        """Remove the server and its data. Idempotent."""
        self.container.remove()
        self.secrets.remove()

    def _ready(self) -> bool:
        try:
            account = self.database("auth")
            pymysql.connect(
                host=self.host, port=self.port, user=account.username, password=account.password, connect_timeout=2
            ).close()
        except pymysql.err.OperationalError:
            return False
        return True

    def _make_admin(self) -> None:
        self.container.execute(
            "mysql", "--defaults-file=/run/mysqld/client.cnf", "--execute",
            f"CREATE USER '{ADMIN}'@'%' IDENTIFIED BY '{self._admin_password}'; GRANT ALL ON *.* TO '{ADMIN}'@'%' "
            "WITH GRANT OPTION;",
        )  # fmt: skip

    def _connect(self) -> "pymysql.connections.Connection":
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=ADMIN,
            password=self._admin_password,
            autocommit=True,
            connect_timeout=5,
        )

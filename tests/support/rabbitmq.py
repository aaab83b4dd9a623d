"""A real RabbitMQ in a container, run by the operator's own script, with a new empty vhost for whoever asks."""

import itertools
import secrets
import socket
from dataclasses import dataclass

import httpx

from e2e.images import catalogue
from tests.support.container import SCRIPTS, Container, Removable, SecretFolder, username

AMQP = 5672
MANAGEMENT = 15672
UID = 999
ADMIN = "test_admin"
GREETING = b"AMQP\x00\x00\x09\x01"


@dataclass(frozen=True)
class Broker:
    """Where a vhost is and who may use it: the parts of a service's settings."""

    host: str
    port: int
    vhost: str
    username: str
    password: str


class RabbitMQServer(Removable):
    """A broker; ``durable`` puts its data on a volume that outlives a stop, instead of memory."""

    host = "127.0.0.1"

    def __init__(self, *, durable: bool = False) -> None:
        (image,) = catalogue.ensure("rabbitmq")
        self._numbers = itertools.count(1)
        self._admin_password = secrets.token_urlsafe(16)
        self.secrets = SecretFolder("broker", {"rabbitmq/erlang_cookie": secrets.token_hex(20)})
        data = "/var/lib/rabbitmq"
        self.container = Container(
            image,
            ["/scripts/rabbitmq.sh"],
            kind="rabbitmq",
            uid=UID,
            ports=[AMQP, MANAGEMENT],
            writable=["/run/rabbitmq", "/tmp", *([] if durable else [data])],
            volumes=[f"{SCRIPTS}:/scripts:ro", f"{self.secrets.path}:/run/secrets:ro", *([data] if durable else [])],
            environment={"RABBITMQ_PLUGINS": "rabbitmq_management"},
            options=["--hostname=broker"],
        )
        self.wait_until_ready()
        self._make_admin()

    @property
    def port(self) -> int:
        """Return its AMQP port on 127.0.0.1."""
        return self.container.port(AMQP)

    def broker(self, service: str, vhost: str = "/") -> Broker:
        """Return a service's account on a vhost (the one that the start script has made, by default)."""
        return Broker(self.host, self.port, vhost, username(service), self.secrets.passwords[service])

    def fresh_vhost(self) -> str:
        """Make a new empty vhost that every service's user may use; takes milliseconds."""
        vhost = f"test-{next(self._numbers)}"
        self.request("PUT", f"/vhosts/{vhost}", {"default_queue_type": "quorum"})
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        for service in self.secrets.passwords:
            self.request("PUT", f"/permissions/{vhost}/{username(service)}", rights)
        return vhost

    def fresh_broker(self, service: str) -> Broker:
        """Return a service's account on a new empty vhost."""
        return self.broker(service, self.fresh_vhost())

    def request(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask the management API (``path`` below ``/api``) as an administrator; raises HTTPStatusError."""
        address = f"http://{self.host}:{self.container.port(MANAGEMENT)}/api{path}"
        answer = httpx.request(method, address, json=body, auth=(ADMIN, self._admin_password), timeout=10)
        return answer.raise_for_status()

    def wait_until_ready(self) -> None:
        """Wait until it speaks AMQP."""
        self.container.wait_for(self._ready)

    def remove(self) -> None:
        """Remove the broker and its data. Idempotent."""
        self.container.remove()
        self.secrets.remove()

    def _ready(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as connection:
                connection.sendall(GREETING)
                return connection.recv(1) != b""
        except OSError:
            return False

    def _make_admin(self) -> None:
        user = f'#{{name => <<"{ADMIN}">>, password => <<"{self._admin_password}">>, tags => [administrator]}}'
        rights = f'<<"{ADMIN}">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>'
        # One call, because each one starts an Erlang of its own, which takes more than a second.
        self.container.execute(
            "rabbitmqctl",
            "--quiet",
            "eval",
            f'rabbit_auth_backend_internal:put_user({user}, <<"test">>), '
            f"rabbit_auth_backend_internal:set_permissions({rights}).",
            home="/run/rabbitmq",
        )

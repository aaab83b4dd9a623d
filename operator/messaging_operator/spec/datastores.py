"""The database and the broker: `spec.database` and `spec.broker`, managed here or somebody else's."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from messaging_operator.spec.base import Rule, SpecModel, given
from messaging_operator.spec.quantity import Quantity
from messaging_operator.spec.scheduling import Placed
from messaging_operator.spec.text import DnsName, Host, Port


class Tls(StrEnum):
    """Whether a connection is encrypted and the server's certificate checked."""

    DISABLED = "disabled"
    REQUIRED = "required"


_ONE_OF = Rule(
    cel="has(self.managed) != has(self.external)",
    message="exactly one of managed and external must be given",
    holds=lambda one: given(one, "managed", "external") == 1,
)
_NO_SWITCH = Rule(
    cel="has(self.managed) == has(oldSelf.managed)",
    message="managed and external cannot be exchanged: the data would be left behind",
)
_SAME_CLASS = Rule(
    cel="has(self.storageClassName) == has(oldSelf.storageClassName)"
    " && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
    message="storageClassName cannot be changed: the volume stays where it is",
)
_NO_SHRINKING = Rule(
    cel="!has(self.storage) || !has(oldSelf.storage) || !isQuantity(string(self.storage))"
    " || !isQuantity(string(oldSelf.storage))"
    " || quantity(string(self.storage)).compareTo(quantity(string(oldSelf.storage))) >= 0",
    message="storage cannot become smaller",
)


class Volume(Placed):
    """A component with a volume of its own."""

    storage: Quantity = "5Gi"
    """Size of the volume of each pod; it can grow where the storage class allows that."""
    storage_class_name: DnsName | None = None
    """Storage class of the volume; none means the cluster's default."""


class ManagedDatabase(Volume):
    """A MySQL that the operator runs: one instance, so it is away while its node is."""

    storage: Quantity = "10Gi"
    """Size of the volume; it can grow where the storage class allows that."""

    rules = (_SAME_CLASS, _NO_SHRINKING)


class ExternalDatabase(SpecModel):
    """A MySQL 8.4 or 9 that somebody else runs, with databases auth, user, message, notification and export."""

    host: Host
    """Host name or address."""
    port: Port = 3306
    """TCP port."""
    tls: Tls = Tls.REQUIRED
    """Whether connections are encrypted."""
    credentials_secret: DnsName
    """Secret with the keys `username` and `password` of an account that may use all five databases."""


class Database(SpecModel):
    """Where the services keep their data; managed unless said otherwise."""

    managed: ManagedDatabase | None = None
    """A MySQL that the operator runs."""
    external: ExternalDatabase | None = None
    """A MySQL that somebody else runs."""

    rules = (_ONE_OF, _NO_SWITCH)


class ManagedBroker(Volume):
    """A RabbitMQ that the operator runs."""

    replicas: Literal[1, 3] = 1
    """1, or 3 for a broker that outlives the loss of a node."""

    rules = (
        Rule(cel="self.replicas >= oldSelf.replicas", message="replicas cannot become fewer: queues would be lost"),
        _SAME_CLASS,
        _NO_SHRINKING,
    )


class ExternalBroker(SpecModel):
    """A RabbitMQ 4 that somebody else runs."""

    host: Host
    """Host name or address."""
    port: Port = 5672
    """TCP port of AMQP 0-9-1."""
    virtual_host: Annotated[str, Field(min_length=1, max_length=128)] = "/"
    """Virtual host in which the account may declare, write and read."""
    tls: Tls = Tls.REQUIRED
    """Whether connections are encrypted."""
    credentials_secret: DnsName
    """Secret with the keys `username` and `password`."""


class Broker(SpecModel):
    """What carries events between the services; managed unless said otherwise."""

    managed: ManagedBroker | None = None
    """A RabbitMQ that the operator runs."""
    external: ExternalBroker | None = None
    """A RabbitMQ that somebody else runs."""

    rules = (_ONE_OF, _NO_SWITCH)

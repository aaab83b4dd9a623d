"""The whole spec of a MessagingPlatform, and how it is read."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import Field, ValidationError

from messaging_operator.spec.base import PUBLISHED_DEFAULT, SpecModel
from messaging_operator.spec.datastores import Broker, Database, ManagedBroker, ManagedDatabase
from messaging_operator.spec.gateway import Gateway
from messaging_operator.spec.images import Images
from messaging_operator.spec.services import Services
from messaging_operator.spec.text import Version


class SignUp(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    CLOSED = "closed"


class DeletionPolicy(StrEnum):
    """What happens to the data when the resource is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


class FilesInDatabase(SpecModel):
    """Exports as rows in the export service's database."""


class Storage(SpecModel):
    """Where files are kept."""

    database: FilesInDatabase = FilesInDatabase()
    """In the services' databases."""


class NetworkPolicy(SpecModel):
    """Which pods may talk to which."""

    enabled: bool = True
    """Whether NetworkPolicies are made; they need a network that enforces them."""


class PlatformSpec(SpecModel):
    """What the platform shall be."""

    version: Version
    """Version of the services: the tag of their image."""
    images: Images = Images()
    """Where the images come from."""
    services: Services = Services()
    """How the services run."""
    database: Database = Field(
        default=Database(managed=ManagedDatabase()),
        json_schema_extra={PUBLISHED_DEFAULT: {"managed": {"storage": "10Gi"}}},
    )
    """Where the services keep their data."""
    broker: Broker = Field(
        default=Broker(managed=ManagedBroker()),
        json_schema_extra={PUBLISHED_DEFAULT: {"managed": {"replicas": 1, "storage": "5Gi"}}},
    )
    """What carries events between the services."""
    gateway: Gateway
    """The one way in."""
    storage: Storage = Storage()
    """Where files are kept."""
    sign_up: SignUp = SignUp.OPEN
    """Who may make an account."""
    network_policy: NetworkPolicy = NetworkPolicy()
    """Which pods may talk to which."""
    paused: bool = False
    """While true the operator changes nothing and repairs nothing."""
    deletion_policy: DeletionPolicy = DeletionPolicy.RETAIN
    """What happens to volumes and Secrets when this resource is deleted; a deleted namespace takes them in any case."""


class SpecError(ValueError):
    """A spec that cannot be: one sentence per problem, each beginning with the field's path."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_spec(raw: dict[str, Any], *, strict: bool) -> PlatformSpec:
    """Read a resource's `spec`.

    `strict` refuses unknown fields (a file that a person wrote); otherwise they are ignored (a resource
    that a newer CRD accepted). Raises SpecError.
    """
    try:
        return PlatformSpec.model_validate(raw, extra="forbid" if strict else "ignore")
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise SpecError(tuple(_sentence(detail) for detail in details if not _follows(detail, details))) from None


def _follows(detail: Any, details: Sequence[Any]) -> bool:
    """Whether it complains of a whole only because a part of it is wrong."""
    own = detail["loc"]
    return any(len(other["loc"]) > len(own) and other["loc"][: len(own)] == own for other in details)


def _sentence(detail: Any) -> str:
    path = "spec"
    for part in detail["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    if detail["type"] == "extra_forbidden":
        return f"{path}: unknown field"
    if detail["type"] == "missing":
        return f"{path}: required"
    return f"{path}: {detail['msg'].removeprefix('Value error, ')}"

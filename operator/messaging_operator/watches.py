"""What kopf is used for: watches that put the key of a platform on the queue, and nothing else.

Called by handlers.py. Handlers of events add no finalizer and no annotation. kopf forgets what it has shown; the index
here keeps the resourceVersion of each object, so that watchcheck.py can tell a watch that died from a quiet cluster.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import kopf
from kubernetes.aio.client import Configuration

from messaging_operator import metrics
from messaging_operator.kinds import OBSERVED, PLATFORM, Kind
from messaging_operator.names import FIELD_MANAGER
from messaging_operator.reconcile import PlatformKey

OURS = {"app.kubernetes.io/managed-by": FIELD_MANAGER}
"""The labels by which everything but the platforms themselves is watched."""

INACTIVITY = timedelta(seconds=90)
"""A watch that brings neither change nor bookmark (one a minute) for so long is opened anew."""


@dataclass(frozen=True, order=True)
class Place:
    """Where an object is."""

    kind: str
    namespace: str
    name: str


class Watches:
    """Puts the key of whatever platform an event concerns on the queue by `enqueue`."""

    def __init__(self, enqueue: Callable[[PlatformKey], None]) -> None:
        self._enqueue = enqueue
        self.versions: dict[Place, str] = {}
        self.deleted: set[Place] = set()

    def registry(self, configuration: Configuration) -> kopf.OperatorRegistry:
        """Return kopf's registry with one event handler per watched kind, and the login of `configuration`."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry, id="login")(_login(configuration))
        for kind in (*OBSERVED, PLATFORM):
            kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(self._handler(kind))
        return registry

    def notice(self, kind: Kind, metadata: Any, *, deleted: bool) -> None:
        """Take note of an event about the object with this metadata and have its platform looked at."""
        place = Place(kind.name, metadata["namespace"], metadata["name"])
        if deleted:
            self.versions.pop(place, None)
            self.deleted.add(place)
        else:
            self.versions[place] = metadata["resourceVersion"]
        if key := key_of_platform(kind, place, metadata.get("labels") or {}):
            self._enqueue(key)
        if kind is PLATFORM and deleted:
            metrics.forget_platform(place.namespace, place.name)

    def _handler(self, kind: Kind) -> Any:
        async def handle(event: kopf.RawEvent, **_: Any) -> None:
            self.notice(kind, event["object"]["metadata"], deleted=event["type"] == "DELETED")

        return handle


def key_of_platform(kind: Kind, place: Place, labels: dict[str, str]) -> PlatformKey | None:
    """Return the platform that an object is or belongs to."""
    name = place.name if kind is PLATFORM else labels.get("app.kubernetes.io/instance")
    return PlatformKey(place.namespace, name) if name else None


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: watches that cannot hang, selectors on each kind, and silence otherwise."""
    made = kopf.OperatorSettings()
    made.posting.enabled = False
    made.peering.standalone = True
    made.scanning.disabled = True
    made.watching.server_timeout = 300
    made.watching.connect_timeout = 10
    made.watching.inactivity_timeout = INACTIVITY.total_seconds()
    made.networking.request_timeout = 30
    made.networking.connect_timeout = 10
    selector = ",".join(f"{label}={value}" for label, value in OURS.items())
    for kind in OBSERVED:
        made.watching.label_selectors[kind.group, kind.version, kind.plural] = selector
    return made


def _login(configuration: Configuration) -> Any:
    async def login(**_: Any) -> kopf.ConnectionInfo:
        await configuration.get_api_key_with_prefix("BearerToken")  # reads a renewed token file
        token = configuration.api_key.get("BearerToken", "").partition(" ")[2]
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            token=token or None,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
        )

    return login

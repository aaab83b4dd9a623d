"""The gateway's files, from its input; called by the operator, by `messaging-operator render` and by tests."""

from __future__ import annotations

from typing import Any

import yaml

from .bootstrap import bootstrap, static_bootstrap
from .clusters import clusters
from .envoy import Message, typed
from .listeners import listeners
from .model import GatewayInput
from .routes import route_configuration


def render_gateway(gateway: GatewayInput) -> dict[str, str]:
    """File name -> YAML text, for the names of `ROLLED_FILES` and `HOT_FILES`; the same input gives the same bytes."""
    return {
        "bootstrap.yaml": _text(bootstrap(gateway)),
        "lds.yaml": _text(_resources("envoy.config.listener.v3.Listener", listeners(gateway))),
        "validate.yaml": _text(static_bootstrap(gateway)),
        "cds.yaml": _text(_resources("envoy.config.cluster.v3.Cluster", clusters(gateway))),
        "rds.yaml": _text(_resources("envoy.config.route.v3.RouteConfiguration", [route_configuration(gateway)])),
    }


def _resources(message_type: str, resources: list[Message]) -> Message:
    return {"resources": [typed(message_type, resource) for resource in resources]}


class _PlainDumper(yaml.CSafeDumper):
    """Writes a value that occurs twice twice: anchors would make the files harder to read.

    libyaml's writer gives the same bytes as Python's and takes a third of the time, which is most of a reconcile.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(document: Message) -> str:
    return yaml.dump(document, Dumper=_PlainDumper, sort_keys=False, width=110, allow_unicode=True)

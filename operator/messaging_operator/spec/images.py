"""Where the images come from: `spec.images`."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from messaging_operator.spec.base import SpecModel
from messaging_operator.spec.text import DnsName, ImageReference


class PullPolicy(StrEnum):
    """When the kubelet asks the registry for an image."""

    IF_NOT_PRESENT = "IfNotPresent"
    ALWAYS = "Always"
    NEVER = "Never"


class PullSecret(SpecModel):
    """A Secret of type kubernetes.io/dockerconfigjson in the platform's namespace."""

    name: DnsName
    """Its name."""


class ImageOverrides(SpecModel):
    """Whole image references that take the place of single images."""

    auth: ImageReference | None = None
    """Image of the auth service."""
    user: ImageReference | None = None
    """Image of the user service."""
    message: ImageReference | None = None
    """Image of the message service."""
    notification: ImageReference | None = None
    """Image of the notification service."""
    export: ImageReference | None = None
    """Image of the export service."""
    mysql: ImageReference | None = None
    """Image of the managed database."""
    rabbitmq: ImageReference | None = None
    """Image of the managed broker."""
    envoy: ImageReference | None = None
    """Image of the gateway."""


class Images(SpecModel):
    """Where the images come from."""

    registry: ImageReference | None = None
    """Prefix of every image, such as `registry.example.com/mirror`; none means the container runtime's own default."""
    pull_policy: PullPolicy = PullPolicy.IF_NOT_PRESENT
    """When the kubelet asks the registry."""
    pull_secrets: Annotated[tuple[PullSecret, ...], Field(max_length=10)] = ()
    """Secrets with registry credentials, in the platform's namespace."""
    overrides: ImageOverrides = ImageOverrides()
    """Whole image references that take the place of single images; `registry` is not put before them."""

"""The short texts of a spec, each with the pattern and the length that the CRD publishes."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

VERSION_PATTERN: Final = r"^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}(-[0-9A-Za-z]([0-9A-Za-z.-]{0,30}[0-9A-Za-z])?)?$"
DNS_NAME_PATTERN: Final = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
HOST_PATTERN: Final = r"^[A-Za-z0-9]([-A-Za-z0-9.:]{0,251}[A-Za-z0-9])?$"
ORIGIN_PATTERN: Final = r"^https?://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$"
IMAGE_PATTERN: Final = r"^[a-z0-9]([-._:/@A-Za-z0-9]*[A-Za-z0-9])?$"
LABEL_KEY_PATTERN: Final = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE_PATTERN: Final = r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"
ENV_NAME_PATTERN: Final = r"^[A-Z_][A-Z0-9_]*$"

Version = Annotated[str, StringConstraints(max_length=50, pattern=VERSION_PATTERN)]
DnsName = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=DNS_NAME_PATTERN)]
Host = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=HOST_PATTERN)]
Origin = Annotated[str, StringConstraints(max_length=300, pattern=ORIGIN_PATTERN)]
ImageReference = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=IMAGE_PATTERN)]
LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=317, pattern=LABEL_KEY_PATTERN)]
LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=LABEL_VALUE_PATTERN)]
EnvName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=ENV_NAME_PATTERN)]
EnvValue = Annotated[str, StringConstraints(max_length=4096)]
Port = Annotated[int, Field(ge=1, le=65535)]

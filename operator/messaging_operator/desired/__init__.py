"""The desired state of a platform: pure builders, one file per kind of child."""

from messaging_operator.desired.build import build
from messaging_operator.desired.model import (
    Desired,
    GeneratedSecret,
    Manifest,
    Platform,
    SecretReference,
    Stage,
)

__all__ = ["Desired", "GeneratedSecret", "Manifest", "Platform", "SecretReference", "Stage", "build"]

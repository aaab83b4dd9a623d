"""The spec of a MessagingPlatform: frozen models, one file per subject."""

from messaging_operator.spec.platform import DeletionPolicy, PlatformSpec, SignUp, SpecError, parse_spec

__all__ = ["DeletionPolicy", "PlatformSpec", "SignUp", "SpecError", "parse_spec"]

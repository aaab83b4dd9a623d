"""Settings of the auth service."""

from datetime import timedelta

from messaging_wire.auth import SignUpMode
from pydantic import Field, SecretStr

from messaging.kernel.settings import ServiceSettings

MIN_SECRET_LENGTH = 32


class AuthSettings(ServiceSettings):
    """What auth is told beyond what every service is told."""

    http_port: int = Field(default=5001, ge=0, le=65535)

    sign_up: SignUpMode = "open"
    min_client_version: str = "1.0.0"
    key_encryption_key: SecretStr = SecretStr("")
    """Protects the signing keys in the database. Empty is allowed with SQLite only: a key file is made then."""
    trusted_hops: int = Field(default=0, ge=0, le=10)
    """How many proxies append to `x-forwarded-for` before a request comes here: 1 behind the gateway, 0 direct."""

    refresh_lifetime: timedelta = Field(default=timedelta(days=30), gt=timedelta(0))
    refresh_repeat_window: timedelta = Field(default=timedelta(seconds=30), ge=timedelta(0), le=timedelta(minutes=5))
    """How long a rotated refresh token gets its successor again, while that is unused."""

    password_memory_kib: int = Field(default=19456, ge=8)
    password_iterations: int = Field(default=2, ge=1)
    """Argon2id with one lane; the defaults are OWASP's (Password Storage Cheat Sheet): 19 MiB, 2 iterations."""
    password_threads: int = Field(default=2, ge=1, le=64)
    """How many passwords are hashed at once; each takes `password_memory_kib`."""
    password_waiting: int = Field(default=100, ge=0)
    """How many more may wait; who comes then is told 503."""

    login_window: timedelta = Field(default=timedelta(minutes=15), gt=timedelta(0))
    login_limit_per_pair: int = Field(default=20, ge=1)
    """Failures of one log-in name from one client address, per window."""
    login_limit_per_login: int = Field(default=200, ge=1)
    """Failures of one log-in name from anywhere; higher, so that a stranger cannot easily lock a person out."""
    login_limit_per_address: int = Field(default=500, ge=1)
    """Failures from one client address (IPv6: one /64), whatever the log-in name."""
    guess_limit_per_address: int = Field(default=50, ge=1)
    """Wrong receipts of account deletions from one client address (IPv6: one /64), per window."""

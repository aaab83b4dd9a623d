"""Settings of the export service."""

from datetime import timedelta

from pydantic import Field, SecretStr

from messaging.kernel.settings import ServiceSettings

MIB = 1024 * 1024


class ExportSettings(ServiceSettings):
    """What export is told beyond what every service is told."""

    http_port: int = Field(default=5004, ge=0, le=65535)

    link_key: SecretStr = SecretStr("")
    """Master of the keys that sign links and seal grants. Empty is allowed with SQLite only: a file is made then."""

    export_lifetime: timedelta = Field(default=timedelta(hours=24), gt=timedelta(0))
    """How long an export is kept after it has ended, well or not."""
    link_lifetime: timedelta = Field(default=timedelta(minutes=5), gt=timedelta(0), le=timedelta(hours=1))
    lease: timedelta = Field(default=timedelta(seconds=30), gt=timedelta(0))
    """How long a replica may be silent about an export that it works on before another takes it over."""
    exports_at_once: int = Field(default=2, ge=1, le=100)
    """How many exports one replica works on at once."""
    exports_per_person: int = Field(default=20, ge=1)
    """How many exports of one person are kept at once, whatever their state."""
    max_export_bytes: int = Field(default=1024 * MIB, ge=MIB)
    min_free_bytes: int = Field(default=256 * MIB, ge=0)
    """With SQLite: an export fails rather than leave less free space than this."""

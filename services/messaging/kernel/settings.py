"""Settings: from the environment (prefix `MESSAGING_`), secrets from files in one folder.

A file is named as its setting without the prefix, so a Kubernetes Secret mounted as a folder serves as it is. Read
once in each service's `app.py` and passed down; nothing else looks at the environment.
"""

import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from messaging.kernel.errors import ConfigurationError

ENV_PREFIX = "MESSAGING_"
DEFAULT_SECRETS_DIR = "/run/secrets/messaging"
Transport = Literal["disabled", "required"]
VERSION = "1.0.0"


class ServiceSettings(BaseSettings):
    """What every service is told. Empty hosts mean the standalone form: SQLite files and the in-process bus."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    version: str = VERSION
    external_url: str = Field(default="http://localhost:5000", pattern=r"^https?://[^\s/]+(/[^\s]*)?$")
    http_port: int = Field(default=5000, ge=0, le=65535)
    admin_port: int = Field(default=8081, ge=0, le=65535)
    listen_address: str = "0.0.0.0"

    data_dir: Path = Path("data")
    database_host: str = ""
    database_port: int = Field(default=3306, ge=1, le=65535)
    database_name: str = ""
    database_tls: Transport = "disabled"
    database_pool_size: int = Field(default=10, ge=2, le=200)
    database_username: str = ""
    database_password: SecretStr = SecretStr("")

    broker_host: str = ""
    broker_port: int = Field(default=5672, ge=1, le=65535)
    broker_vhost: str = "/"
    broker_tls: Transport = "disabled"
    broker_username: str = ""
    broker_password: SecretStr = SecretStr("")

    auth_internal_url: str = "http://localhost:8081"
    message_internal_url: str = "http://localhost:8081"

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    drain_s: float = Field(default=0.0, ge=0, le=300)
    """How long a stopping process goes on serving after it has said that it is not ready."""

    purge_delay_s: float = Field(default=2.0, ge=0, le=60)
    """How long the removal of a deleted account waits: for up to a second a revoked token still acts elsewhere."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then secret files, then the environment."""
        folder = Path(os.environ.get(f"{ENV_PREFIX}SECRETS_DIR", DEFAULT_SECRETS_DIR))
        if not folder.is_dir():
            return init_settings, env_settings
        secrets = SecretsSettingsSource(settings_cls, secrets_dir=folder, env_prefix="")
        return init_settings, secrets, env_settings


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def load_settings(kind: type[SettingsT], **values: object) -> SettingsT:
    """Read settings of `kind`; `values` go before files and environment.

    Raises:
        ConfigurationError: a value is missing or wrong; names the variable, never its value.
    """
    try:
        return kind(**values)  # type: ignore[arg-type]  # checked by pydantic right here
    except ValidationError as error:
        problems = "; ".join(
            f"{ENV_PREFIX}{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"settings: {problems}") from None

"""Settings come from arguments, secret files and the environment, in that order, and say what is wrong."""

from pathlib import Path

import pytest
from messaging.kernel.errors import ConfigurationError
from messaging.kernel.settings import ServiceSettings, load_settings


def test_a_secret_file_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "database_password").write_text("from the file\n")
    monkeypatch.setenv("MESSAGING_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("MESSAGING_DATABASE_PASSWORD", "from the environment")

    settings = load_settings(ServiceSettings)

    assert settings.database_password.get_secret_value() == "from the file"


def test_a_wrong_value_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGING_DATABASE_PORT", "hunter2")

    with pytest.raises(ConfigurationError, match="MESSAGING_DATABASE_PORT") as caught:
        load_settings(ServiceSettings)

    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_secrets_do_not_show_in_a_printed_setting() -> None:
    settings = load_settings(ServiceSettings, database_password="swordfish", broker_password="swordfish")

    assert "swordfish" not in repr(settings)
    assert "swordfish" not in settings.model_dump_json()

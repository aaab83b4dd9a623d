"""The small-team form works as a whole, keeps its data, and shows its secrets to nobody."""

from __future__ import annotations

import json

import pytest

from e2e.scenarios import SCENARIOS, run
from tests.compose.project import ComposeProject

PASSWORD_FILES = {
    "mysql": ["/run/secrets/mysql/root_password", "/run/secrets/services/auth/database_password"],
    "rabbitmq": ["/run/secrets/rabbitmq/erlang_cookie", "/run/secrets/services/auth/broker_password"],
    "auth": ["/run/secrets/messaging/key_encryption_key", "/run/secrets/messaging/database_password"],
    "export": ["/run/secrets/messaging/link_key", "/run/secrets/messaging/broker_password"],
}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_people_can_chat(scenario: str, project: ComposeProject) -> None:
    for error in (await run(project.url, only=[scenario])).values():
        if error is not None:
            raise error


def test_everything_is_healthy_and_nothing_was_restarted(project: ComposeProject) -> None:
    for container in project.containers():
        state, name = container["State"], container["Name"]
        if "Health" in state:
            assert state["Health"]["Status"] == "healthy", name
        else:
            assert (state["Status"], state["ExitCode"]) == ("exited", 0), name
        assert container["RestartCount"] == 0, name
        assert state["OOMKilled"] is False, name


def test_secrets_stand_in_no_command_line_environment_or_log(project: ComposeProject) -> None:
    shown = json.dumps(project.containers()) + project.compose("config") + project.compose("logs")
    shown += project.compose("top")
    values = secret_values(project)
    assert len(set(values)) == len(values) - 1, "only auth's own database password is held twice: by auth and by MySQL"
    for value in values:
        assert len(value) >= 32
        assert value not in shown


def test_a_service_sees_no_secret_of_another(project: ComposeProject) -> None:
    own = project.compose("exec", "-T", "user", "ls", "/run/secrets", "/run/secrets/messaging").split()
    assert "key_encryption_key" not in own
    assert {"database_password", "broker_password"} <= set(own)


def test_a_second_start_makes_no_new_secret(project: ComposeProject) -> None:
    before = secret_values(project)
    project.compose("run", "--rm", "--no-TTY", "secrets")
    assert secret_values(project) == before


def secret_values(project: ComposeProject) -> list[str]:
    return [
        project.compose("exec", "-T", service, "cat", file)
        for service, files in PASSWORD_FILES.items()
        for file in files
    ]

"""The start scripts of the containers of others, in real containers."""

from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest
from messaging_operator.desired import scripts

from e2e import shell
from tests.support.container import SCRIPTS, username
from tests.support.mysql import Database, MySQLServer
from tests.support.rabbitmq import RabbitMQServer


@pytest.fixture
def durable(container_engine: None) -> Iterator[MySQLServer]:
    """A MySQL of the test's own, with its data on a volume."""
    with MySQLServer(durable=True) as server:
        yield server


def query(database: Database, password: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements as a service and return the rows of the last one."""
    with (
        pymysql.connect(
            host=database.host, port=database.port, user=database.username, password=password, database=database.name
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
        connection.commit()
        return list(cursor.fetchall())


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.sh")))
def test_a_script_is_sound_bash(script: str) -> None:
    shell.run(["bash", "-n", SCRIPTS / script])


def test_the_operator_carries_the_scripts_that_lie_beside_it() -> None:
    assert {scripts.MYSQL, scripts.RABBITMQ, scripts.ENVOY} == {Path(file).read_text() for file in SCRIPTS.glob("*.sh")}


def test_a_changed_secret_and_a_restart_change_the_password_and_keep_the_data(durable: MySQLServer) -> None:
    database = durable.database("user")
    query(database, database.password, "CREATE TABLE kept (id INT PRIMARY KEY)", "INSERT INTO kept VALUES (7)")

    changed = "another' \\ \"password`"
    (durable.secrets.path / "services/user/database_password").write_text(changed)
    durable.secrets.passwords["user"] = changed
    durable.container.kill()
    durable.container.start()
    durable.wait_until_ready()

    assert query(database, changed, "SELECT id FROM kept") == [(7,)]
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        query(database, database.password, "SELECT 1")


def test_a_service_cannot_touch_the_database_of_another(mysql_server: MySQLServer) -> None:
    auth = mysql_server.database("auth")
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        query(auth, auth.password, "CREATE TABLE user.intruder (id INT PRIMARY KEY)")


def test_a_single_broker_need_not_wait_for_others_before_it_stops(rabbitmq_server: RabbitMQServer) -> None:
    rabbitmq_server.container.execute("bash", "/scripts/rabbitmq.sh", "drain")


def test_a_broker_knows_the_services_and_nobody_else(rabbitmq_server: RabbitMQServer) -> None:
    listed = rabbitmq_server.container.execute(
        "rabbitmqctl", "--quiet", "list_users", "--no-table-headers", home="/run/rabbitmq"
    )
    users = {line.split("\t")[0] for line in listed.splitlines()} - {"test_admin"}
    assert users == {username(service) for service in ("auth", "user", "message", "notification", "export")}

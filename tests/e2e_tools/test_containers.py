"""The servers that other tests stand on: fresh, confined, and gentle with what is not theirs."""

import os

import pymysql
import pytest

from e2e.docker import docker
from e2e.images import catalogue
from tests.support.container import LABEL, SCRIPTS, remove_stale
from tests.support.containers import MySQLServer, RabbitMQServer


def test_a_fresh_database_is_empty_and_open_to_its_service_only(mysql_server: MySQLServer) -> None:
    database = mysql_server.fresh_database("message")

    with pymysql.connect(
        host=database.host,
        port=database.port,
        user=database.username,
        password=database.password,
        database=database.name,
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == ()
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        pymysql.connect(
            host=database.host, port=database.port, user="auth_a", password=database.password, database=database.name
        )
    mysql_server.drop(database)


def test_mysql_flushes_every_commit(mysql_server: MySQLServer) -> None:
    assert mysql_server.execute("SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@local_infile") == [(1, 1, 0)]


def test_the_readiness_probe_of_mysql_asks_a_real_query(mysql_server: MySQLServer) -> None:
    mysql_server.container.execute("/bin/bash", "/scripts/mysql.sh", "ready")


def test_a_fresh_vhost_is_empty_and_known_to_every_service(rabbitmq_server: RabbitMQServer) -> None:
    vhost = rabbitmq_server.fresh_vhost()

    assert rabbitmq_server.request("GET", f"/queues/{vhost}").json() == []
    rights = rabbitmq_server.request("GET", f"/vhosts/{vhost}/permissions").json()
    assert {right["user"] for right in rights} >= {"auth_a", "user_a", "message_a", "notification_a", "export_a"}


def test_rabbitmq_has_no_guest(rabbitmq_server: RabbitMQServer) -> None:
    assert "guest" not in {user["name"] for user in rabbitmq_server.request("GET", "/users").json()}


def test_mysql_refuses_a_volume_with_somebody_elses_files_and_leaves_them(container_engine: None) -> None:
    (image,) = catalogue.ensure("mysql")
    script = (
        "echo precious > /var/lib/mysql/photo.jpg; bash /scripts/mysql.sh; echo code $?; cat /var/lib/mysql/photo.jpg"
    )

    said = docker(
        "run", "--rm", f"--label={LABEL}={os.getpid()}", "--user=999:999", f"--volume={SCRIPTS}:/scripts:ro",
        "--tmpfs=/run/mysqld:uid=999", "--tmpfs=/var/lib/mysql:uid=999", "--entrypoint=/bin/bash", image, "-c", script,
    )  # fmt: skip

    assert said.split() == ["code", "2", "precious"]


def test_containers_of_a_run_that_was_killed_are_removed(container_engine: None) -> None:
    (image,) = catalogue.ensure("python")
    nobody = 2**22 + 1  # above the kernel's largest pid
    container = docker("run", "--detach", f"--label={LABEL}={nobody}", image, "sleep", "60").strip()

    remove_stale()

    assert container[:12] not in docker("ps", "--all", "--quiet")

"""ejabberd with mod_mam on MySQL, as Debian 12 packages it; tuned where its defaults would hold it back."""

from bench.peers import image
from bench.peers.peer import Account, Peer
from e2e.docker import docker
from tests.support.container import free_port

CONFIGURATION = """
hosts: [localhost]
loglevel: warning
auth_method: internal
auth_password_format: plain
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false, max_stanza_size: 65536, access: all,
     max_fsm_queue: 100000}}
shaper: {{}}
shaper_rules: {{}}
access_rules: {{}}
sql_type: mysql
sql_server: "127.0.0.1"
sql_port: {database.port}
sql_database: "{database.name}"
sql_username: "{database.user}"
sql_password: "{database.password}"
sql_pool_size: {pool}
modules:
  mod_register: {{ip_access: all, registration_watchers: [], access: all}}
  mod_mam: {{db_type: sql, default: always, cache_size: 10000}}
  mod_muc:
    db_type: mnesia
    host: conference.localhost
    access: all
    access_create: all
    history_size: 0
    max_users: 10000
    max_user_conferences: 10000
    min_message_interval: 0
    default_room_options: {{mam: true, persistent: true, max_users: 10000}}
registration_timeout: infinity
"""
POOL = 16
"""Connections to the database: one per sending room, so that the database's group commit works for it."""


class Ejabberd(Peer):
    """An ejabberd as its own user with 20,000 open files."""

    title = "ejabberd"
    uid = image.EJABBERD_UID
    folders = ("/var/lib/ejabberd", "/var/log/ejabberd")
    archive = "archive"

    @property
    def version(self) -> str:
        """Its name and the package's version."""
        return "ejabberd 23.01, mod_mam on SQL"

    def configuration(self, account: Account) -> dict[str, str]:
        """One file."""
        return {"ejabberd.yml": CONFIGURATION.format(port=self.port, database=account, pool=POOL)}

    def command(self) -> str:
        """Schedulers do not spin while they wait, as with our RabbitMQ: on two processors that helps."""
        return (
            f"export HOME=/var/lib/ejabberd ERL_DIST_PORT={free_port()} "
            "ERL_OPTIONS='+sbwt none +sbwtdcpu none +sbwtdio none'; "
            "exec ejabberdctl --config /configuration/ejabberd.yml --logs /var/log/ejabberd foreground"
        )

    def prepare(self, account: Account) -> None:
        """Load the schema that the package brings."""
        schema = docker("run", "--rm", "--entrypoint=/bin/cat", image.PEERS.image, "/usr/share/ejabberd/sql/mysql.sql")
        statements = [part for part in schema.split(";\n") if part.strip()]
        self._mysql.execute(f"USE `{account.name}`", *statements)

"""Prosody with mod_muc_mam on MySQL, as Debian 12 packages it."""

from bench.peers import image
from bench.peers.peer import ROOMS, Account, Peer

CONFIGURATION = """
daemonize = false
pidfile = "/tmp/prosody.pid"
data_path = "/var/lib/prosody"
log = {{ warn = "*console" }}
network_backend = "epoll"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
s2s_ports = {{}}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
allow_registration = true
authentication = "internal_plain"
modules_enabled = {{ "saslauth", "disco", "register", "register_ibr" }}
modules_disabled = {{ "s2s", "tls", "offline", "limits" }}
storage = {{ archive = "sql", muc_log = "sql" }}
sql = {{
  driver = "MySQL", database = "{database.name}", username = "{database.user}", password = "{database.password}",
  host = "127.0.0.1", port = {database.port}
}}
VirtualHost "localhost"
Component "{rooms}" "muc"
  modules_enabled = {{ "muc_mam" }}
  muc_log_by_default = true
  muc_log_all_rooms = true
  muc_log_presences = false
  muc_log_expires_after = "never"
  muc_room_locking = false
  muc_room_default_persistent = true
  max_history_messages = 0
"""


class Prosody(Peer):
    """A Prosody as its own user."""

    title = "Prosody"
    uid = image.PROSODY_UID
    folders = ("/var/lib/prosody",)
    archive = "prosodyarchive"

    @property
    def version(self) -> str:
        """Its name and the package's version."""
        return "Prosody 0.12.3, mod_muc_mam on SQL"

    def configuration(self, account: Account) -> dict[str, str]:
        """One file."""
        return {"prosody.cfg.lua": CONFIGURATION.format(port=self.port, database=account, rooms=ROOMS)}

    def command(self) -> str:
        """In the foreground."""
        return "export HOME=/var/lib/prosody; exec prosody --config /configuration/prosody.cfg.lua -F"

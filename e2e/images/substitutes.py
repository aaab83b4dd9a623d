"""Images that stand in for public ones where no registry has them, made from Debian's packages under the same names.

What the platform asks of an image is little (its programs on PATH, a passwd entry for the uid), so both kinds serve
alike.
"""

from dataclasses import dataclass, field

from e2e import versions
from e2e.docker import RECIPE_LABEL
from e2e.images import roots
from e2e.images.roots import Root
from e2e.shell import run
from e2e.steps import step

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_MYSQL_EXTRAS = (
    "usr/bin/my[!s]*", "usr/bin/ibd2sdi", "usr/bin/innochecksum", "usr/bin/perror", "usr/bin/zlib_decompress",
    "usr/bin/mysql_*", "usr/bin/mysql[!ad]*", "usr/lib/mysql/plugin/*telemetry*", "usr/lib/mysql/plugin/*oci*",
    "usr/lib/mysql/plugin/*ldap*", "usr/lib/mysql/plugin/*webauthn*", "usr/lib/mysql/plugin/*kerberos*",
)  # fmt: skip

_RABBITMQ_COMMANDS = ("rabbitmq-server", "rabbitmqctl", "rabbitmq-diagnostics", "rabbitmq-plugins", "rabbitmq-queues")


@dataclass(frozen=True)
class Substitute:
    """A root folder as an image, with the environment that its processes get."""

    image: str
    root: Root
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def recipe(self) -> str:
        """Return the value of the image's recipe label."""
        return self.root.recipe


PYTHON = Substitute(
    versions.PYTHON_IMAGE,
    Root(
        "python",
        "trixie",
        ("python3", "python3-venv", "ca-certificates"),
        leave_out=(
            *roots.UNREAD, *roots.PACKAGE_TOOLS, "usr/lib/python3*/EXTERNALLY-MANAGED", "usr/lib/python3*/pydoc_data",
        ),
        files={"usr/local/bin/python": '#!/bin/sh\nexec python3 "$@"\n'},
    ),
    {"LANG": "C.UTF-8"},
)  # fmt: skip

MYSQL = Substitute(
    versions.MYSQL_IMAGE,
    Root(
        "mysql",
        "sid",
        ("mysql-server-core", "mysql-client-core"),
        leave_out=(*roots.UNREAD, *roots.PACKAGE_TOOLS, *_MYSQL_EXTRAS),
        users={"mysql": 999},
        owned={"var/lib/mysql": 999, "run/mysqld": 999},
    ),
)

RABBITMQ = Substitute(
    versions.RABBITMQ_IMAGE,
    Root(
        "rabbitmq",
        "sid",
        ("rabbitmq-server",),
        leave_out=(
            *roots.UNREAD, *roots.PACKAGE_TOOLS, "usr/bin/rabbitmqadmin", "etc/rabbitmq/*", "var/lib/rabbitmq/.erlang*",
        ),
        users={"rabbitmq": 999},
        owned={"var/lib/rabbitmq": 999, "etc/rabbitmq": 999, "var/log/rabbitmq": 999},
        files={
            f"usr/sbin/{name}": f'#!/bin/sh\nexec /usr/lib/rabbitmq/bin/{name} "$@"\n' for name in _RABBITMQ_COMMANDS
        },
    ),
    {"LANG": "C.UTF-8", "HOME": "/var/lib/rabbitmq"},
)  # fmt: skip

SUBSTITUTES = {substitute.image: substitute for substitute in (PYTHON, MYSQL, RABBITMQ)}


def make(substitute: Substitute) -> None:
    """Make the image out of packages and give it its public name; needs root (see :mod:`e2e.images.roots`)."""
    archive = roots.archive(substitute.root)
    environment = {"PATH": SEARCH_PATH, **substitute.environment}
    changes = [
        f"LABEL {RECIPE_LABEL}={substitute.recipe}",
        *(f"ENV {key}={value}" for key, value in environment.items()),
    ]
    options = [word for change in changes for word in ("--change", change)]
    with step(f"Import {substitute.image}"):
        run(["docker", "import", *options, archive, substitute.image])

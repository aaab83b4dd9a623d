"""The image of the peers: ejabberd and Prosody with their MySQL drivers, out of Debian 12's packages.

No registry has it; it is made as `e2e/images` makes the images of MySQL and RabbitMQ, which needs root on Debian.
"""

from e2e import cache
from e2e.docker import label
from e2e.images import substitutes
from e2e.images.roots import UNREAD, Root
from e2e.images.substitutes import Substitute

EJABBERD_UID, PROSODY_UID = 990, 991

PEERS = Substitute(
    "messaging/bench-peers:local",
    Root(
        "bench-peers",
        "bookworm",
        (
            "ejabberd",
            "erlang-p1-mysql",
            "prosody",
            "lua-event",
            "lua-dbi-mysql",
            # What provides prosody's lua5.4-*: debootstrap follows no virtual packages.
            "lua5.4",
            "lua-expat",
            "lua-filesystem",
            "lua-sec",
            "lua-socket",
            "lua-bitop",
        ),
        leave_out=UNREAD,
        users={"ejabberd": EJABBERD_UID, "prosody": PROSODY_UID},
        owned={"var/lib/ejabberd": EJABBERD_UID, "var/lib/prosody": PROSODY_UID},
    ),
    {"LANG": "C.UTF-8"},
)


def ensure() -> str:
    """Return the image's name, made first where it is missing; raises ToolingError where it cannot be made."""
    with cache.lock("image-bench-peers"):
        if label(PEERS.image) != PEERS.recipe:
            substitutes.make(PEERS)
    return PEERS.image

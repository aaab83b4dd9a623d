"""The values of generated Secrets: the one place with randomness, outside the pure core.

Called by the reconciler when it creates a Secret, and by `messaging-operator render`.
"""

import secrets
import string
from typing import Final

from messaging_operator.desired import GeneratedSecret, Manifest

ALPHABET: Final = string.ascii_letters + string.digits
"""Nothing that a shell, SQL, a URL or an option file would read in a way of its own."""


def with_values(secret: GeneratedSecret) -> Manifest:
    """The Secret with fresh values, each call with others; in `stringData`, as the API server takes it."""
    made = {key: random_text(length) for key, length in secret.keys.items()}
    return secret.manifest | {"stringData": dict(sorted({**made, **secret.fixed}.items()))}


def random_text(length: int) -> str:
    """Letters and digits from the system's random source: almost six bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))

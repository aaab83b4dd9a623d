"""Join codes: 32 random characters of `A-Z0-9` (165 bits), shown in groups of four, accepted however they are typed."""

import secrets
import string

from messaging.message.tables import CODE_LENGTH

ALPHABET = string.ascii_uppercase + string.digits
GROUP = 4


def new_code() -> str:
    """Make a folded code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def show_code(code: str) -> str:
    """Write a folded code in groups with dashes."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def fold_code(text: str) -> str | None:
    """Read a code in any case, with or without dashes; None where it cannot be one."""
    typed = text.replace("-", "").replace(" ", "")
    if len(typed) != CODE_LENGTH or not typed.isascii() or not typed.isalnum():
        return None  # measured before folding: some letters become two
    return typed.upper()

"""How names are compared: one folding rule for user names, another for addresses, in every service alike.

Databases' own collations differ, so folded copies stand in columns of their own (`username_key`, `email_key`) that
compare by code point.
"""

import unicodedata


def username_key(username: str) -> str:
    """Fold a user name: two names with the same key are the same name.

    Compatibility forms are unified (NFKC), then case is folded (Unicode, section 3.13, D147 without ignorables).
    """
    return _fold(username)


def email_key(address: str) -> str:
    """Fold an e-mail address: the whole of it without regard to case, as every provider in wide use treats it."""
    return _fold(address.strip())


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())

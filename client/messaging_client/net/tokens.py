"""Where tokens are kept between two starts: the system's keyring, memory only, or a private file by explicit wish."""

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Protocol

import keyring
from keyring.errors import KeyringError, NoKeyringError
from messaging_wire.auth import Account, Tokens
from pydantic import BaseModel, ConfigDict, ValidationError

from messaging_client.errors import TokenStorageError

SERVICE = "messaging-client"
"""The name under which the system's keyring lists our entries."""


class HeldTokens(BaseModel):
    """What a signed-in client holds; `expires_at` is the access token's end by this machine's clock."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    user: Account
    tokens: Tokens
    expires_at: datetime


class TokenStore(Protocol):
    """One place that holds the tokens of one person on one server."""

    def load(self) -> HeldTokens | None:
        """Return what is held, or None; what cannot be read counts as nothing."""

    def save(self, held: HeldTokens) -> None:
        """Replace what is held; raises TokenStorageError."""

    def clear(self) -> None:
        """Hold nothing any more."""


class MemoryStore:
    """Holds tokens as long as the process lives."""

    def __init__(self) -> None:
        self._held: HeldTokens | None = None

    def load(self) -> HeldTokens | None:
        """Return what is held."""
        return self._held

    def save(self, held: HeldTokens) -> None:
        """Replace what is held."""
        self._held = held

    def clear(self) -> None:
        """Hold nothing any more."""
        self._held = None


class KeyringStore:
    """Holds tokens in the system's keyring (Secret Service, macOS Keychain, Windows Credential Locker)."""

    def __init__(self, entry: str) -> None:
        """`entry` names the person and the server, so that several live side by side."""
        self._entry = entry

    def load(self) -> HeldTokens | None:
        """Return what is held; raises TokenStorageError when the keyring is locked or missing."""
        try:
            return _read(keyring.get_password(SERVICE, self._entry))
        except KeyringError as error:
            raise TokenStorageError(f"the system's keyring cannot be read: {error}") from error

    def save(self, held: HeldTokens) -> None:
        """Replace what is held."""
        try:
            keyring.set_password(SERVICE, self._entry, held.model_dump_json())
        except KeyringError as error:
            raise TokenStorageError(f"the system's keyring cannot be written: {error}") from error

    def clear(self) -> None:
        """Delete the entry; one that is not there is no error."""
        try:
            if keyring.get_password(SERVICE, self._entry) is not None:
                keyring.delete_password(SERVICE, self._entry)
        except KeyringError as error:
            raise TokenStorageError(f"the system's keyring cannot be written: {error}") from error


class FileStore:
    """Holds tokens in a file of mode 0600, for terminals without a keyring; only where a person asked for it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> HeldTokens | None:
        """Return what is held; raises TokenStorageError when others may read the file."""
        try:
            if os.name == "posix" and self._path.stat().st_mode & 0o077:
                raise TokenStorageError(f"{self._path} can be read by others; chmod 600 it, or log in again")
            return _read(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def save(self, held: HeldTokens) -> None:
        """Replace the file atomically; another process sees the old tokens or the new ones, never half of them."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".tokens-")  # mkstemp makes mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(held.model_dump_json())
        Path(name).replace(self._path)

    def clear(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)


def keyring_or_memory(entry: str) -> TokenStore:
    """Return the keyring's store, or one in memory where the system has no keyring. Never plain text on disk."""
    try:
        keyring.get_password(SERVICE, entry)
    except NoKeyringError:
        return MemoryStore()
    except KeyringError as error:
        raise TokenStorageError(f"the system's keyring cannot be read: {error}") from error
    return KeyringStore(entry)


def _read(text: str | None) -> HeldTokens | None:
    if text is None:
        return None
    try:
        return HeldTokens.model_validate_json(text)
    except ValidationError:
        return None

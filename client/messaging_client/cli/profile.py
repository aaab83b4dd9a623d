"""A profile: the folder that remembers which server a person uses and where their tokens are kept."""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from messaging_client.errors import TokenStorageError
from messaging_client.net.tokens import FileStore, MemoryStore, TokenStore, keyring_or_memory

DEFAULT_SERVER = "http://localhost:5000"
TOKEN_FILE = "tokens.json"  # noqa: S105 - a file's name
TokenPlace = Literal["keyring", "file"]


class Remembered(BaseModel):
    """What `profile.json` holds; nothing secret."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    server: str = DEFAULT_SERVER
    tokens: TokenPlace = "keyring"


def default_folder() -> Path:
    """Where the profile lies when none is named: the XDG folder, or the user's application data on Windows."""
    base = os.environ.get("APPDATA") if os.name == "nt" else os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "messaging-client"


class Profile:
    """One person on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remembered = self._read()

    def remember(self, remembered: Remembered) -> None:
        """Write what is to be remembered; raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.write_text(remembered.model_dump_json(indent=2) + "\n", encoding="utf-8")
        self.remembered = remembered

    def token_store(self, remembered: Remembered) -> TokenStore:
        """Return where this person's tokens are kept.

        Raises:
            TokenStorageError: this system has no keyring, and no file was asked for. A store in memory would forget
                the tokens with the end of the command.
        """
        if remembered.tokens == "file":
            return FileStore(self.folder / TOKEN_FILE)
        store = keyring_or_memory(f"{remembered.server} {self.folder.resolve()}")
        if isinstance(store, MemoryStore):
            raise TokenStorageError(
                "this system has no keyring to keep your tokens in; sign up or log in with --token-file to keep "
                f"them in {self.folder / TOKEN_FILE}, a file that only you can read"
            )
        return store

    @property
    def _path(self) -> Path:
        return self.folder / "profile.json"

    def _read(self) -> Remembered:
        try:
            return Remembered.model_validate_json(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValidationError):
            return Remembered()

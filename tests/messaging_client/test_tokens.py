"""Tokens are kept in the keyring, in memory, or in a private file by explicit wish; never otherwise."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordDeleteError
from messaging_client.cli.profile import Profile, Remembered
from messaging_client.errors import TokenStorageError
from messaging_client.net.tokens import FileStore, HeldTokens, KeyringStore, MemoryStore, TokenStore, keyring_or_memory
from messaging_wire.auth import Account, Tokens
from messaging_wire.ids import UserId

HELD = HeldTokens(
    user=Account(id=UserId(UUID(int=1)), username="ada", email="ada@example.org", email_verified=False),
    tokens=Tokens(access_token="a", expires_in=600, refresh_token="r", refresh_expires_in=6000),
    expires_at=datetime(2026, 11, 24, tzinfo=UTC),
)


class DictionaryKeyring(KeyringBackend):
    """A keyring of the system, as far as the library `keyring` can tell."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


@pytest.fixture
def system_keyring() -> Iterator[DictionaryKeyring]:
    former, backend = keyring.get_keyring(), DictionaryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(former)


@pytest.fixture
def no_keyring() -> Iterator[None]:
    former = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(former)


@pytest.fixture(params=["memory", "keyring", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path, system_keyring: DictionaryKeyring) -> TokenStore:
    stores: dict[str, TokenStore] = {
        "memory": MemoryStore(),
        "keyring": KeyringStore("ada"),
        "file": FileStore(tmp_path / "profile" / "tokens.json"),
    }
    return stores[request.param]


def test_a_store_gives_back_what_was_saved_until_it_is_cleared(store: TokenStore) -> None:
    assert store.load() is None
    store.save(HELD)
    assert store.load() == HELD
    store.clear()
    assert store.load() is None
    store.clear()


def test_people_on_one_machine_have_entries_of_their_own(system_keyring: DictionaryKeyring) -> None:
    KeyringStore("ada").save(HELD)

    assert KeyringStore("ben").load() is None


def test_without_a_keyring_tokens_live_in_memory(no_keyring: None) -> None:
    assert isinstance(keyring_or_memory("ada"), MemoryStore)


def test_a_command_line_without_a_keyring_says_how_to_go_on_and_writes_nothing(
    no_keyring: None, tmp_path: Path
) -> None:
    with pytest.raises(TokenStorageError, match="--token-file"):
        Profile(tmp_path).token_store(Remembered())
    assert list(tmp_path.iterdir()) == []


def test_a_token_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "profile" / "tokens.json"
    FileStore(path).save(HELD)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    with pytest.raises(TokenStorageError, match="read by others"):
        FileStore(path).load()


def test_what_cannot_be_read_counts_as_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{broken")
    os.chmod(path, 0o600)

    assert FileStore(path).load() is None

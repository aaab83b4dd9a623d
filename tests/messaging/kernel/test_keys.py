"""Keys: one master, a key per purpose, seals that open in their own context only, and a key file made once."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from messaging.kernel.errors import ConfigurationError
from messaging.kernel.keys import SealBrokenError, derive_key, master_key, seal, unseal

MASTER = "a master of more than thirty-two characters"


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert derive_key(MASTER, "links") == derive_key(MASTER, "links")
    assert derive_key(MASTER, "links") != derive_key(MASTER, "grants")


def test_a_seal_opens_with_its_key_and_context_only() -> None:
    key = derive_key(MASTER, "grants")
    sealed = seal(key, b"secret", b"row 1")
    assert unseal(key, sealed, b"row 1") == b"secret"
    for other_key, other_context in ((key, b"row 2"), (derive_key(MASTER, "links"), b"row 1")):
        with pytest.raises(SealBrokenError):
            unseal(other_key, sealed, other_context)


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * 40])
def test_damaged_bytes_do_not_open(damaged: bytes) -> None:
    with pytest.raises(SealBrokenError):
        unseal(derive_key(MASTER, "grants"), damaged, b"row")


def test_the_key_file_is_made_once_even_by_several_at_a_time_and_is_its_owners_only(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "links.key"
    with ThreadPoolExecutor(8) as pool:
        masters = set(pool.map(lambda _: master_key("", setting="link_key", file=file), range(16)))
    assert len(masters) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["links.key"]


def test_a_configured_master_goes_before_the_file(tmp_path: Path) -> None:
    assert master_key(MASTER, setting="link_key", file=tmp_path / "unused") == MASTER
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize(("configured", "word"), [("", "missing"), ("short", "too short")])
def test_without_a_usable_master_a_person_is_told_what_to_give(configured: str, word: str) -> None:
    with pytest.raises(ConfigurationError, match=f"link_key is {word}"):
        master_key(configured, setting="link_key", file=None)

"""Signing keys: made once, sealed at rest, and only their public halves leave."""

import asyncio
import base64
import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from messaging.auth.app import build
from messaging.auth.settings import AuthSettings
from messaging.auth.signing import Keyring
from messaging.kernel.database import open_database
from messaging.kernel.errors import ConfigurationError
from messaging.kernel.migrate import migrate
from sqlalchemy import text

from tests.messaging.auth.conftest import CHEAP, KEY, Auth
from tests.support.clock import SetClock
from tests.support.services import running_service


async def test_the_key_set_is_open_and_holds_public_halves_only(auth: Auth) -> None:
    answer = await auth.service.public.get("/api/auth/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert (await auth.service.admin.get("/internal/jwks")).json() == answer.json()


async def test_the_private_half_rests_sealed(auth: Auth) -> None:
    async with auth.service.host.runtime.database.engine.connect() as connection:
        (row,) = (await connection.execute(text("SELECT private_sealed, public_jwk FROM signing_key"))).all()
    assert b"PRIVATE" not in bytes(row[0])
    assert '"d"' not in row[1]


async def test_many_that_prepare_at_once_make_one_key(auth: Auth) -> None:
    runtime = auth.service.host.runtime
    rings = [Keyring(runtime.database, runtime.clock, KEY) for _ in range(6)]
    await asyncio.gather(*(ring.prepare() for ring in rings))
    assert len({str(ring.jwks()) for ring in rings}) == 1


async def test_keys_live_on_over_a_restart_and_need_the_same_key_encryption_key(tmp_path: Path) -> None:
    settings = AuthSettings(data_dir=tmp_path, **CHEAP)
    seen = []
    for _ in range(2):
        async with running_service("auth", settings, build) as service:
            seen.append((await service.admin.get("/internal/jwks")).json())
    assert seen[0] == seen[1]
    with pytest.raises(ConfigurationError, match="another key_encryption_key"):
        async with running_service("auth", AuthSettings(data_dir=tmp_path, key_encryption_key=KEY), build):
            await asyncio.sleep(10)


async def test_without_a_configured_key_a_file_for_its_owner_only_is_made(tmp_path: Path) -> None:
    async with running_service("auth", AuthSettings(data_dir=tmp_path, **CHEAP), build):
        assert stat.S_IMODE((tmp_path / "auth.key").stat().st_mode) == 0o600


async def test_the_next_key_is_published_first_and_signs_when_its_time_has_come(tmp_path: Path) -> None:
    database, clock = open_database(AuthSettings(data_dir=tmp_path), "auth"), SetClock()
    await migrate(database, "auth")
    keyring = Keyring(database, clock, KEY)
    try:
        await keyring.prepare()
        await keyring.publish_next(clock.now() + timedelta(minutes=5))
        first, second = [key["kid"] for key in keyring.jwks()["keys"]]
        assert kid_of(keyring.sign("at+jwt", {})) == first
        clock.advance(timedelta(minutes=5))
        assert kid_of(keyring.sign("at+jwt", {})) == second
    finally:
        await database.close()


def kid_of(token: str) -> str:
    """Which key signed a token."""
    return str(json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"])

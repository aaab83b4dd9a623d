"""Signing keys and what is signed with them: access tokens and grants.

The first key is made once per database, under a lock; private halves rest sealed under a key derived from the
key-encryption key. Verifiers follow the public halves by `kid`, so a key is published long before it signs.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from messaging_wire import problems

from messaging.auth import store_platform as store
from messaging.auth.tables import SigningKey
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ConfigurationError, ProblemError
from messaging.kernel.keys import SealBrokenError, derive_key, seal, unseal
from messaging.kernel.tokens import ALGORITHM

CURVE = "P-256"
PURPOSE = "auth/signing-keys"


@dataclass(frozen=True)
class _Loaded:
    kid: str
    key: ECKey
    signs_from: datetime


class Keyring:
    """The signing keys of this database."""

    def __init__(self, database: Database, clock: Clock, master: str) -> None:
        self._database = database
        self._clock = clock
        self._sealing_key = derive_key(master, PURPOSE)
        self._loaded: list[_Loaded] = []
        self._is_loaded = asyncio.Event()

    async def prepare(self) -> None:
        """Make the first key where there is none, and load.

        Raises:
            ConfigurationError: the keys were sealed under another key-encryption key.
        """
        async with self._database.writing() as session:
            await store.lock_instance(session)
            if not await store.signing_keys(session):
                session.add(self._new_key(signs_from=self._clock.now()))
        await self.load()

    async def publish_next(self, signs_from: datetime) -> None:
        """Publish a new key that signs from a later time on.

        That time must lie behind the longest time that verifiers keep a key set: `JWKS_CACHE` of api.py, a minute.
        """
        async with self._database.writing() as session:
            await store.lock_instance(session)
            session.add(self._new_key(signs_from=signs_from))
        await self.load()

    async def load(self) -> None:
        """Read all keys, those that another replica made too.

        Raises:
            ConfigurationError: the keys were sealed under another key-encryption key.
        """
        async with self._database.reading() as session:
            rows = await store.signing_keys(session)
        known = {loaded.kid: loaded for loaded in self._loaded}
        self._loaded = [known.get(row.kid) or self._open(row) for row in rows]
        self._is_loaded.set()

    async def public_keys(self) -> KeySet:
        """Load again and return the public halves; waits for `prepare`."""
        await self._is_loaded.wait()
        await self.load()
        return KeySet([ECKey.import_key(loaded.key.as_dict(private=False)) for loaded in self._loaded])

    def jwks(self) -> dict[str, Any]:
        """The public halves as JSON Web Key Set (RFC 7517).

        Raises:
            ProblemError: 503 before they are loaded; an empty set would be believed and cached.
        """
        self._require_loaded()
        return {"keys": [loaded.key.as_dict(private=False) for loaded in self._loaded]}

    def sign(self, token_type: str, claims: Mapping[str, Any]) -> str:
        """Sign with the newest key whose time has come.

        Raises:
            ProblemError: 503 before the keys are loaded.
        """
        self._require_loaded()
        now = self._clock.now()
        current = [loaded for loaded in self._loaded if loaded.signs_from <= now][-1]
        header = {"alg": ALGORITHM, "kid": current.kid, "typ": token_type}
        return jwt.encode(header, dict(claims), current.key, algorithms=[ALGORITHM])

    def _require_loaded(self) -> None:
        if not self._is_loaded.is_set():
            raise ProblemError(problems.UNAVAILABLE, "signing keys are not loaded yet")

    def _new_key(self, *, signs_from: datetime) -> SigningKey:
        kid = secrets.token_urlsafe(12)
        key = ECKey.generate_key(CURVE, {"kid": kid, "alg": ALGORITHM, "use": "sig"}, private=True)
        return SigningKey(
            kid=kid,
            public_jwk=json.dumps(key.as_dict(private=False), sort_keys=True),
            private_sealed=seal(self._sealing_key, key.as_der(private=True), kid.encode()),
            signs_from=signs_from,
        )

    def _open(self, row: SigningKey) -> _Loaded:
        try:
            private = unseal(self._sealing_key, bytes(row.private_sealed), row.kid.encode())
        except SealBrokenError:
            raise ConfigurationError(
                "signing keys in the database are sealed under another key_encryption_key: give back the former one"
            ) from None
        key = ECKey.import_key(private, {"kid": row.kid, "alg": ALGORITHM, "use": "sig"})
        return _Loaded(row.kid, key, row.signs_from)

"""The auth service put together."""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from messaging.auth import api, internal
from messaging.auth.consumers import purges_consumer
from messaging.auth.credentials import Credentials
from messaging.auth.deletion import AccountDeletion, purge_page
from messaging.auth.feed import OwnTrust, RevocationFeed
from messaging.auth.grants import Grants
from messaging.auth.limits import LoginLimits
from messaging.auth.names import FreedNames
from messaging.auth.passwords import Passwords
from messaging.auth.service import AuthService, republish
from messaging.auth.sessions import Sessions
from messaging.auth.settings import AuthSettings
from messaging.auth.signing import Keyring
from messaging.auth.tokens import GRANT_AUDIENCE, GRANT_TYPE, TokenIssuer
from messaging.kernel.keys import master_key
from messaging.kernel.purging import Purging
from messaging.kernel.service import Parts, Runtime, Work
from messaging.kernel.settings import load_settings
from messaging.kernel.tokens import TokenVerifier

__all__ = ["build", "load", "republish"]

log = structlog.get_logger(__name__)

SWEEP_INTERVAL = timedelta(seconds=10)
KEY_FILE = "auth.key"


def load() -> AuthSettings:
    """Read the settings.

    Raises:
        ConfigurationError: a value is missing or wrong.
    """
    return load_settings(AuthSettings)


def build(runtime: Runtime) -> Parts:
    """Put the service together on what the kernel gives.

    Raises:
        ConfigurationError: no usable key-encryption key.
    """
    settings = runtime.settings
    assert isinstance(settings, AuthSettings)  # noqa: S101 - made by `load` above
    master = _master(settings)
    keyring = Keyring(runtime.database, runtime.clock, master)
    feed = RevocationFeed(runtime.database, runtime.bus, runtime.trust.revocations, runtime.clock)
    runtime.trust.follow_instead(OwnTrust(feed, keyring))
    issuer = TokenIssuer(keyring, settings.external_url)
    sessions = Sessions(runtime.database, issuer=issuer, feed=feed, settings=settings, clock=runtime.clock)
    service, purging = _service(
        runtime, settings, names=FreedNames(master, runtime.clock), sessions=sessions, feed=feed
    )
    return Parts(
        routers=[api.router],
        internal=[internal.router],
        state={"auth": service, "keyring": keyring, "feed": feed, "grants": _grants(runtime, issuer)},
        consumers=[purges_consumer(service.deletion, runtime.database)],
        tasks=[_sweeping(service), purging.run],
        prepare=keyring.prepare,
    )


def _service(
    runtime: Runtime, settings: AuthSettings, *, names: FreedNames, sessions: Sessions, feed: RevocationFeed
) -> tuple[AuthService, Purging]:
    """Put together what people call, and what removes the rest of who has left."""
    passwords, purging = Passwords(settings), Purging(runtime, purge_page)
    credentials = Credentials(runtime.database, passwords, LoginLimits(settings, runtime.clock))
    deletion = AccountDeletion(
        runtime.database,
        outbox=runtime.outbox,
        credentials=credentials,
        names=names,
        feed=feed,
        purging=purging,
        clock=runtime.clock,
    )
    service = AuthService(
        runtime.database,
        outbox=runtime.outbox,
        passwords=passwords,
        credentials=credentials,
        names=names,
        sessions=sessions,
        deletion=deletion,
        settings=settings,
        clock=runtime.clock,
    )
    return service, purging


def _master(settings: AuthSettings) -> str:
    file = None if settings.database_host else settings.data_dir / KEY_FILE
    return master_key(settings.key_encryption_key.get_secret_value(), setting="key_encryption_key", file=file)


def _grants(runtime: Runtime, issuer: TokenIssuer) -> Grants:
    verifier = TokenVerifier(
        issuer=runtime.settings.external_url,
        keys=runtime.trust.keys,
        clock=runtime.clock,
        audience=GRANT_AUDIENCE,
        token_type=GRANT_TYPE,
    )
    return Grants(runtime.database, issuer=issuer, callers=runtime.verifier, grants=verifier, clock=runtime.clock)


def _sweeping(service: AuthService) -> Work:
    async def sweep_for_ever() -> None:
        while True:
            await asyncio.sleep(SWEEP_INTERVAL.total_seconds())
            try:
                await service.sweep()
            except (SQLAlchemyError, OSError) as error:
                log.warning("sweep_failed", error=type(error).__name__)

    return sweep_for_ever

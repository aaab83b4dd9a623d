"""What every command needs: the profile, the server, and one person's REST calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from messaging_client.cli.profile import Profile, Remembered, TokenPlace
from messaging_client.net.rest import Rest
from messaging_client.net.session import Session
from messaging_client.net.transport import Transport


@dataclass(frozen=True)
class Context:
    """The options that stand before the command."""

    folder: Path
    server: str | None

    def remembered(self, tokens: TokenPlace | None = None) -> Remembered:
        """What holds for this command: options first, then what the profile remembers."""
        known = Profile(self.folder).remembered
        return Remembered(server=(self.server or known.server).rstrip("/"), tokens=tokens or known.tokens)

    @asynccontextmanager
    async def rest(self, tokens: TokenPlace | None = None) -> AsyncIterator[Rest]:
        """Give the person's calls for the length of a block."""
        remembered = self.remembered(tokens)
        store = Profile(self.folder).token_store(remembered)
        transport = Transport(remembered.server)
        rest = Rest(transport, Session(transport, store))
        try:
            yield rest
        finally:
            await rest.close()

    def remember(self, tokens: TokenPlace | None) -> None:
        """Keep server and place of the tokens for the next command."""
        Profile(self.folder).remember(self.remembered(tokens))

"""Names for ids: asked for once each, and remembered while the command runs."""

from collections.abc import Iterable

from messaging_wire.ids import UserId

from messaging_client.cli.render import NOBODY
from messaging_client.errors import ProblemError, UnreachableError
from messaging_client.net.rest import Rest

IDS_AT_ONCE = 100


class People:
    """User names by id; somebody whose name cannot be had now is shown by their id."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self.names: dict[UserId, str] = {}

    async def meet(self, ids: Iterable[UserId]) -> None:
        """Learn the names of people not met yet."""
        unknown = [user_id for user_id in dict.fromkeys(ids) if self.names.get(user_id, NOBODY) == NOBODY]
        for begin in range(0, len(unknown), IDS_AT_ONCE):
            try:
                profiles = await self._rest.profiles(unknown[begin : begin + IDS_AT_ONCE])
            except (ProblemError, UnreachableError):
                return  # a message matters more than its sender's name
            self.names.update(dict.fromkeys(unknown[begin : begin + IDS_AT_ONCE], NOBODY))
            self.names.update({profile.id: profile.username for profile in profiles})

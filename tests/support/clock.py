"""A clock that stands where a test puts it."""

from datetime import UTC, datetime, timedelta


class SetClock:
    """Starts at one moment for every test and moves only when told."""

    def __init__(self, moment: datetime = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment as last set."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Go forward."""
        self.moment += by

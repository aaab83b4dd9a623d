"""The parts of the user service that its routes call, put together by `app.py`."""

from dataclasses import dataclass

from messaging.user.peers import AccountPeer
from messaging.user.service.presence import PresenceService
from messaging.user.service.profiles import ProfileService
from messaging.user.service.relations import RelationService
from messaging.user.service.reports import ReportService


@dataclass(frozen=True)
class UserParts:
    """One of each."""

    profiles: ProfileService
    relations: RelationService
    reports: ReportService
    presence: PresenceService
    accounts: AccountPeer

"""Rows as answers."""

from messaging_wire.ids import MessageId, ReportId, UserId
from messaging_wire.user import Block, Contact, ContactState, Preferences, Profile, Report

from messaging.kernel.tokens import Caller
from messaging.user.tables import ProfileRow, RelationRow, ReportRow, RequestRow


def profile_view(row: ProfileRow, caller: Caller) -> Profile:
    """A profile, complete for who it is of."""
    return Profile(
        id=UserId(row.user_id),
        username=row.username,
        display_name=row.display_name,
        bio=row.bio,
        avatar_url=row.avatar_url,
        created_at=row.created_at,
        email=row.email if row.user_id == caller.user_id else None,
    )


def contact_view(since: RelationRow | RequestRow, person: ProfileRow, state: ContactState) -> Contact:
    """A contact, or a request."""
    return Contact(
        user_id=UserId(person.user_id),
        username=person.username,
        display_name=person.display_name,
        avatar_url=person.avatar_url,
        state=state,
        created_at=since.created_at if isinstance(since, RequestRow) else since.changed_at,
    )


def block_view(relation: RelationRow, person: ProfileRow) -> Block:
    """Somebody who is blocked."""
    return Block(
        user_id=UserId(person.user_id),
        username=person.username,
        display_name=person.display_name,
        avatar_url=person.avatar_url,
        created_at=relation.changed_at,
    )


def preferences_view(row: ProfileRow) -> Preferences:
    """What a person has chosen."""
    return Preferences.model_validate({name: getattr(row, name) for name in Preferences.model_fields})


def report_view(row: ReportRow) -> Report:
    """A report."""
    return Report(
        id=ReportId(row.id),
        reporter_id=UserId(row.reporter_id),
        user_id=UserId(row.target_id) if row.kind == "user" else None,
        message_id=MessageId(row.target_id) if row.kind == "message" else None,
        reason=row.reason,
        text=row.text,
        created_at=row.created_at,
    )

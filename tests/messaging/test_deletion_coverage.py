"""Every table is thought of when an account is deleted: a new one without a row here fails."""

from importlib import import_module

import pytest
from messaging.kernel.purging import purges
from messaging.openapi import SERVICES

PERSONAL = {
    "auth": {"account", "session", "refresh_token"},
    "user": {"profile", "relation", "contact_request", "last_seen", "report"},
    "message": {
        "member",
        "message",
        "message_version",
        "person",
        "reaction",
        "reaction_tally",
        "pin",
        "invitation",
        "relation",
        "join_attempt",
        "named_person",
    },
    "notification": {
        "membership",
        "activity",
        "activity_mention",
        "activity_skip",
        "deferred_event",
        "notification",
        "reminder",
        "relation",
    },
    "export": {"export", "export_chunk", "download_link"},
}
"""Tables that the deletion of an account removes rows from, or takes what is personal out of."""

OTHERS = {
    "auth": {
        "instance": "of the platform",
        "signing_key": "of the platform",
        "revocation": "an id, until the last token has expired",
        "login_attempts": "hashes, for a quarter of an hour",
        "deletion": "what the owner may ask about, for thirty days: an id, times, a hash",
        "deletion_part": "the same",
        "freed_name": "a keyed hash, for thirty days",
    },
    "user": {},
    "message": {"conversation": "ids only; it goes with its last member"},
    "notification": {
        "conversation": "of its members",
        "applied_membership": "numbers only",
        "activity_block": "numbers only",
    },
    "export": {},
}
"""Tables that hold nothing personal, or nothing that stays, and why."""

KERNEL = {
    "outbox": "goes by being relayed; what was parked goes with the person",
    "inbox": "ids of events, for fourteen days",
    "purge_job": "the memory of who has left, for thirty days",
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_of_a_service_is_thought_of(service: str) -> None:
    tables = set(import_module(f"messaging.{service}.tables").Base.metadata.tables)
    assert tables == PERSONAL[service] | OTHERS[service].keys()


def test_every_table_that_all_services_have_is_thought_of() -> None:
    assert set(purges.metadata.tables) == KERNEL.keys()

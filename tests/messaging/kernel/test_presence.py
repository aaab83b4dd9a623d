"""Leases of presence: the most present of all replicas' words counts, and none of them for ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from messaging.kernel.presence import LEASE, Change, Leases, PresenceHint
from messaging_wire.ids import UserId
from messaging_wire.user import PresenceState

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ADA = UserId(uuid4())
ONE, TWO = uuid4(), uuid4()


def told(replica: UUID, state: PresenceState, after_s: float = 0) -> PresenceHint:
    """A replica's word for Ada."""
    return PresenceHint(replica=replica, at=NOW + timedelta(seconds=after_s), states={ADA: state})


def test_nobody_is_online_of_whom_nothing_is_told() -> None:
    assert Leases().state(ADA) == "offline"


@pytest.mark.parametrize(
    ("one", "two", "both"),
    [("online", "away", "online"), ("away", "online", "online"), ("away", "away", "away"), ("away", "offline", "away")],
)
def test_the_most_present_of_two_replicas_counts(one: PresenceState, two: PresenceState, both: PresenceState) -> None:
    leases = Leases()
    leases.take(told(ONE, one), NOW)
    leases.take(told(TWO, two), NOW)
    assert leases.state(ADA) == both


def test_only_the_last_replica_that_lets_go_makes_a_change() -> None:
    leases = Leases()
    assert leases.take(told(ONE, "online"), NOW) == [Change(ADA, "online")]
    assert leases.take(told(TWO, "online"), NOW) == []
    assert leases.take(told(ONE, "offline", 5), NOW) == []
    assert leases.take(told(TWO, "offline", 9), NOW) == [Change(ADA, "offline", NOW + timedelta(seconds=9))]


def test_a_renewed_lease_is_no_change_and_goes_on() -> None:
    leases = Leases()
    leases.take(told(ONE, "online"), NOW)
    assert leases.take(told(ONE, "online", 40), NOW + timedelta(seconds=40)) == []
    assert leases.expire([ADA], NOW + LEASE) == []
    assert leases.state(ADA) == "online"


def test_a_lease_that_is_not_renewed_ends_and_the_person_was_there_when_it_was_told_last() -> None:
    leases = Leases()
    leases.take(told(ONE, "online", -3), NOW)  # that replica's clock is behind ours: only ours counts the lease
    assert leases.expire([ADA], NOW + LEASE - timedelta(seconds=1)) == []
    assert leases.expire([ADA], NOW + LEASE) == [Change(ADA, "offline", NOW - timedelta(seconds=3))]
    assert leases.expire([ADA], NOW + LEASE) == []


def test_one_dead_replica_leaves_the_other_replicas_word() -> None:
    leases = Leases()
    leases.take(told(ONE, "online"), NOW)
    leases.take(told(TWO, "away"), NOW + timedelta(seconds=30))
    assert leases.expire([ADA], NOW + LEASE) == [Change(ADA, "away")]


def test_a_farewell_of_somebody_who_was_not_known_counts() -> None:
    assert Leases().take(told(ONE, "offline"), NOW) == [Change(ADA, "offline", NOW)]


def test_a_hint_of_a_later_release_is_read() -> None:
    body = told(ONE, "online").model_dump_json()[:-1] + ',"field_of_a_later_release":1}'
    assert PresenceHint.model_validate_json(body) == told(ONE, "online")


async def test_all_leases_end_in_portions_whoever_comes_meanwhile() -> None:
    leases, people = Leases(), [UserId(uuid4()) for _ in range(2500)]
    leases.take(PresenceHint(replica=ONE, at=NOW, states=dict.fromkeys(people, "online")), NOW)
    ending = asyncio.create_task(leases.expire_all(NOW + LEASE))
    await asyncio.sleep(0)
    leases.take(PresenceHint(replica=TWO, at=NOW, states={people[-1]: "away"}), NOW + LEASE)
    ended = {change.user_id: change.state for change in await ending}
    assert ended == dict.fromkeys(people[:-1], "offline") | {people[-1]: "away"}
    assert leases.held() == [people[-1]]

"""One candidate leads at a time, whatever happens to the others."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from kubernetes.aio.client import ApiClient, Configuration
from messaging_operator.cluster import Cluster
from messaging_operator.kinds import CONFIG_MAP, LEASE
from messaging_operator.leader import Leadership, LeadershipLostError, LeaseTimes

from tests.apiserver.world import World

BRIEF = LeaseTimes(
    duration=timedelta(seconds=4), renew_deadline=timedelta(seconds=3), retry=timedelta(milliseconds=300)
)
Candidate = Callable[[str], Leadership]


class Clock:
    """A monotonic clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def candidate(world: World) -> Candidate:
    """Make candidates for one Lease in the test's namespace."""
    return lambda name: Leadership(world.hand, namespace=world.namespace, name="op", identity=name, times=BRIEF)


async def test_the_first_candidate_leads_and_the_second_waits(candidate: Candidate) -> None:
    first, second = candidate("first"), candidate("second")
    await first.acquire()

    waiting = asyncio.create_task(second.acquire())
    holding = asyncio.create_task(first.hold())
    await asyncio.sleep(BRIEF.duration.total_seconds() + 0.5)

    assert first.seconds_left() > 0
    assert not waiting.done()
    for task in (waiting, holding):
        task.cancel()


async def test_a_released_lease_is_taken_at_once(world: World) -> None:
    first, second = (
        Leadership(world.hand, namespace=world.namespace, name="op", identity=name) for name in ("first", "second")
    )
    await first.acquire()

    await first.release()

    async with asyncio.timeout(LeaseTimes().duration.total_seconds() / 2):
        await second.acquire()


async def test_a_lease_of_somebody_who_is_gone_is_taken_once_it_has_run_out(candidate: Candidate) -> None:
    await candidate("killed").acquire()

    async with asyncio.timeout(BRIEF.duration.total_seconds() + 10):
        await candidate("second").acquire()


async def test_a_leader_that_cannot_renew_may_not_write_long_before_another_may_lead(world: World) -> None:
    clock = Clock()
    leadership = Leadership(world.hand, namespace=world.namespace, name="op", identity="me", times=BRIEF, clock=clock)
    await leadership.acquire()
    fenced = Cluster(world.client, fence=leadership.seconds_left)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late", "namespace": world.namespace}}

    clock.now += 3.1

    with pytest.raises(LeadershipLostError):
        await fenced.create(body)
    assert await world.gone(CONFIG_MAP, "late")


async def test_a_leader_gives_up_when_the_api_server_does_not_answer(world: World) -> None:
    leadership = Leadership(world.hand, namespace=world.namespace, name="op", identity="me", times=BRIEF)
    await leadership.acquire()

    async with ApiClient(Configuration(host="http://127.0.0.1:1")) as nowhere:
        leadership._cluster = Cluster(nowhere, timeout=timedelta(milliseconds=300))

        with pytest.raises(LeadershipLostError):
            await asyncio.wait_for(leadership.hold(), timeout=20)


async def test_a_candidate_takes_nothing_over_by_the_clock_of_another_node(world: World, candidate: Candidate) -> None:
    await candidate("first").acquire()
    lease = await world.live(LEASE, "op")
    lease["spec"]["renewTime"] = "2001-01-01T00:00:00.000000Z"
    await world.hand.replace(lease)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(candidate("second").acquire(), timeout=1)

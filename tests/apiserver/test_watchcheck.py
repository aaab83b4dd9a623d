"""A watch that brings nothing any more is found out by a LIST."""

from datetime import timedelta

import pytest
from messaging_operator.desired import Manifest
from messaging_operator.kinds import BY_NAME, CONFIG_MAP
from messaging_operator.reconcile import PlatformKey
from messaging_operator.watchcheck import WatchCheck
from messaging_operator.watches import OURS, Place, Watches

from tests.apiserver.world import World

LABELS = {**OURS, "app.kubernetes.io/instance": "demo"}


class Watched:
    """Watches that a test feeds by hand, with the check that compares them."""

    def __init__(self, world: World) -> None:
        self.enqueued: list[PlatformKey] = []
        self.watches = Watches(self.enqueued.append)
        self.check = WatchCheck(
            world.hand, self.watches, self.enqueued.append, namespaces=[world.namespace], grace=timedelta(0)
        )

    def bring(self, live: Manifest, *, deleted: bool = False) -> None:
        """Do what kopf does when an event arrives."""
        self.watches.notice(BY_NAME[live["kind"]], live["metadata"], deleted=deleted)


@pytest.fixture
def watched(world: World) -> Watched:
    """Watches of the test's namespace."""
    return Watched(world)


async def test_nothing_is_missed_while_events_come(world: World, watched: Watched) -> None:
    watched.bring(await _create(world, "one"))

    assert await watched.check.compare() == []
    assert watched.check.healthy


async def test_an_object_that_no_watch_brought_is_missed_and_its_platform_looked_at(
    world: World, watched: Watched
) -> None:
    await _create(world, "unseen")

    missed = await watched.check.compare()

    assert missed == [Place("ConfigMap", world.namespace, "unseen")]
    assert watched.enqueued == [PlatformKey(world.namespace, "demo")]
    assert not watched.check.healthy


async def test_a_change_that_no_watch_brought_is_missed(world: World, watched: Watched) -> None:
    live = await _create(world, "one")
    watched.bring(live)

    await world.hand.merge({**_head("one", world.namespace), "data": {"new": "value"}})

    assert [place.name for place in await watched.check.compare()] == ["one"]


async def test_what_was_deleted_meanwhile_is_not_missed(world: World, watched: Watched) -> None:
    live = await _create(world, "one")
    watched.bring(live)
    watched.bring(live, deleted=True)
    await world.hand.delete(await world.live(CONFIG_MAP, "one"))

    assert await watched.check.compare() == []


def _head(name: str, namespace: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}


async def _create(world: World, name: str) -> Manifest:
    manifest = _head(name, world.namespace)
    manifest["metadata"]["labels"] = LABELS
    return await world.hand.create(manifest)

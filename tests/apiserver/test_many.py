"""Several platforms at once, worked by the queue as in the running operator."""

import asyncio
from datetime import timedelta

from messaging_operator.queue import Queue
from messaging_operator.reconcile import PlatformKey

from tests.apiserver.waiting import until
from tests.apiserver.world import World, minimal

COUNT = 5


async def test_platforms_of_one_namespace_come_up_side_by_side_and_share_nothing(world: World) -> None:
    names = [f"p{number}" for number in range(COUNT)]
    for name in names:
        status, answer = await world.api.create_platform(world.namespace, minimal(), name)
        assert status == 201, answer
    queue: Queue[PlatformKey] = Queue()
    working = asyncio.create_task(queue.work(world.reconciler.reconcile, workers=COUNT))

    async def all_ready() -> bool:
        await world.controllers()
        for name in names:
            queue.add(PlatformKey(world.namespace, name))
        return await _ready(world) == set(names)

    await until(all_ready, within=timedelta(seconds=120))
    working.cancel()

    objects = await world.objects()
    owners = {
        key: {one["name"] for one in live["metadata"].get("ownerReferences", [])} for key, live in objects.items()
    }
    assert not [key for key, found in owners.items() if len(found) > 1]
    by_platform = [sum(1 for found in owners.values() if found == {name}) for name in names]
    assert min(by_platform) == max(by_platform) > 30
    for name in names:
        world.name = name
        assert await world.look() == 0


async def _ready(world: World) -> set[str]:
    _, found = await world.api.send(
        "GET", f"/apis/messaging.dev/v1alpha1/namespaces/{world.namespace}/messagingplatforms"
    )
    return {
        item["metadata"]["name"]
        for item in found["items"]
        for condition in item.get("status", {}).get("conditions", [])
        if (condition["type"], condition["status"]) == ("Ready", "True")
    }

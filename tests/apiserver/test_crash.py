"""The operator is killed after any of its writes, goes on, and ends where it would have ended."""

import json
from typing import Any

from messaging_operator.kinds import ObjectKey

from tests.apiserver.world import CrashError, World

AUTOSCALED = {"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}}
LONGEST = 300


async def test_killed_after_every_write_it_ends_where_it_would_have_ended(world: World) -> None:
    await world.declare(services=AUTOSCALED)

    crashes = await _roll_out_with_crashes(world, writes=1)

    assert crashes > 40
    assert await world.is_true("Ready")
    assert await _shape(world) == await _shape(await _undisturbed(world))


async def test_killed_after_every_third_write_an_upgrade_ends_where_it_would_have_ended(world: World) -> None:
    await world.declare()
    await world.roll_out()
    spec = {"version": "1.0.1", "services": {"user": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}}}

    await world.change(spec)
    crashes = await _roll_out_with_crashes(world, writes=3)

    assert crashes > 4
    assert (await world.platform())["status"]["version"] == "1.0.1"
    world.fence.left = None
    assert await world.look() == 0


async def _roll_out_with_crashes(world: World, *, writes: int) -> int:
    """Kill the operator after each `writes` writes until it has nothing left to write; return how often it died."""
    crashes = 0
    for _ in range(LONGEST):
        world.fence.left = writes
        world.restart()
        try:
            wrote = await world.look()
        except CrashError:
            crashes += 1
            continue
        if not await world.controllers() and not wrote:
            world.fence.left = None
            return crashes
    raise AssertionError(f"not at rest after {crashes} crashes")


async def _undisturbed(world: World) -> World:
    """Return the world of the same platform, rolled out in a namespace where nothing was killed."""
    namespace = f"undisturbed-{world.namespace}"
    await world.api.create_namespace(namespace)
    other = World(world.api, namespace, world.client)
    await other.declare(services=AUTOSCALED)
    await other.roll_out()
    return other


async def _shape(world: World) -> dict[ObjectKey, Any]:
    """Return what was declared of each object, without what differs from one namespace or moment to another."""
    shapes = {
        key: _without_marks(live.get("spec") or sorted(live.get("data", {})))
        for key, live in (await world.objects()).items()
    }
    return {key: json.dumps(shape, sort_keys=True).replace(world.namespace, "here") for key, shape in shapes.items()}


def _without_marks(value: Any) -> Any:
    """Leave out addresses, uids and the marks of random Secrets."""
    if isinstance(value, dict):
        return {name: _without_marks(inner) for name, inner in value.items() if not _differs(name)}
    if isinstance(value, list):
        return [_without_marks(inner) for inner in value]
    return value


def _differs(name: str) -> bool:
    return name in ("clusterIP", "clusterIPs", "messaging.dev/secrets", "nodePort") or name.endswith("controller-uid")

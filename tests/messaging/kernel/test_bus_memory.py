"""The bus of one process: hints reach the other services in order, and their own service not at all."""

import asyncio

from messaging.kernel.bus_memory import MemoryBus


async def test_a_hint_reaches_the_other_services_that_listen_in_order_and_never_its_own() -> None:
    bus = MemoryBus()
    heard: dict[str, list[bytes]] = {"message": [], "user": [], "export": []}
    for name, topic in (("message", "presence.hint"), ("user", "presence.hint"), ("export", "something.else")):
        bus.of(name).subscribe_hints(topic, lambda _topic, body, name=name: heard[name].append(body), lambda: None)  # type: ignore[misc]
    for body in (b"one", b"two"):
        bus.of("message").publish_hint("presence.hint", body)
    await asyncio.sleep(0)
    assert heard == {"message": [], "user": [b"one", b"two"], "export": []}


async def test_a_hint_is_not_worked_off_within_the_call_that_tells_it() -> None:
    bus = MemoryBus()
    heard: list[bytes] = []
    bus.of("user").subscribe_hints("presence.hint", lambda _topic, body: heard.append(body), lambda: None)
    bus.of("message").publish_hint("presence.hint", b"soon")
    assert heard == []
    await asyncio.sleep(0)
    assert heard == [b"soon"]

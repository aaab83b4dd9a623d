"""Whoever comes back to a replica that is still reading what their former connection missed hears it in order."""

import asyncio
from pathlib import Path

import pytest

from tests.messaging.message.reliability.client import Client
from tests.messaging.message.reliability.cluster import open_cluster, sqlite_place
from tests.messaging.message.world import until

GAP_WAIT_S = 1.0
"""Longer than it is in earnest, so that the reading is still under way when the new connection is there."""


async def test_what_a_former_connection_missed_does_not_come_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.message.channel.GAP_WAIT_S", GAP_WAIT_S)
    places = sqlite_place(tmp_path, "message"), sqlite_place(tmp_path, "notification")
    async with open_cluster(*places, replicas=2) as cluster:
        here, elsewhere = cluster.replicas
        ada, ben = Client(cluster.person("ada")), Client(cluster.person("ben"))
        group = await cluster.group(cluster.person("keeper"), [ada.person, ben.person])
        sockets = here.service.host.parts.sockets
        assert sockets is not None

        async def say(text: str, *, heard_here: bool) -> int:
            cluster.network.weather = ("pass",) if heard_here else ("lose",)
            message = await ada.send(ada.draft(group["id"], text), elsewhere.service.public)
            assert message is not None
            return int(message["seq"])

        await ben.connect(here.url)
        await ben.sync()
        await say("lost", heard_here=False)
        await say("seen behind a gap", heard_here=True)
        await sockets.close_all()
        await say("while nobody is here", heard_here=True)
        await ben.connect(here.url)
        await ben.sync()
        last = await say("to the new connection", heard_here=True)
        socket = ben.socket
        assert socket is not None
        await until(lambda: any(one["seq"] == last for one in socket.messages(group["id"])), "it was not heard")
        await asyncio.sleep(2 * GAP_WAIT_S)

        findings = await cluster.judge(group["id"], [ben])
        await ben.disconnect()
        assert findings.inverted == ()
        assert findings.duplicated == ()

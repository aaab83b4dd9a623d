"""Ada deletes her account on the whole platform: afterwards no table of any service holds anything of her."""

import asyncio
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from e2e.scenarios.checks import Json
from e2e.scenarios.deletion import NOBODY, delete, history, members, start_direct, until_removed
from e2e.scenarios.exports import make_export
from e2e.scenarios.live import MESSAGE_PATH, NOTIFICATION_PATH
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.report import Report
from e2e.scenarios.stage import Stage
from tests.support.standalone import Standalone

WITHIN_S = 15.0
TEXTS = (
    "the first word of a life",
    "a second word, edited",
    "a word between two",
    "a note to herself",
    "a reply of hers",
)
PERSONAL = ("Ada of the Analytical Engine", "writes programs for looms", "buy punched cards", "pestered by a stranger")


def places(folder: Path, words: Iterable[str]) -> list[str]:
    """Where in the SQLite files one of the words stands, in any case: `service.table.column: word`."""
    found = []
    for file in sorted(folder.glob("*.db")):
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        database.row_factory = sqlite3.Row
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f"SELECT * FROM {table}"):
                for column in row.keys():  # noqa: SIM118 - a row has no other way
                    value = row[column]
                    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    found += [f"{file.stem}.{table}.{column}: {word}" for word in words if word.lower() in text.lower()]
        database.close()
    return sorted(set(found))


async def nothing_of(folder: Path, words: Iterable[str]) -> None:
    """Wait, for the seconds that events may be under way, until none of the words stands anywhere."""
    wanted = tuple(words)
    try:
        async with asyncio.timeout(WITHIN_S):
            while found := places(folder, wanted):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(found) from None


async def lead_a_life(stage: Stage, ada: Person, ben: Person, carl: Person) -> tuple[Json, Json]:
    """Ada does whatever one can do; returns a group that she owns and her direct conversation with Ben."""
    own = await stage.group(ada, ben, carl)
    other = await stage.group(ben, ada)
    direct = await start_direct(stage, ben, ada)
    notes = await start_direct(stage, ada, ada)
    first = await ada.send(own["id"], TEXTS[0])
    second = await ada.send(other["id"], "to be edited")
    await ada.put(f"/message/{second['id']}", {"content": TEXTS[1]})
    await ada.send(direct["id"], TEXTS[2])
    await ada.send(notes["id"], TEXTS[3])
    word = await ben.send(own["id"], f"a word of ben's for @{carl.username}")
    reply = {
        "conversation_id": own["id"],
        "client_message_id": first["id"],
        "content": TEXTS[4],
        "reply_to": word["id"],
    }
    await ada.post("/message", reply)
    for message in (word, first):
        await ada.put(f"/message/{message['id']}/reactions/👍", {})
        await ben.put(f"/message/{message['id']}/reactions/🎉", {})
    await ada.put(f"/message/{word['id']}/pin", {})
    await ben.put(f"/conversation/{other['id']}/members/{ada.id}", {"role": "admin"})
    await ada.put(f"/user/{ada.id}", {"display_name": PERSONAL[0], "bio": PERSONAL[1]})
    await ada.post("/notification", {"message": PERSONAL[2]})
    await ada.post("/user/reports", {"user_id": carl.id, "reason": "abuse", "text": PERSONAL[3]})
    await ada.ask("PUT", f"/user/blocks/{carl.id}", expect=204)
    await ada.post("/user/contacts", {"user_id": ben.id})
    await make_export(ada, own["id"])
    return own, direct


@pytest.mark.parametrize("messages", ["delete", "keep"])
async def test_nothing_of_her_is_found_anywhere_and_others_go_on(tmp_path: Path, messages: str) -> None:
    with Standalone(tmp_path) as platform:
        async with Stage(base_url=platform.url, report=Report(out=None)) as stage:
            ada, ben, carl = [await stage.person(name) for name in ("ada", "ben", "carl")]
            own, direct = await lead_a_life(stage, ada, ben, carl)
            hers = [ada.username, ada.email, *PERSONAL, *(TEXTS if messages == "delete" else TEXTS[3:4])]
            assert {word for word in hers if places(platform.data_dir, [word])} == set(hers)

            receipt = await delete(ada, messages)
            await until_removed(stage, ada, receipt, messages)
            await nothing_of(platform.data_dir, [*hers, "to be edited"])

            assert await members(ben, own["id"]) == {ben.id: "owner", carl.id: "member"}
            said = [message["content"] for message in await history(ben, own["id"])]
            assert f"{NOBODY} left" in said
            assert (TEXTS[0] in said) == (messages == "keep")
            assert [m["content"] for m in await history(ben, direct["id"])] == (
                [TEXTS[2]] if messages == "keep" else [""]
            )
            await ben.send(own["id"], "life goes on")
        platform.stop()
        assert places(platform.data_dir, hers) == []


async def test_all_of_her_sockets_close_within_a_second(tmp_path: Path) -> None:
    with Standalone(tmp_path) as platform:
        async with Stage(base_url=platform.url, report=Report(out=None)) as stage:
            ada = await stage.person("ada")
            sockets = [await ada.connect(path) for path in (MESSAGE_PATH, MESSAGE_PATH, NOTIFICATION_PATH)]

            await delete(ada, "keep")

            async with asyncio.timeout(1):
                for socket in sockets:
                    await socket.ended.wait()


async def test_a_removal_that_a_crash_interrupts_goes_on_at_the_next_start(tmp_path: Path) -> None:
    with Standalone(tmp_path, environment={"MESSAGING_PURGE_DELAY_S": "0"}) as platform:
        async with Stage(base_url=platform.url, report=Report(out=None)) as stage:
            ada, ben = [await stage.person(name) for name in ("ada", "ben")]
            groups = [await stage.group(ben, ada) for _ in range(10)]
            socket = await ada.connect()
            for number in range(300):
                await socket.call("send_message", message_body(groups[number % 10]["id"], f"word {number} of ada's"))

            receipt = await delete(ada, "delete")
            for _ in range(3):
                await asyncio.sleep(0.1)
                platform.kill()
                platform.start()

            await until_removed(stage, ada, receipt, "delete")
            await nothing_of(platform.data_dir, [ada.username, "of ada's"])
            for group in groups:
                items = await history(ben, group["id"])
                assert [message["seq"] for message in items] == list(range(1, len(items) + 1))
                assert len({message["rev"] for message in items}) == len(items)
                assert [message["content"] for message in items].count(f"{NOBODY} left") == 1

"""Two people chat from two terminals, as the README says; whatever goes wrong is one sentence and an exit code."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import pytest

from tests.messaging_client.conftest import PASSWORD
from tests.messaging_client.terminal import Terminal
from tests.support.standalone import Standalone

Open = Callable[[str], Terminal]


@pytest.fixture
def open_terminal(platform: Standalone, tmp_path: Path) -> Open:
    return lambda name: Terminal(tmp_path / name, platform.url)


async def sign_up(terminal: Terminal, name: str) -> str:
    username = f"{name}.{token_hex(4)}"
    address = f"{username}@example.org"
    printed = await terminal.done(
        "signup", username, "--email", address, "--password-stdin", "--token-file", typed=f"{PASSWORD}\n"
    )
    assert f"Logged in as {username}" in printed
    return username


async def meet(ada: Terminal, ben: Terminal) -> str:
    """Sign two people up who share a group; returns the second one's name."""
    await sign_up(ada, "ada")
    name = await sign_up(ben, "ben")
    code = (await ada.done("create", "Reading circle")).rsplit(maxsplit=1)[-1]
    assert "Joined Reading circle" in await ben.done("join", code)
    return name


async def test_two_people_chat_from_two_terminals(open_terminal: Open) -> None:
    ada, ben = open_terminal("ada"), open_terminal("ben")
    await meet(ada, ben)
    tail = await ada.follow("tail", "reading")
    await ben.done("send", "Reading circle", "Hello, Ada")
    await tail.until("Hello, Ada")
    assert (await ben.done("send", "Reading circle", typed="one\n\ntwo\n")).count("stored") == 2
    await tail.until("two")
    await tail.end()

    assert [line.rsplit(": ")[-1] for line in tail.lines if ": " in line] == ["Hello, Ada", "one", "two"]
    assert "Reading circle  2 members" in await ada.done("conversations")
    assert [line.rsplit(": ")[-1] for line in (await ben.done("history", "reading", "--limit", "2")).splitlines()] == [
        "one",
        "two",
    ]


async def test_an_invitation_is_told_listed_and_accepted_or_declined(open_terminal: Open) -> None:
    ada, ben = open_terminal("ada"), open_terminal("ben")
    name = await meet(ada, ben)
    for title in ("Rowing", "Sewing"):
        await ada.done("create", title)
    tail = await ben.follow("tail")
    await ada.done("send", "Reading circle", "are you there?")
    await tail.until("are you there?")
    assert f"Invited {name} into Rowing" in await ada.done("add", "rowing", f"@{name}")
    await tail.until_notice("invites you into Rowing: messaging-client accept")
    assert f"Invited {name} into Sewing" in await ada.done("add", "sewing", name)
    await tail.end()

    assert [line.split("  ")[1] for line in (await ben.done("invitations")).splitlines()] == ["Sewing", "Rowing"]
    assert "Joined Rowing" in await ben.done("accept", "row")
    assert "Declined Sewing" in await ben.done("decline", "Sewing")
    assert await ben.done("invitations") == ""
    assert f"{name} is in Rowing now" in await ada.done("add", "rowing", name)
    assert await ben.done("level", "rowing", "mentions") == "Rowing: mentions\n"


async def test_tail_survives_a_restart_of_the_platform_and_misses_nothing(
    platform: Standalone, open_terminal: Open
) -> None:
    ada, ben = open_terminal("ada"), open_terminal("ben")
    await meet(ada, ben)
    tail = await ada.follow("tail")
    await ben.done("send", "Reading circle", "before")
    await tail.until("before")
    platform.kill()
    await tail.until_notice("trying again")
    platform.start()
    await ben.done("send", "Reading circle", typed="".join(f"meanwhile {number}\n" for number in range(20)))
    await tail.until("meanwhile 19")
    await tail.end()

    heard = [line.rsplit(": ")[-1] for line in tail.lines if ": " in line]
    assert heard == ["before", *(f"meanwhile {number}" for number in range(20))]


async def test_a_new_tail_begins_at_what_is_unread(open_terminal: Open) -> None:
    ada, ben = open_terminal("ada"), open_terminal("ben")
    await meet(ada, ben)
    await ben.done("send", "Reading circle", typed="".join(f"unread {number}\n" for number in range(15)))
    tail = await ada.follow("tail", "Reading circle", "--history", "0")
    await tail.until("unread 14")
    await tail.end()

    assert [line.rsplit(": ")[-1] for line in tail.lines if ": " in line] == [f"unread {n}" for n in range(15)]


async def test_one_knows_who_one_is_until_one_logs_out(platform: Standalone, open_terminal: Open) -> None:
    ada = open_terminal("ada")
    username = await sign_up(ada, "ada")

    printed = await ada.done("whoami")
    assert printed.startswith(f"{username} (")
    assert printed.endswith(f" on {platform.url}\n")
    await ada.done("logout")
    assert (await ada.run("whoami")).code == 4
    await ada.done("login", username, "--password-stdin", typed=f"{PASSWORD}\n")
    assert username in await ada.done("whoami")


async def test_a_wrong_password_is_one_sentence_without_the_password(open_terminal: Open) -> None:
    ada = open_terminal("ada")
    username = await sign_up(ada, "ada")

    output = await ada.run("login", username, "--password-stdin", typed="wrong password\n")

    assert output.code == 1
    assert output.err.count("\n") == 1
    assert "wrong password" not in output.err


async def test_a_typed_password_is_asked_for_and_not_shown(open_terminal: Open) -> None:
    ada = open_terminal("ada")
    username = f"ada.{token_hex(4)}"

    shown = await ada.type(
        "signup", username, "--email", f"{username}@example.org", "--token-file", typed=f"{PASSWORD}\n{PASSWORD}\n"
    )

    assert f"Logged in as {username}" in shown
    assert PASSWORD not in shown


async def test_without_a_keyring_the_client_says_how_to_go_on(open_terminal: Open) -> None:
    ada = open_terminal("ada")

    output = await ada.run("signup", "ada", "--email", "ada@example.org", "--password-stdin", typed=f"{PASSWORD}\n")

    assert output.code == 2
    assert "--token-file" in output.err
    assert not ada.profile.exists()


async def test_a_command_before_signing_in_says_so(open_terminal: Open) -> None:
    ada = open_terminal("ada")
    await sign_up(ada, "ada")
    await ada.done("logout")

    output = await ada.run("conversations")

    assert output.code == 4
    assert "log in" in output.err


async def test_a_server_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    nobody = Terminal(tmp_path / "nobody", "http://127.0.0.1:9")

    output = await nobody.run("login", "ada", "--password-stdin", "--token-file", typed=f"{PASSWORD}\n")

    assert output.code == 3
    assert output.err.startswith("messaging-client: http://127.0.0.1:9 does not answer")


async def test_an_unknown_conversation_is_one_sentence(open_terminal: Open) -> None:
    ada = open_terminal("ada")
    await sign_up(ada, "ada")

    output = await ada.run("send", "Nowhere", "hello")

    assert output.code == 2
    assert "no conversation called 'Nowhere'" in output.err


async def test_a_malformed_name_or_address_names_the_field(open_terminal: Open) -> None:
    ada = open_terminal("ada")

    output = await ada.run(
        "signup", "a", "--email", "no address", "--password-stdin", "--token-file", typed=f"{PASSWORD}\n"
    )

    assert output.code == 2
    assert "username" in output.err
    assert "email" in output.err


@pytest.mark.parametrize("command", ["signup", "login"])
async def test_no_command_takes_a_password_as_an_argument(open_terminal: Open, command: str) -> None:
    assert "--password " not in await open_terminal("ada").done(command, "--help")


async def test_a_person_deletes_their_account_and_asks_how_far_that_is(open_terminal: Open) -> None:
    ada, ben = open_terminal("ada"), open_terminal("ben")
    await meet(ada, ben)
    await ada.done("send", "Reading circle", "a word of ada's")
    wrong = await ada.run("delete-account", "--messages", "delete", "--password-stdin", typed="a guess\n")
    assert (wrong.code, "password" in wrong.err) == (1, True)

    printed = await ada.done("delete-account", "--messages", "delete", "--password-stdin", typed=f"{PASSWORD}\n")
    receipt = printed.split()[-1]

    assert (await ada.run("conversations")).code == 4
    async with asyncio.timeout(20):
        while "pending" in (told := await ben.done("deletion", receipt)):
            await asyncio.sleep(0.2)
    assert [line.split()[:2] for line in told.splitlines()[1:]] == [
        [service, "done"] for service in ("auth", "user", "message", "notification", "export")
    ]
    history = await ben.done("history", "Reading circle")
    assert "Deleted person deleted this message" in history
    assert "a word of ada's" not in history
    assert (await ben.run("deletion", "made-up")).code == 1

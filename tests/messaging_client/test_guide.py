"""The two terminals of docs/client.md, typed line by line as they stand there."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from tests.messaging_client.conftest import PASSWORD
from tests.messaging_client.terminal import Following, Terminal
from tests.support.standalone import Standalone

GUIDE = Path(__file__).parents[2] / "docs" / "client.md"
PROGRAM = ".venv/bin/messaging-client"
TYPED = "and a line\nand another\n"


@dataclass(frozen=True)
class Line:
    """A command of the guide, and whose terminal it is typed into."""

    profile: str
    words: list[str]


def lines() -> list[Line]:
    """The commands of the section on two terminals, in their order."""
    section = re.split(r"^## ", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    profile, found = "", []
    for text in section.splitlines():
        words = shlex.split(text, comments=True) if text.startswith("    ") else []
        if words[:1] == ["export"]:
            profile = words[1].rpartition("/")[2]
        elif words[:1] == [PROGRAM]:
            found.append(Line(profile, words[1:]))
    return found


async def test_two_terminals_chat_as_the_guide_says(platform: Standalone, tmp_path: Path) -> None:
    suffix, code, tail = token_hex(3), "", None
    for line in lines():
        terminal = Terminal(tmp_path / line.profile, platform.url)
        words = [code if word.startswith("7QKX") else word for word in line.words]
        match words[0]:
            case "signup":
                words[1:4] = [f"{words[1]}{suffix}", words[2], f"{suffix}.{words[3]}"]
                await terminal.done(*words, "--password-stdin", typed=f"{PASSWORD}\n")
            case "create":
                code = (await terminal.done(*words)).rsplit(maxsplit=1)[-1]
            case "tail":
                tail = await terminal.follow(*words)
            case _:
                await terminal.done(*words, typed=TYPED)
    assert isinstance(tail, Following)
    await tail.until("and another")
    await tail.end()

    said = [text.partition(f"ben{suffix}: ")[2] for text in tail.lines if f"ben{suffix}: " in text]
    assert said == ["Hello, Ada", *TYPED.splitlines()]

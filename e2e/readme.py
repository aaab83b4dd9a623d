"""The commands of the README, by the heading that they stand under: what CI types as a newcomer would."""

import re

from e2e.cache import REPOSITORY


def command_blocks(text: str) -> dict[str, list[list[str]]]:
    """Return the lines of every `sh` block, by the text of the heading above it."""
    blocks: dict[str, list[list[str]]] = {}
    heading = ""
    for part in re.split(r"^(## .*)$", text, flags=re.MULTILINE):
        if part.startswith("## "):
            heading = part.removeprefix("## ").strip()
        else:
            found = re.findall(r"^```sh\n(.*?)^```$", part, flags=re.MULTILINE | re.DOTALL)
            blocks.setdefault(heading, []).extend(block.splitlines() for block in found)
    return blocks


README = command_blocks((REPOSITORY / "README.md").read_text(encoding="utf-8"))

"""What the checker found, to be printed or demanded empty."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

SHOWN = 10


@dataclass(frozen=True)
class Findings:
    """What is wrong, each a list of sentences; all empty is good."""

    lost: tuple[str, ...] = ()
    duplicated: tuple[str, ...] = ()
    inverted: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not any(getattr(self, item.name) for item in fields(self))

    def __str__(self) -> str:
        lines = []
        for item in fields(self):
            found: tuple[str, ...] = getattr(self, item.name)
            lines.append(f"{item.name}: {len(found)}")
            lines += [f"  {sentence}" for sentence in found[:SHOWN]]
        return "\n".join(lines)


def together(several: Iterable[Findings]) -> Findings:
    """The findings of several conversations as one."""
    collected = list(several)
    return Findings(
        **{item.name: tuple(one for part in collected for one in getattr(part, item.name)) for item in fields(Findings)}
    )

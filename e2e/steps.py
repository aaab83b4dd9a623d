"""Progress on a terminal or in a log: every step says what it does, and how long it took when it is done."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from rich.console import Console

console = Console(stderr=True, highlight=False, soft_wrap=True)

QUICK = timedelta(milliseconds=300)


@contextlib.contextmanager
def step(title: str, *, expected: str = "") -> Iterator[None]:
    """Announce ``title`` (with the ``expected`` time, if it is worth telling) and print the time it took at the end."""
    begun = time.monotonic()
    console.print(f"[dim]   …  {title}{f' (about {expected})' if expected else ''}[/dim]")
    try:
        yield
    except BaseException:
        console.print(f"[red]{_took(begun)}  {title} failed[/red]")
        raise
    console.print(f"[green]{_took(begun)}[/green]  {title}")


def side_by_side(tasks: Mapping[str, Callable[[], object]]) -> None:
    """Run several tasks at once, wait for all, and raise the first error only when the others have ended."""
    with ThreadPoolExecutor(max_workers=max(1, len(tasks))) as pool:
        futures = [pool.submit(task) for task in tasks.values()]
    for future in futures:
        future.result()


def _took(begun: float) -> str:
    return f"{time.monotonic() - begun:6.1f} s"

"""``python -m e2e.scenarios``: play the scenarios against a running platform and say how it went."""

import asyncio
import sys
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer

from e2e.scenarios.catalogue import SCENARIOS, run
from e2e.scenarios.checks import ScenarioError

HERE = Path(__file__).parent
MACHINERY = ("checks.py", "waiting.py", "person.py", "live.py", "stage.py", "shapes.py", "catalogue.py")
"""Modules that check for others: a failure is told at the step that called them."""


def main(
    base_url: Annotated[str, typer.Option(help="Where the gateway answers.")] = "http://localhost:5000",
    only: Annotated[list[str] | None, typer.Option(help=f"One of: {', '.join(SCENARIOS)}. May be repeated.")] = None,
    within_s: Annotated[float, typer.Option(help="How long an answer or an event may take, in seconds.")] = 15,
) -> None:
    """Play the scenarios; exit code 1 when one fails, 2 when one is not known."""
    unknown = set(only or ()) - set(SCENARIOS)
    if unknown:
        typer.echo(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(SCENARIOS)}", err=True)
        raise typer.Exit(2)
    outcomes = asyncio.run(run(base_url, only=only or (), within=timedelta(seconds=within_s)))
    failed = {name: error for name, error in outcomes.items() if error is not None}
    for name, error in failed.items():
        typer.echo(f"\n{name} failed:", err=True)
        typer.echo(_told(error), err=True)
    typer.echo(f"\n{len(outcomes) - len(failed)} of {len(outcomes)} scenarios passed against {base_url}")
    sys.exit(1 if failed else 0)


def _told(error: Exception) -> str:
    """What went wrong and where in the scenario; a whole trace only for what is a fault of the scenario itself."""
    match error:
        case ScenarioError():
            return f"{_place(error)}\n{error}"
        case httpx.HTTPError():
            return f"{_place(error)}\nno answer: {type(error).__name__} {error}"
        case _:
            return "".join(traceback.format_exception(error))


def _place(error: Exception) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if HERE in Path(frame.filename).parents]
    frame = next(frame for frame in reversed(frames) if Path(frame.filename).name not in MACHINERY)
    return f"{frame.filename}:{frame.lineno}: {frame.line}"


if __name__ == "__main__":
    typer.run(main)

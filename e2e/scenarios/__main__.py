"""``python -m e2e.scenarios``: play the scenarios against a running platform and say how it went."""

import asyncio
import sys
import traceback
from datetime import timedelta
from typing import Annotated

import typer

from e2e.scenarios.catalogue import SCENARIOS, run
from e2e.scenarios.checks import ScenarioError


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
        trace = (
            traceback.format_exception(error) if not isinstance(error, ScenarioError) else [_place(error), str(error)]
        )
        typer.echo("".join(trace), err=True)
    typer.echo(f"\n{len(outcomes) - len(failed)} of {len(outcomes)} scenarios passed against {base_url}")
    sys.exit(1 if failed else 0)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    frame = next(frame for frame in reversed(frames) if not frame.filename.endswith(("checks.py", "waiting.py")))
    return f"{frame.filename}:{frame.lineno}: {frame.line}\n"


if __name__ == "__main__":
    typer.run(main)

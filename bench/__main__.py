"""The command line `python -m bench`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import lines, oneprocess, profile, rows, sends
from bench.driver import Plan
from bench.ground import Ground
from e2e import cache
from e2e.errors import ToolingError

app = typer.Typer(no_args_is_help=False, add_completion=False)
console = Console(width=None if sys.stdout.isatty() else 200)

Seconds = Annotated[float, typer.Option(help="how long each rate is measured")]


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Measure the platform beside its peers; without a command, all rows."""
    if context.invoked_subcommand is None:
        run_rows()
        oneprocess.main()


@app.command("rows")
def run_rows(
    *,
    only: Annotated[list[str] | None, typer.Option(help=f"of {', '.join(rows.ROWS)}; all by default")] = None,
    rate: Annotated[float | None, typer.Option(help="messages a second; 0: as fast as answers come")] = None,
    seconds: Seconds = 20,
) -> None:
    """Measure rows and print them as a table."""
    unknown = sorted(set(only or ()) - set(rows.ROWS))
    if unknown:
        raise ToolingError(f"Unknown row {', '.join(unknown)}.", hint=f"Known: {', '.join(rows.ROWS)}")
    options, found = rows.Options(seconds=seconds, rate=rate), []
    with Ground() as ground:
        for name in only or rows.ROWS:
            for line in rows.ROWS[name](ground, options):
                console.print(f"[dim]{' | '.join(lines.cells(line))}[/dim]", markup=True)
                found.append(line)
                lines.save([line])
    console.print(lines.table(found, "rate limits lifted, tokens of the benchmark's own, driver on the same machine"))
    console.print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")


@app.command("profile")
def run_profile(
    *,
    rate: Annotated[float, typer.Option(help="messages a second; 0: as fast as answers come")] = 3600,
    seconds: Seconds = 10,
    native: Annotated[bool, typer.Option(help="with frames of compiled extensions; slows the service")] = False,
) -> None:
    """Profile the message service under sends, by package and by function."""
    raw = cache.folder("bench") / "profile.raw"
    raw.unlink(missing_ok=True)
    with Ground() as ground, sends.stage(ground) as stage:
        sampling = profile.Sampling(stage.message.pid, raw, native=native)
        measured = stage.measure(Plan(stage.sockets(), rate=rate, seconds=seconds))
        stacks = sampling.finish()
    console.print(profile.by_package(stacks))
    console.print(profile.by_function(stacks))
    console.print(lines.table([rows.line("profiled", rows.SHAPE, measured)], "while sampled"))
    console.print(f"stacks for a flame graph: {raw}")


@app.command("report")
def report() -> None:
    """Print the last figures of every row as Markdown."""
    print(lines.markdown(lines.saved()))


def main() -> None:
    """Run the command line; trouble that a person can act on is one message and exit code 2."""
    os.chdir(Path(__file__).parents[1])
    try:
        app()
    except ToolingError as error:
        console.print(f"[red]{error.message}[/red]")
        if error.hint:
            console.print(error.hint, markup=False)
        sys.exit(2)


if __name__ == "__main__":
    main()

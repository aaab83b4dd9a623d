"""The command line `python -m bench`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import bars, document, lines, profile, profiling, rows
from bench.ground import Ground
from bench.lines import Line
from bench.measuring import measure
from bench.stage import stage
from e2e import cache
from e2e.errors import ToolingError

TITLE = "tokens of the benchmark's own, rate limits lifted, load driver on the same processors"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 220)

Seconds = Annotated[float, typer.Option(help="how long each rate is measured")]
InImage = Annotated[bool, typer.Option("--in-image", help="our services in their image, on its own Python")]
Rate = Annotated[float | None, typer.Option(help="messages a second; 0: as fast as answers come")]


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Measure the platform beside its peers; without a command, all rows."""
    if context.invoked_subcommand is None:
        run_rows()


@app.command("rows")
def run_rows(
    *,
    only: Annotated[list[str] | None, typer.Option(help=f"of {', '.join(rows.ROWS)}; all by default")] = None,
    rate: Rate = None,
    seconds: Seconds = 15,
    full: Annotated[bool, typer.Option("--full", help="with ten million messages")] = False,
    in_image: InImage = False,
) -> None:
    """Measure rows and print them as a table."""
    unknown = sorted(set(only or ()) - set(rows.ROWS))
    if unknown:
        raise ToolingError(f"Unknown row {', '.join(unknown)}.", hint=f"Known: {', '.join(rows.ROWS)}")
    options, found = rows.Options(seconds=seconds, rate=rate, full=full), []
    if not only:
        lines.forget()
    with Ground(in_image=in_image) as ground:
        for name in only or rows.ROWS:
            for line in _measured(name, ground, options):
                console.print(" | ".join(lines.cells(line)), style="dim", markup=False)
                found.append(line)
                lines.save([line])
    console.print(lines.table(found, TITLE))
    console.print(bars.table(found))
    console.print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")


def _measured(name: str, ground: Ground, options: rows.Options) -> Iterator[Line]:
    """A row's lines; one that cannot be had here is said to be so, and does not end the others."""
    try:
        yield from rows.ROWS[name](ground, options)
    except (ToolingError, TimeoutError) as error:
        yield Line(
            name=name, system="", shape="", notes=[f"could not be had: {str(error)[:100]} … {str(error)[-200:]}"]
        )


@app.command("profile")
def run_profile(
    *,
    of: Annotated[profiling.Work, typer.Option(help="what the service is to do meanwhile")] = profiling.Work.SENDS,
    rate: Rate = None,
    seconds: Seconds = 10,
    native: Annotated[bool, typer.Option(help="with frames of compiled extensions; slows the service")] = False,
    in_image: InImage = False,
) -> None:
    """Profile the message service at work, by package and by function."""
    raw = cache.folder("bench") / "profile.raw"
    raw.unlink(missing_ok=True)
    with Ground(in_image=in_image) as ground, stage(ground) as system:
        worker, plan = profiling.prepare(of, system, rate=rate, seconds=seconds)
        sampling = profile.Sampling(system.message.pid, raw, native=native)
        measured = measure(worker, plan)
        stacks = sampling.finish()
    console.print(profile.by_package(stacks))
    console.print(profile.by_function(stacks))
    console.print(lines.table([measured.line("profiled", of.value, system=system.title)], "while sampled"))
    console.print(f"stacks for a flame graph: {raw}")


@app.command("report")
def report() -> None:
    """Write the last figures of every row into docs/performance.md."""
    document.write(lines.saved())


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

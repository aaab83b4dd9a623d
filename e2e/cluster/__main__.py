"""The command line ``python -m e2e.cluster``."""

import os
import signal
import subprocess
import sys
from typing import Annotated

import typer

from e2e.cluster import doctor as examination
from e2e.cluster import kind, platform, run
from e2e.cluster.evidence import describe
from e2e.cluster.kind import Cluster
from e2e.errors import ToolingError
from e2e.images import binaries
from e2e.steps import console

app = typer.Typer(no_args_is_help=True, add_completion=False)

Port = Annotated[int, typer.Option(envvar="PORT", help="port of 127.0.0.1 for the gateway")]
Name = Annotated[str, typer.Option(help="which cluster")]


@app.callback()
def cluster() -> None:
    """Local Kubernetes clusters with a platform on them."""


@app.command()
def up(port: Port = 5000) -> None:
    """Have the cluster `messaging` with a ready platform on http://localhost:5000."""
    platform.up(port)
    console.print(f"[green]The platform is on http://localhost:{port}[/green] (documentation of its API: /docs)")


@app.command()
def down(name: Name = kind.MAIN) -> None:
    """Delete the cluster with all its data, and what killed runs have left."""
    kind.delete_leftovers()
    if name in kind.existing():
        kind.delete(name)


@app.command()
def status(name: Name = kind.MAIN) -> None:
    """Show the platforms and pods of a cluster."""
    print(describe(_existing(name)))


@app.command()
def load(name: Name = kind.MAIN) -> None:
    """Build what has changed and bring it into a cluster's nodes."""
    changed = kind.load(_existing(name), platform.images())
    console.print(f"Loaded: {', '.join(changed) or 'nothing had changed'}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def kubectl(context: typer.Context, name: Name = kind.MAIN) -> None:
    """Run kubectl against a cluster: python -m e2e.cluster kubectl get pods."""
    there = _existing(name)
    command = [str(binaries.ensure("kubectl")["kubectl"]), *context.args]
    done = subprocess.run(command, check=False, env={**os.environ, "KUBECONFIG": str(there.kubeconfig)})
    raise typer.Exit(done.returncode)


@app.command()
def e2e(
    port: Port = 0,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="leave the cluster there")] = False,
    full: Annotated[bool, typer.Option("--full", help="take half an hour more for trouble")] = False,
) -> None:
    """Play the scenarios through the gateway of a cluster of their own (on a free port by default), and delete it."""
    raise typer.Exit(run.end_to_end(port, keep=keep, full=full))


@app.command()
def doctor() -> None:
    """Say what this machine has, what it lacks, and what will be installed or built."""
    raise typer.Exit(examination.report())


def _existing(name: str) -> Cluster:
    port = kind.published_port(name)
    if port is None:
        raise ToolingError(f"There is no running cluster {name}.", hint="`make up` makes it.")
    there = Cluster(name, port)
    if not there.kubeconfig.exists():
        kind.write_kubeconfig(there)
    return there


def main() -> None:
    """Run the command line; trouble that a person can act on is one message and exit code 2.

    SIGTERM ends it as Ctrl-C does, so that a cluster that was to be deleted still is.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except ToolingError as error:
        console.print(f"[red]{error.message}[/red]")
        if error.hint:
            console.print(error.hint, markup=False)
        sys.exit(2)


if __name__ == "__main__":
    main()

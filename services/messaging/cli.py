"""The command `messaging`: a service, its migration, republishing, or the whole platform in one process.

Exit code 2 and one line on standard error: a person must change the configuration first.
"""

import importlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from messaging.kernel.errors import ConfigurationError
from messaging.kernel.settings import VERSION

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class ServiceName(StrEnum):
    """The services, in the order in which a person meets them."""

    AUTH = "auth"
    USER = "user"
    MESSAGE = "message"
    NOTIFICATION = "notification"
    EXPORT = "export"


def _app_module(name: str) -> Any:
    """A service's `app.py`, imported only when it is to run."""
    return importlib.import_module(f"messaging.{name}.app")


def _add_service(name: ServiceName) -> None:
    commands = typer.Typer(invoke_without_command=True, help=f"Run the {name.value} service, or work on its data.")

    @commands.callback()
    def serve(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            from messaging.kernel.process import run_service

            module = _app_module(name.value)
            run_service(name.value, module.load(), module.build)

    @commands.command(help="Publish snapshots of what the service owns again, for a consumer that was restored.")
    def republish() -> None:
        from messaging.kernel.process import run_republish

        module = _app_module(name.value)
        run_republish(name.value, module.load(), module.republish)

    app.add_typer(commands, name=name.value)


for _name in ServiceName:
    _add_service(_name)


@app.command()
def migrate(service: ServiceName) -> None:
    """Bring one service's tables to what this version needs."""
    from messaging.kernel.process import run_migration

    run_migration(service.value, _app_module(service.value).load())


@app.command()
def standalone(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen.")] = 5000,
    data_dir: Annotated[Path, typer.Option(help="The folder of the SQLite files.")] = Path("data"),
    listen: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Run the whole platform in this process: SQLite files, no broker, nothing else needed."""
    from messaging.standalone import run_standalone

    run_standalone(port=port, data_dir=data_dir, listen_address=listen)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of all services."""
    from messaging.openapi import render_document

    sys.stdout.write(render_document())


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI document: Socket.IO and the events between services."""
    from messaging.asyncapi import render_document

    sys.stdout.write(render_document())


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"{VERSION}\n")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except ConfigurationError as error:
        sys.stderr.write(f"messaging: {error}\n")
        sys.exit(2)

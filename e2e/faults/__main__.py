"""``python -m e2e.faults``: harm a running platform, and say whether anything was lost."""

import asyncio
from datetime import timedelta
from typing import Annotated, Literal

import typer

from e2e.faults.cluster import ClusterTarget
from e2e.faults.compose import ComposeTarget
from e2e.faults.kill_message import kill_message
from e2e.faults.outage import outage
from e2e.faults.target import Part, Target

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def options(
    context: typer.Context,
    *,
    base_url: Annotated[str, typer.Option(help="Where the gateway answers.")] = "http://localhost:5000",
    by: Annotated[Literal["compose", "cluster"], typer.Option(help="How the platform runs.")] = "compose",
    project: Annotated[str, typer.Option(help="The compose project.")] = "messaging",
    kube_context: Annotated[str, typer.Option(help="The cluster's context.")] = "kind-messaging",
    namespace: Annotated[str, typer.Option(help="The platform's namespace.")] = "default",
    platform: Annotated[str, typer.Option(help="The platform's name.")] = "demo",
) -> None:
    """Trouble on purpose, against one running platform."""
    context.obj = (
        ComposeTarget(base_url, project=project)
        if by == "compose"
        else ClusterTarget(base_url, context=kube_context, namespace=namespace, platform=platform)
    )


@app.command("kill-message")
def kill_message_command(
    context: typer.Context, sends: Annotated[int, typer.Option(help="How many messages.", min=50)] = 500
) -> None:
    """Kill the message process by SIGKILL under a stream of sends."""
    target: Target = context.obj
    result = asyncio.run(kill_message(target, sends=sends))
    typer.echo(
        f"{result.acknowledged} acknowledged, killed after {result.killed_after}, "
        f"longest silence {result.longest_silence.total_seconds():.1f} s\n{result.findings}"
    )
    raise typer.Exit(0 if result.findings.good else 1)


@app.command("outage")
def outage_command(
    context: typer.Context,
    part: Annotated[str, typer.Argument(help="broker or database.")],
    seconds: Annotated[float, typer.Option(help="How long it is away.")] = 60,
) -> None:
    """Stop the broker or the database for a while under a chat."""
    target: Target = context.obj
    result = asyncio.run(outage(target, _part(part), lasting=timedelta(seconds=seconds)))
    typer.echo(
        f"{result.acknowledged} acknowledged, {result.acknowledged_meanwhile} of them during the outage, "
        f"again {result.recovered_after.total_seconds():.1f} s after the start; "
        f"restarted: {', '.join(result.restarted) or 'nothing'}\n{result.findings}"
    )
    raise typer.Exit(0 if result.findings.good and not result.restarted else 1)


def _part(name: str) -> Part:
    if name == "broker":
        return "broker"
    if name == "database":
        return "database"
    raise typer.BadParameter("one of: broker, database")


if __name__ == "__main__":
    app()

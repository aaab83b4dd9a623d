"""``python -m e2e.faults``: harm a running platform, and say whether anything was lost."""

import asyncio
from datetime import timedelta
from typing import Annotated, Literal

import typer

from e2e.faults.cluster import ClusterTarget
from e2e.faults.compose import ComposeTarget
from e2e.faults.kill_each import Trouble, kill_each
from e2e.faults.kill_message import kill_message
from e2e.faults.outage import outage
from e2e.faults.target import Part, Target

app = typer.Typer(no_args_is_help=True, add_completion=False)
OUTAGES: dict[str, Part] = {"broker": "rabbitmq", "database": "mysql"}
DEFAULT = Trouble()


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
    context: typer.Context,
    sends: Annotated[int, typer.Option(help="How many messages.", min=50)] = 500,
    kills: Annotated[int, typer.Option(help="How often.", min=1)] = 1,
) -> None:
    """Kill the message process by SIGKILL under a stream of sends."""
    target: Target = context.obj
    result = asyncio.run(kill_message(target, sends=sends, kills=kills))
    typer.echo(
        f"{result.acknowledged} acknowledged, killed after {', '.join(map(str, result.killed_after))}, "
        f"longest silence {result.longest_silence.total_seconds():.1f} s\n{result.findings}"
    )
    raise typer.Exit(0 if result.findings.good else 1)


@app.command("kill-each")
def kill_each_command(
    context: typer.Context,
    *,
    sends: Annotated[int, typer.Option(help="How many messages at least.", min=100)] = DEFAULT.sends,
    rate: Annotated[float, typer.Option(help="How many a second.", min=1)] = DEFAULT.rate_per_s,
    kills: Annotated[int, typer.Option(help="How often each part is killed.", min=0)] = DEFAULT.kills,
    pause: Annotated[float, typer.Option(help="Seconds between two kills.")] = DEFAULT.pause.total_seconds(),
    standstill: Annotated[
        float, typer.Option(help="Seconds for which the database stands still.")
    ] = DEFAULT.standstill.total_seconds(),
) -> None:
    """Hold the database, then kill each part by SIGKILL, under a stream of sends of 20 people."""
    target: Target = context.obj
    trouble = Trouble(
        sends=sends,
        rate_per_s=rate,
        kills=kills,
        pause=timedelta(seconds=pause),
        standstill=timedelta(seconds=standstill),
    )
    outcome = asyncio.run(kill_each(target, trouble))
    typer.echo(str(outcome))
    raise typer.Exit(0 if outcome.good else 1)


@app.command("outage")
def outage_command(
    context: typer.Context,
    part: Annotated[str, typer.Argument(help="broker or database.")],
    seconds: Annotated[float, typer.Option(help="How long it is away.")] = 60,
) -> None:
    """Stop the broker or the database for a while under a chat."""
    if part not in OUTAGES:
        raise typer.BadParameter(f"one of: {', '.join(OUTAGES)}")
    target: Target = context.obj
    result = asyncio.run(outage(target, OUTAGES[part], lasting=timedelta(seconds=seconds)))
    typer.echo(
        f"{result.acknowledged} acknowledged, {result.acknowledged_meanwhile} of them during the outage, "
        f"again {result.recovered_after.total_seconds():.1f} s after the start; "
        f"restarted: {', '.join(result.restarted) or 'nothing'}\n{result.findings}"
    )
    raise typer.Exit(0 if result.findings.good and not result.restarted else 1)


if __name__ == "__main__":
    app()

"""The command line: `messaging-operator run | render | crd`.

Exit codes: 0, 1 for a failure at run time, 2 for input that cannot be (one line on stderr per problem).
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml

from messaging_operator import generation, names
from messaging_operator.crd import custom_resource_definition
from messaging_operator.desired import Manifest, Platform, build
from messaging_operator.desired.gateway import gateway_input
from messaging_operator.gateway import HOT_FILES, ROLLED_FILES, render_gateway
from messaging_operator.spec import SpecError, parse_spec
from messaging_operator.values import values_schema

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)

PlatformFile = Annotated[Path, typer.Option("--file", "-f", help="File with a MessagingPlatform; - is standard input.")]


class _PlainDumper(yaml.SafeDumper):
    """Writes a value that occurs twice twice, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_PlainDumper.add_representer(str, _represent_text)


def to_yaml(documents: Iterable[Manifest]) -> str:
    """The documents as one YAML stream; the same input gives the same bytes."""
    return yaml.dump_all(documents, Dumper=_PlainDumper, sort_keys=False, width=110, allow_unicode=True)


@app.command()
def crd(
    values: Annotated[
        bool, typer.Option("--values", help="Print the schema of the chart messaging-platform's values instead.")
    ] = False,
) -> None:
    """Print the CustomResourceDefinition."""
    if values:
        sys.stdout.write(json.dumps(values_schema(), indent=1) + "\n")
    else:
        sys.stdout.write(to_yaml([custom_resource_definition()]))


@app.command()
def render(
    file: PlatformFile,
    namespace: Annotated[str | None, typer.Option(help="Namespace, where the file names none.")] = None,
    gateway: Annotated[
        Path | None, typer.Option(help="Write Envoy's files below this folder instead of printing manifests.")
    ] = None,
) -> None:
    """Print every manifest that a platform consists of, with freshly generated Secrets."""
    platform = read_platform(file, namespace)
    if gateway is not None:
        _write_gateway(platform, gateway)
    else:
        sys.stdout.write(to_yaml(manifests(platform)))


@app.command()
def run(
    namespace: Annotated[
        list[str] | None, typer.Option(help="Watch only this namespace; may be given more than once. Default: all.")
    ] = None,
    operator_class: Annotated[
        str, typer.Option("--class", help="Serve only resources with this operator-class label; none: those without.")
    ] = "",
    probe_port: Annotated[int, typer.Option(help="Port of /healthz, /readyz and /metrics.")] = 8080,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Run the operator until it is told to stop."""
    from messaging_operator import handlers

    code = handlers.run(
        namespaces=namespace or (), operator_class=operator_class, probe_port=probe_port, log_level=log_level
    )
    raise typer.Exit(code)


def manifests(platform: Platform) -> list[Manifest]:
    """All objects of a platform in the order of their roll-out, Secrets with values."""
    desired = build(platform)
    return [*map(generation.with_values, desired.secrets), *desired.claims, *desired.objects()]


def _write_gateway(platform: Platform, folder: Path) -> None:
    files = render_gateway(gateway_input(platform))
    for below, file_names in (("boot", ROLLED_FILES), ("live", HOT_FILES)):
        (folder / below).mkdir(parents=True, exist_ok=True)
        for name in file_names:
            (folder / below / name).write_text(files[name], encoding="utf-8")


def read_platform(file: Path, namespace: str | None) -> Platform:
    """The platform that a file declares, as if it lived in no cluster; leaves with 2 where the file cannot be."""
    resource = _read_resource(file)
    unknown = resource.keys() - {"apiVersion", "kind", "metadata", "spec", "status"}
    if unknown:
        _refuse(*(f"{field}: unknown field" for field in sorted(unknown)))
    metadata, raw_spec = _mapping(resource, "metadata"), _mapping(resource, "spec")
    name = metadata.get("name")
    if not names.is_platform_name(name):
        _refuse(f"metadata.name: must match {names.NAME_PATTERN}")
    try:
        spec = parse_spec(raw_spec, strict=True)
    except SpecError as error:
        _refuse(*error.problems)
    return Platform(name=name, namespace=metadata.get("namespace") or namespace or "default", uid="", spec=spec)


def _mapping(resource: dict[str, Any], field: str) -> dict[str, Any]:
    value = resource.get(field)
    if not isinstance(value, dict):
        _refuse(f"{field}: required")
    return value


def _read_resource(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        _refuse(f"{file}: {' '.join(str(error).split())}")
    if len(documents) != 1 or not isinstance(documents[0], dict):
        _refuse(f"{file}: must hold exactly one {names.KIND}")
    resource: dict[str, Any] = documents[0]
    if (resource.get("apiVersion"), resource.get("kind")) != (names.API_VERSION, names.KIND):
        _refuse(f"{file}: must be a {names.KIND} of {names.API_VERSION}")
    return resource


def _refuse(*problems: str) -> NoReturn:
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(code=2)


def main() -> None:
    """The entry point of the distribution's script."""
    app()

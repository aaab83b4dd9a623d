"""The published documents equal the code, and the code has a route for what they promise."""

from pathlib import Path

from messaging import asyncapi, openapi
from messaging.kernel.docs import openapi_document

ROOT = Path(__file__).parents[2]


def test_openapi_is_what_the_code_gives() -> None:
    """Run `uv run messaging openapi > services/messaging/openapi.json` after a change."""
    assert openapi_document().decode() == openapi.render_document()


def test_asyncapi_is_what_the_code_gives() -> None:
    """Run `uv run messaging asyncapi > docs/asyncapi.yaml` after a change."""
    assert (ROOT / "docs/asyncapi.yaml").read_text() == asyncapi.render_document()


def test_every_reference_in_asyncapi_leads_somewhere() -> None:
    document = asyncapi.document()

    def follow(reference: str) -> object:
        place: object = document
        for part in reference.removeprefix("#/").split("/"):
            assert isinstance(place, dict), reference
            place = place[part]
        return place

    def check(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                assert follow(value["$ref"])
            for item in value.values():
                check(item)
        elif isinstance(value, list):
            for item in value:
                check(item)

    check(document)


def test_no_route_of_a_service_is_reachable_but_those_under_its_prefixes() -> None:
    paths = openapi.document()["paths"]

    assert paths
    assert {path.split("/")[1] for path in paths} <= {
        "auth", "user", "message", "conversation", "notification", "dataexport"
    }  # fmt: skip

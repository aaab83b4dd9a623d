"""Expectations that explain themselves: what was looked at, what was expected, what came, and the difference."""

import difflib
import json
from typing import Any

import httpx

Json = dict[str, Any]

PROBLEM_TYPE = "urn:messaging:problem:"
PROBLEM_MEDIA = "application/problem+json"


class ScenarioError(AssertionError):
    """The platform did something other than docs/api.md promises."""


def equal(actual: object, expected: object, what: str) -> None:
    """Demand equality; raises ScenarioError with a line difference of both."""
    if actual != expected:
        raise ScenarioError(f"{what}: not what was expected\n{_difference(expected, actual)}")


def true(condition: object, what: str) -> None:
    """Demand something that is told in a sentence."""
    if not condition:
        raise ScenarioError(what)


def status(response: httpx.Response, expected: int) -> None:
    """Demand an HTTP status; the error shows the request and the beginning of the answer."""
    if response.status_code != expected:
        request = response.request
        raise ScenarioError(
            f"{request.method} {request.url.raw_path.decode()} answered {response.status_code}, "
            f"expected {expected}: {response.text[:400]}"
        )


def problem(response: httpx.Response, expected: int, name: str | None = None) -> Json:
    """Demand an error in the form of RFC 9457 and return it; `name` is the end of its `type`."""
    status(response, expected)
    what = f"{response.request.method} {response.request.url.path} {expected}"
    equal(response.headers.get("content-type", "").split(";")[0], PROBLEM_MEDIA, f"{what}: Content-Type")
    body: Json = response.json()
    problem_body(body, expected, name, what)
    return body


def problem_body(body: Json, expected: int, name: str | None, what: str) -> None:
    """Demand the members of a problem, as they stand in an HTTP answer and in a Socket.IO acknowledgement."""
    for member in ("type", "title", "status"):
        true(member in body, f"{what}: the problem lacks {member}: {body}")
    equal(body["status"], expected, f"{what}: status")
    true(str(body["type"]).startswith(PROBLEM_TYPE), f"{what}: type is {body['type']}")
    if name is not None:
        equal(body["type"], PROBLEM_TYPE + name, f"{what}: type")
    if expected == 422:
        true(body.get("errors"), f"{what}: errors is missing or empty: {body}")
        for error in body["errors"]:
            equal(sorted(error), ["field", "message"], f"{what}: members of an error")


def refused(acknowledgement: Json, expected: int, name: str | None = None) -> None:
    """Demand that a Socket.IO event was refused with a problem."""
    equal(acknowledgement.get("ok"), False, f"acknowledgement {acknowledgement}: ok")
    problem_body(acknowledgement["problem"], expected, name, "acknowledgement")


def accepted(acknowledgement: Json) -> Json:
    """Demand that a Socket.IO event was accepted and return its acknowledgement."""
    equal(acknowledgement.get("ok"), True, f"acknowledgement {acknowledgement}: ok")
    return acknowledgement


def _difference(expected: object, actual: object) -> str:
    before, after = (_lines(value) for value in (expected, actual))
    return "\n".join(difflib.unified_diff(before, after, "expected", "actual", lineterm=""))


def _lines(value: object) -> list[str]:
    return json.dumps(value, indent=2, default=str, ensure_ascii=False, sort_keys=True).splitlines()

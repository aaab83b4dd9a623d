"""Every error is problem+json that says what to do; bodies are bounded; ids of requests come back."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from messaging.kernel import problems
from messaging.kernel.errors import ProblemError
from messaging.kernel.middleware import RequestMiddleware
from messaging.kernel.problems import MAX_BODY_BYTES
from messaging_wire import problems as wire
from messaging_wire.base import Request, Text
from sqlalchemy.exc import OperationalError

router = APIRouter()


class Note(Request):
    """A body of the tests' own."""

    text: Text
    size: int = 0


@router.post("/notes")
async def add(note: Note) -> dict[str, str]:
    return {"text": note.text}


@router.get("/fails/{how}")
async def fail(how: str) -> None:
    if how == "database":
        raise OperationalError("SELECT secret", {}, Exception("gone away"))
    if how == "conflict":
        raise ProblemError(wire.CONFLICT, "it was there before")
    raise RuntimeError("with a secret inside")


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    return StreamingResponse(parts())


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(openapi_url=None, max_body_size=MAX_BODY_BYTES)
    problems.install(app)
    app.include_router(router)
    transport = httpx.ASGITransport(RequestMiddleware(app, "notes"))
    async with httpx.AsyncClient(transport=transport, base_url="http://notes.test") as client:
        yield client


def is_problem(response: httpx.Response, status: int, name: str) -> bool:
    body = response.json()
    return (
        response.status_code == status
        and response.headers["content-type"] == wire.MEDIA_TYPE
        and body["type"] == f"urn:messaging:problem:{name}"
        and body["status"] == status
    )


async def test_an_unknown_field_is_named(client: httpx.AsyncClient) -> None:
    response = await client.post("/notes", json={"text": "hello", "colour": "red"})

    assert is_problem(response, 422, "invalid-fields")
    assert response.json()["errors"] == [{"field": "colour", "message": "is not a known field"}]


async def test_a_wrong_value_is_not_echoed(client: httpx.AsyncClient) -> None:
    response = await client.post("/notes", json={"text": "hello", "size": "swordfish"})

    assert is_problem(response, 422, "invalid-fields")
    assert "swordfish" not in response.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"text": "a",}'])
async def test_what_is_no_json_is_a_bad_request(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/notes", content=body, headers={"content-type": "application/json"})

    assert is_problem(response, 400, "bad-request")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_media_type_is_refused(client: httpx.AsyncClient, media_type: str) -> None:
    response = await client.post("/notes", content=b'{"text": "hello"}', headers={"content-type": media_type})

    assert is_problem(response, 415, "unsupported-media-type")


async def test_text_is_brought_to_one_form(client: httpx.AsyncClient) -> None:
    response = await client.post("/notes", json={"text": "e\u0301\r\nx"})

    assert response.json() == {"text": "\u00e9\nx"}


@pytest.mark.parametrize("text", ["\u0000", "\u001b[31m", "\ud800"])
async def test_control_characters_and_lone_surrogates_are_refused(client: httpx.AsyncClient, text: str) -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in text)
    body = b'{"text": "' + escaped.encode() + b'"}'

    response = await client.post("/notes", content=body, headers={"content-type": "application/json"})

    assert response.status_code in (400, 422)


async def test_a_body_beyond_the_limit_is_refused_by_its_header(client: httpx.AsyncClient) -> None:
    response = await client.post("/notes", json={"text": "x" * (MAX_BODY_BYTES + 1)})

    assert is_problem(response, 413, "too-large")


async def test_a_body_beyond_the_limit_is_refused_without_a_header_too(client: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (MAX_BODY_BYTES // 10)

    response = await client.post("/notes", content=parts(), headers={"content-type": "application/json"})

    assert is_problem(response, 413, "too-large")


async def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/fails/database")

    assert is_problem(response, 503, "unavailable")
    assert int(response.headers["retry-after"]) >= 1
    assert "secret" not in response.text


async def test_a_domain_error_keeps_its_detail(client: httpx.AsyncClient) -> None:
    response = await client.get("/fails/conflict")

    assert is_problem(response, 409, "conflict")
    assert response.json()["detail"] == "it was there before"


async def test_the_unforeseen_tells_nothing(client: httpx.AsyncClient) -> None:
    response = await client.get("/fails/otherwise")

    assert is_problem(response, 500, "internal")
    assert "secret" not in response.text


async def test_an_unknown_path_and_a_wrong_method_are_problems(client: httpx.AsyncClient) -> None:
    assert is_problem(await client.get("/nowhere"), 404, "not-found")
    wrong = await client.delete("/notes")
    assert is_problem(wrong, 405, "method-not-allowed")
    assert wrong.headers["allow"] == "POST"


async def test_a_safe_request_id_comes_back_and_an_unsafe_one_is_replaced(client: httpx.AsyncClient) -> None:
    safe = await client.get("/nowhere", headers={"x-request-id": "abc-123"})
    unsafe = await client.get("/nowhere", headers={"x-request-id": 'a"b {}'})

    assert safe.headers["x-request-id"] == "abc-123"
    assert len(unsafe.headers["x-request-id"]) == 32


async def test_a_stream_passes(client: httpx.AsyncClient) -> None:
    assert (await client.get("/stream")).content == b"onetwo"

"""A link is good for its first holder and the owner, for minutes, and gives no more than asked for."""

import asyncio
import base64
import json
from dataclasses import dataclass

import httpx
import pytest

from tests.messaging.export.world import Exports, Person, World, problem


@dataclass
class Ready:
    """A ready export of several chunks, its owner and its bytes."""

    exports: Exports
    owner: Person
    export_id: str
    content: bytes

    async def link(self) -> str:
        """A new link."""
        return await self.exports.link(self.owner, self.export_id)

    async def get(self, path: str, *, cookie: str | None = None, method: str = "GET", **headers: str) -> httpx.Response:
        """Call a link as a browser with at most one cookie."""
        if cookie is not None:
            headers["Cookie"] = cookie
        request = self.exports.service.public.build_request(method, path, headers=headers)
        request.headers.pop("cookie", None)
        if cookie is not None:
            request.headers["cookie"] = cookie
        return await self.exports.service.public.send(request)


def cookie_of(answer: httpx.Response) -> str:
    """The cookie that an answer sets, as a browser sends it back."""
    return answer.headers["set-cookie"].split(";")[0]


@pytest.fixture(scope="module")
async def ready(world: World, exports: Exports) -> Ready:
    """One export for all tests here; each makes links of its own."""
    owner = await world.person()
    conversation_id = await world.conversation(owner, *("😀" * 4000 for _ in range(60)))
    export_id = await exports.ready(owner, conversation_id)
    answer = await exports.service.public.get(await exports.link(owner, export_id), headers=owner.headers)
    assert len(answer.content) > 3 * 256 * 1024
    assert len(json.loads(answer.content)["messages"]) >= 60
    return Ready(exports, owner, export_id, answer.content)


async def test_the_first_get_has_the_document_a_cookie_and_safe_headers(ready: Ready) -> None:
    path = await ready.link()
    first = await ready.get(path)
    assert (first.status_code, first.content) == (200, ready.content)
    headers = first.headers
    assert headers["content-type"] == "application/json"
    assert headers["content-disposition"].startswith('attachment; filename="conversation-')
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert (headers["referrer-policy"], headers["accept-ranges"]) == ("no-referrer", "bytes")
    attributes = {part.strip().lower() for part in headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=lax", f"path={path.removeprefix('/api').lower()}"} <= attributes


async def test_a_claimed_link_is_its_holders_and_the_owners_only(ready: Ready) -> None:
    path = await ready.link()
    cookie = cookie_of(await ready.get(path))
    assert (await ready.get(path, cookie=cookie)).content == ready.content
    assert (await ready.get(path, Authorization=f"Bearer {ready.owner.token}")).status_code == 200
    assert problem(await ready.get(path)) == (404, "not-found")
    assert problem(await ready.get(path, cookie="export_download=guess")) == (404, "not-found")


async def test_another_persons_token_neither_reads_nor_claims(ready: Ready, world: World) -> None:
    path, mallory = await ready.link(), await world.person()
    for method in ("HEAD", "GET"):
        answer = await ready.get(path, method=method, Authorization=f"Bearer {mallory.token}")
        assert answer.status_code == 404
    assert (await ready.get(path)).status_code == 200


async def test_a_bad_token_is_no_claim_either(ready: Ready) -> None:
    path = await ready.link()
    assert problem(await ready.get(path, Authorization="Bearer nonsense")) == (401, "invalid-token")
    assert (await ready.get(path)).status_code == 200


async def test_head_tells_of_the_document_and_claims_nothing(ready: Ready) -> None:
    path = await ready.link()
    seen = await ready.get(path, method="HEAD")
    assert (seen.status_code, seen.content) == (200, b"")
    assert int(seen.headers["content-length"]) == len(ready.content)
    assert "set-cookie" not in seen.headers
    cookie = cookie_of(await ready.get(path))
    assert (await ready.get(path, method="HEAD")).status_code == 404
    assert (await ready.get(path, cookie=cookie, method="HEAD")).status_code == 200


async def test_of_many_at_once_one_gets_it(ready: Ready) -> None:
    path = await ready.link()
    answers = await asyncio.gather(*(ready.get(path) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 9


async def test_each_link_is_claimed_for_itself(ready: Ready) -> None:
    first, second = await ready.link(), await ready.link()
    cookie = cookie_of(await ready.get(first))
    await ready.get(second)
    assert (await ready.get(second, cookie=cookie)).status_code == 404


async def test_a_forged_or_changed_link_leads_nowhere(ready: Ready) -> None:
    path = await ready.link()
    folder, token = path.rsplit("/", 1)
    forged = base64.urlsafe_b64encode(base64.urlsafe_b64decode(token)[:16] + b"x" * 32).decode()
    for wrong in (token[:-3] + "AAA", "Z" + token[1:], token + "A", "x", "%00", forged, token.swapcase()):
        assert problem(await ready.get(f"{folder}/{wrong}")) == (404, "not-found")
    assert (await ready.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "begin", "end"), [("bytes=1-4", 1, 5), ("bytes=262100-262200", 262100, 262201), ("bytes=-10", -10, None)]
)
async def test_one_range_gives_that_part(ready: Ready, wanted: str, begin: int, end: int | None) -> None:
    path = await ready.link()
    cookie = cookie_of(await ready.get(path))
    answer = await ready.get(path, cookie=cookie, Range=wanted)
    assert (answer.status_code, answer.content) == (206, ready.content[begin:end])
    assert answer.headers["content-range"].endswith(f"/{len(ready.content)}")
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_torn_download_goes_on_where_it_was_unless_it_is_another_document(ready: Ready) -> None:
    path = await ready.link()
    first = await ready.get(path)
    cookie, etag = cookie_of(first), first.headers["etag"]
    rest = await ready.get(path, cookie=cookie, **{"Range": "bytes=300000-", "If-Range": etag})
    assert (rest.status_code, rest.content) == (206, ready.content[300000:])
    other = await ready.get(path, cookie=cookie, **{"Range": "bytes=300000-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, ready.content)


async def test_a_range_behind_the_end_says_how_long_it_is(ready: Ready) -> None:
    answer = await ready.get(await ready.link(), Range=f"bytes={len(ready.content)}-")
    assert problem(answer) == (416, "range-not-satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(ready.content)}"


async def test_a_link_ends_after_its_time(ready: Ready, world: World) -> None:
    async with world.exporting(link_lifetime=2) as exports:
        path = await exports.link(ready.owner, ready.export_id)
        cookie = cookie_of(await exports.service.public.get(path))
        await asyncio.sleep(2.1)
        for headers in ({}, {"Cookie": cookie}, ready.owner.headers):
            assert problem(await exports.service.public.get(path, headers=headers)) == (404, "not-found")


async def test_an_export_that_is_not_ready_has_no_link(world: World, exports: Exports) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada, "hello")
    world.gate.close()
    try:
        export_id = await exports.begun(ada, conversation_id)
        assert problem(await exports.ask(ada, "POST", f"/{export_id}/link")) == (409, "conflict")
    finally:
        world.gate.open()
    await exports.ended(ada, export_id)


async def test_behind_https_the_cookie_is_for_https_only_and_for_the_outer_path(ready: Ready, world: World) -> None:
    async with world.exporting() as exports:
        settings = exports.service.host.parts.state["settings"]
        outer = settings.model_copy(update={"external_url": "https://chat.example/messaging"})
        exports.service.host.app.state.settings = outer
        path = await exports.link(ready.owner, ready.export_id)
        cookie = (await exports.service.public.get(path)).headers["set-cookie"]
    assert "; Secure" in cookie
    assert f"Path=/messaging{path.removeprefix('/api')}" in cookie

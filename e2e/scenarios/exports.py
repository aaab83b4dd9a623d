"""Exports: a background job, a signed link that one holder may use, and nothing for anybody else."""

from urllib.parse import urlsplit

import httpx

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually


async def exports(stage: Stage) -> None:
    """Play an export with every rule of its download link."""
    ada, ben, mallory = [await stage.person(name) for name in ("ada", "ben", "mallory")]
    conversation = await stage.group(ada, ben)
    texts = ["first", "=1+1", 'a "quoted" <b>text</b>', "ünïcødé 👩‍👩‍👧"]
    for text in texts:
        await ada.send(conversation["id"], text)
    with stage.step("an export is accepted, listed, and becomes ready"):
        export = await make_export(ada, conversation["id"])
        listed = (await ada.get("/dataexport"))["items"]
        checks.equal([item["id"] for item in listed], [export["id"]], "my exports")
        checks.true(export["size_bytes"], f"size_bytes of a ready export is {export['size_bytes']}")
        checks.equal(export["progress"], 1, "progress of a ready export")
    with stage.step("another person sees neither the export nor a link to it"):
        for person in (ben, mallory):
            checks.problem(await person.request("GET", f"/dataexport/{export['id']}"), 404)
            checks.problem(await person.request("POST", f"/dataexport/{export['id']}/link"), 404)
            checks.equal((await person.get("/dataexport"))["items"], [], "exports of another person")
    with stage.step("a repeated client_id gives the same export"):
        await _same_export_again(ada, conversation["id"])
    path = await _link(ada, export["id"])
    await _link_is_single_use(stage, ada, mallory, path)
    with stage.step("the document holds every message in order"):
        document = await export_as_json(ben, conversation["id"])
        held = [message["content"] for message in document["messages"] if message["kind"] == "text"]
        checks.equal(held, texts, "texts of the export")
    with stage.step("unknown options and forged links are refused"):
        body = {"conversation_id": conversation["id"]}
        for option in ("xml", ""):
            answer = await ada.request("POST", "/dataexport/export-data", params={"option": option}, json=body)
            checks.problem(answer, 422, "invalid-fields")
        checks.problem(await ada.http.get(path[:-3] + "AAA"), 404)


async def make_export(person: Person, conversation_id: str) -> Json:
    """Ask for a JSON export and return it when it is ready."""
    response = await person.request(
        "POST", "/dataexport/export-data", params={"option": "json"}, json={"conversation_id": conversation_id}
    )
    checks.status(response, 202)
    asked = response.json()
    shapes.conforms(asked, shapes.EXPORT, "the accepted export")
    checks.true(
        response.headers.get("location", "").endswith(f"/dataexport/{asked['id']}"),
        f"Location of the export is {response.headers.get('location')!r}",
    )
    ready: Json = await eventually(
        lambda: person.get(f"/dataexport/{asked['id']}"),
        lambda export: export["state"] not in ("queued", "running"),
        what="the export's end",
        within=person.within,
    )
    checks.equal(ready["state"], "ready", "state of the export")
    shapes.conforms(ready, shapes.EXPORT, "the ready export")
    return ready


async def export_as_json(person: Person, conversation_id: str) -> Json:
    """Export a conversation, download it by a signed link with a cookie only, and return the document."""
    export = await make_export(person, conversation_id)
    path = await _link(person, export["id"])
    async with _browser(person) as browser:
        response = await browser.get(path)
    checks.status(response, 200)
    document: Json = response.json()
    return document


async def _same_export_again(ada: Person, conversation_id: str) -> None:
    body = {"conversation_id": conversation_id, "client_id": "0192d1e4-7c00-7000-8000-000000000001"}
    ids = []
    for status in (202, 200):
        answer = await ada.request("POST", "/dataexport/export-data", params={"option": "json"}, json=body)
        checks.status(answer, status)
        ids.append(answer.json()["id"])
    checks.equal(ids[1], ids[0], "id of the repeated export")


async def _link(person: Person, export_id: str) -> str:
    """Make a link and return its path (the platform may write another host name than the one we use)."""
    link = await person.post(f"/dataexport/{export_id}/link", None, expect=200)
    checks.true(shapes.moment(link["expires_at"]), f"expires_at of the link is {link['expires_at']!r}")
    path = str(urlsplit(link["url"]).path)
    checks.true(path.startswith("/dataexport/download/"), f"the link's path is {path}")
    checks.equal(urlsplit(link["url"]).query, "", "query of the link")
    return path


async def _link_is_single_use(stage: Stage, ada: Person, mallory: Person, path: str) -> None:
    async with _browser(ada) as holder, _browser(ada) as thief:
        with stage.step("HEAD does not claim a link, the first GET does and sets an HttpOnly cookie"):
            await holder.head(path)
            first = await holder.get(path)
            checks.status(first, 200)
            cookie = first.headers.get("set-cookie", "").lower()
            checks.true("httponly" in cookie, f"Set-Cookie is {cookie!r}")
            checks.true("path=/dataexport/download/" in cookie, f"Set-Cookie is {cookie!r}")
            _safe_headers(first)
        with stage.step("only the holder of the cookie, or the owner, gets it again"):
            checks.equal((await holder.get(path)).content, first.content, "the second download")
            checks.problem(await thief.get(path), 404)
            checks.problem(await mallory.http.get(path, headers=mallory.bearer), 404)
            mine = await thief.get(path, headers=ada.bearer)
            checks.status(mine, 200)
        with stage.step("one range may be asked for"):
            part = await holder.get(path, headers={"Range": "bytes=1-4"})
            checks.status(part, 206)
            checks.equal(part.content, first.content[1:5], "the bytes of the range")


def _safe_headers(response: httpx.Response) -> None:
    headers = response.headers
    checks.true(headers.get("content-disposition", "").startswith("attachment"), "Content-Disposition is no attachment")
    checks.equal(headers.get("x-content-type-options"), "nosniff", "X-Content-Type-Options")
    checks.true("no-store" in headers.get("cache-control", ""), "Cache-Control lacks no-store")
    checks.equal(headers.get("referrer-policy"), "no-referrer", "Referrer-Policy")


def _browser(person: Person) -> httpx.AsyncClient:
    """A client with a cookie jar of its own and no token."""
    return httpx.AsyncClient(base_url=person.http.base_url, timeout=person.http.timeout, trust_env=False)

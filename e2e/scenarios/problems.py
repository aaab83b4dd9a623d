"""Bad input: every kind of error has the form of RFC 9457 and gives nothing away."""

from uuid import uuid4

from e2e.scenarios import checks
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.stage import Stage

OVERSIZED_BYTES = 4 * 1024 * 1024
JSON_HEADER = {"Content-Type": "application/json"}


async def problems(stage: Stage) -> None:
    """Provoke each error that a client can make."""
    ada, ben = await stage.person("ada"), await stage.person("ben")
    conversation = await stage.group(ada)
    await _unreadable(stage, ada)
    await _not_there(stage, ada, ben, conversation["id"])
    await _malformed(stage, ada, conversation["id"])
    await _text_rules(stage, ada, conversation["id"])
    with stage.step("409: a client_message_id with other content, reply or conversation"):
        key = str(uuid4())
        await ada.send(conversation["id"], "as first sent", client_message_id=key)
        other = await stage.group(ada, title="Another")
        for body in (message_body(conversation["id"], "changed", key), message_body(other["id"], "as first sent", key)):
            checks.problem(await ada.request("POST", "/message", json=body), 409, "client-id-reused")
    with stage.step("a request id is accepted and returned"):
        answer = await ada.request("GET", "/user/me", headers={"X-Request-Id": f"run-{stage.run_id}"})
        checks.equal(answer.headers.get("x-request-id"), f"run-{stage.run_id}", "X-Request-Id")
        answer = await ada.request("GET", "/user/me")
        checks.true(answer.headers.get("x-request-id"), "no X-Request-Id of the platform's own")
    with stage.step("the documents of the whole platform are there"):
        document = (await ada.http.get("/openapi.json")).json()
        for path in ("/auth/signUp", "/user/me", "/conversation", "/message", "/notification", "/dataexport"):
            checks.true(path in document["paths"], f"/openapi.json lacks {path}")
        checks.status(await ada.http.get("/docs", follow_redirects=True), 200)


async def _unreadable(stage: Stage, ada: Person) -> None:
    with stage.step("400: a body that is no JSON"):
        for content in (b"{", b"\xff\xfe", b'{"title": NaN'):
            answer = await ada.request("POST", "/conversation", content=content, headers=JSON_HEADER)
            checks.problem(answer, 400, "bad-request")
    with stage.step("401: no token"):
        checks.problem(await ada.http.get("/conversation"), 401, "invalid-token")
        checks.problem(await ada.http.post("/message", json={}), 401, "invalid-token")
    with stage.step("413: a body that is too large"):
        body = b'{"title": "' + b"x" * OVERSIZED_BYTES + b'"}'
        answer = await ada.request("POST", "/conversation", content=body, headers=JSON_HEADER)
        checks.problem(answer, 413, "too-large")
    with stage.step("415: a body of another media type"):
        for media_type in ("text/plain", "application/xml"):
            header = {"Content-Type": media_type}
            answer = await ada.request("POST", "/conversation", content=b'{"title": "t"}', headers=header)
            checks.problem(answer, 415, "unsupported-media-type")


async def _not_there(stage: Stage, ada: Person, ben: Person, conversation_id: str) -> None:
    with stage.step("404: unknown routes, unknown ids, malformed ids, other people's things"):
        for path in ("/nowhere", "/auth/nowhere", "/conversation/not-an-id", f"/conversation/{uuid4()}"):
            checks.problem(await ada.request("GET", path), 404, "not-found")
        for path in ("/message/not-an-id", f"/user/{uuid4()}", "/notification/not-an-id", "/dataexport/not-an-id"):
            checks.problem(await ada.request("GET", path), 404, "not-found")
        for path in ("", "/messages", "/changes", "/members", "/receipts"):
            checks.problem(await ben.request("GET", f"/conversation/{conversation_id}{path}"), 404, "not-found")
        checks.problem(await ben.request("PUT", f"/conversation/{conversation_id}/receipt", json={"read_seq": 1}), 404)
        answer = await ben.request("POST", "/conversation/join", json={"join_code": "AAAA-" * 7 + "AAAA"})
        checks.problem(answer, 404, "not-found")
    with stage.step("405: a method that a route does not have"):
        for method, path in (
            ("PUT", "/message"),
            ("DELETE", "/conversation"),
            ("POST", "/user/me"),
            ("PUT", "/auth/signUp"),
        ):
            checks.problem(await ada.request(method, path, json={}), 405, "method-not-allowed")


async def _malformed(stage: Stage, ada: Person, conversation_id: str) -> None:
    secret = "a-secret-that-must-not-come-back"  # noqa: S105 - it is looked for in answers
    refused: list[tuple[str, object, str]] = [
        ("/conversation", {"title": "t", "surprise": 1}, "surprise"),
        ("/conversation", {}, ""),
        ("/conversation", {"title": ""}, "title"),
        ("/conversation", {"title": "t" * 101}, "title"),
        ("/conversation", {"kind": "channel", "title": "t"}, "kind"),
        ("/conversation", [], ""),
        ("/message", {"conversation_id": "x", "client_message_id": str(uuid4()), "content": "c"}, "conversation_id"),
        ("/message", {"conversation_id": conversation_id, "content": "c"}, "client_message_id"),
        ("/message", message_body(conversation_id, ""), "content"),
        ("/message", message_body(conversation_id, "x" * 4001), "content"),
        ("/message", message_body(conversation_id, "x") | {"sender_id": ada.id}, "sender_id"),
        ("/auth/signUp", {"username": "a", "email": "a@example.org", "password": secret}, "username"),
        ("/auth/signUp", {"username": "-abc", "email": "a@example.org", "password": secret}, "username"),
        ("/auth/signUp", {"username": "abcd", "email": "no address", "password": secret}, "email"),
        ("/auth/signUp", {"username": "abcd", "email": "a@example.org", "password": "short"}, "password"),
        ("/auth/login", {"login": "abcd", "password": secret, "surprise": secret}, "surprise"),
    ]
    with stage.step("422: malformed and unknown fields are named, and never echoed"):
        for path, body, field in refused:
            answer = await ada.request("POST", path, json=body)
            found = checks.problem(answer, 422, "invalid-fields")
            named = [error["field"] for error in found["errors"]]
            checks.true(any(name.split(".")[-1] == field for name in named) or not field, f"{path} {field}: {named}")
            checks.true(secret not in answer.text, f"{path} echoed a secret")
    with stage.step("422: malformed limits and cursors"):
        for query in ({"limit": "0"}, {"limit": "201"}, {"limit": "many"}, {"cursor": "no cursor"}):
            checks.problem(await ada.request("GET", "/conversation", params=query), 422, "invalid-fields")
        path = f"/conversation/{conversation_id}/messages"
        for query in ({"after_seq": "-1"}, {"after_seq": "x"}):
            checks.problem(await ada.request("GET", path, params=query), 422, "invalid-fields")


async def _text_rules(stage: Stage, ada: Person, conversation_id: str) -> None:
    with stage.step("text is NFC with LF, keeps joiners, and holds no control characters"):
        message = await ada.send(conversation_id, "cafe\u0301\r\nline\rend\t👩\u200d👩")
        checks.equal(message["content"], "café\nline\nend\t👩\u200d👩", "content")
        await ada.send(conversation_id, "👍" * 4000)
        for content in (b'"\\u0000"', b'"\\u001b[31m"', b'"\\ud800"'):
            body = b'{"conversation_id": "%s", "client_message_id": "%s", "content": %s}' % (
                conversation_id.encode(),
                str(uuid4()).encode(),
                content,
            )
            answer = await ada.request("POST", "/message", content=body, headers=JSON_HEADER)
            checks.problem(answer, 422, "invalid-fields")

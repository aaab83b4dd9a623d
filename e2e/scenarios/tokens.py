"""Signing in and staying in: wrong passwords, rotation of the refresh token with its repeat window, logout."""

import asyncio
import time
from datetime import timedelta

import httpx

from e2e.scenarios import checks, live, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually

REVOKED_WITHIN = timedelta(seconds=1)


async def tokens(stage: Stage) -> None:
    """Play the life of a session."""
    visitor = stage.stranger("visitor")
    with stage.step("the configuration is open and complete"):
        shapes.conforms(await visitor.get("/auth/config"), shapes.CONFIG, "GET /auth/config")
        keys = (await visitor.get("/auth/.well-known/jwks.json"))["keys"]
        checks.true(keys and all("d" not in key for key in keys), "JWKS is empty or holds private keys")
    ada = await stage.person("ada")
    await _credentials(stage, ada)
    await _rotation(stage, ada)
    await _reuse_ends_the_session(stage)
    await _sessions(stage)
    for path in (live.MESSAGE_PATH, live.NOTIFICATION_PATH):
        await _logout_ends_open_sockets(stage, path)
    with stage.step("logout with the refresh token needs no bearer"):
        person = await stage.person("leaver")
        answer = await person.http.post("/auth/logout", json={"refresh_token": person.tokens["refresh_token"]})
        checks.status(answer, 204)
        checks.problem(await _refresh(person, person.tokens), 401)


async def _credentials(stage: Stage, ada: Person) -> None:
    with stage.step("a user name is unique without regard to case"):
        body = {"username": ada.username.upper(), "email": f"other.{ada.email}", "password": ada.password}
        checks.problem(await ada.http.post("/auth/signUp", json=body), 409, "username-taken")
    with stage.step("a wrong password and an unknown name get the same 401 invalid-credentials"):
        answers = [
            checks.problem(await ada.http.post("/auth/login", json=body), 401, "invalid-credentials")
            for body in (
                {"login": ada.username, "password": "wrong password"},
                {"login": f"nobody.{stage.run_id}", "password": "wrong password"},
            )
        ]
        checks.equal(answers[1]["detail"], answers[0]["detail"], "detail for an unknown name")
    with stage.step("no token and a broken token get 401 invalid-token with WWW-Authenticate"):
        for header in ({}, {"Authorization": "Bearer broken"}, {"Authorization": "Basic YTpi"}):
            answer = await ada.http.get("/user/me", headers=header)
            checks.problem(answer, 401, "invalid-token")
            checks.true("bearer" in answer.headers.get("www-authenticate", "").lower(), "no WWW-Authenticate: Bearer")
    with stage.step("a refresh token is no access token, and no token counts in the URL"):
        for token in (ada.tokens["refresh_token"], ""):
            header = {"Authorization": f"Bearer {token}"} if token else {}
            url = f"/user/me?access_token={ada.tokens['access_token']}"
            checks.problem(await ada.http.get(url, headers=header), 401, "invalid-token")
    with stage.step("a socket with a broken token is refused"):
        for path in (live.MESSAGE_PATH, live.NOTIFICATION_PATH):
            try:
                await ada.connect(path, token="broken")  # noqa: S106 - it is meant to be refused
            except live.ConnectionRefusedByServerError:
                continue
            raise checks.ScenarioError(f"{path} accepted a broken token")


async def _rotation(stage: Stage, ada: Person) -> None:
    with stage.step("twenty refreshes at once with one token give twenty equal answers"):
        answers = await asyncio.gather(*(_refresh(ada, ada.tokens) for _ in range(20)))
        for answer in answers:
            checks.status(answer, 200)
        heads = {answer.json()["tokens"]["refresh_token"] for answer in answers}
        checks.equal(len(heads), 1, "different successors")
        checks.true(ada.tokens["refresh_token"] not in heads, "the refresh token was not rotated")
    with stage.step("a repeat in the window gets the same successor, and both access tokens work"):
        repeat = await _refresh(ada, ada.tokens)
        checks.status(repeat, 200)
        checks.equal({repeat.json()["tokens"]["refresh_token"]}, heads, "the successor")
        await ada.get("/auth/config")
        ada.tokens = repeat.json()["tokens"]
        await _profile(stage, ada)


async def _reuse_ends_the_session(stage: Stage) -> None:
    with stage.step("once the successor was used, the old token ends the whole session"):
        person = await stage.person("careless")
        old = person.tokens
        second = (await _refresh(person, old)).json()["tokens"]
        third = (await _refresh(person, second)).json()["tokens"]
        checks.problem(await _refresh(person, old), 401)
        checks.problem(await _refresh(person, third), 401)
        person.tokens = third
        await _refused_soon(person)


async def _sessions(stage: Stage) -> None:
    with stage.step("one's sessions are listed; one, or all others, are ended from elsewhere"):
        person = await stage.person("roamer")
        phone, tablet = await _second_session(person), await _second_session(person)
        listed = (await person.get("/auth/sessions"))["items"]
        for session in listed:
            shapes.conforms(session, shapes.SESSION, "a session")
        checks.equal([session["current"] for session in listed], [False, False, True], "current, newest first")
        checks.status(await person.request("DELETE", f"/auth/sessions/{listed[0]['id']}"), 204)
        checks.problem(await _refresh(person, tablet), 401)
        checks.status(await _refresh(person, phone), 200)
        checks.status(await person.request("DELETE", "/auth/sessions"), 204)
        checks.problem(await _refresh(person, phone), 401)
        checks.equal([session["current"] for session in (await person.get("/auth/sessions"))["items"]], [True], "left")
        stranger = await stage.person("other")
        checks.problem(await stranger.request("DELETE", f"/auth/sessions/{listed[2]['id']}"), 404, "not-found")


async def _logout_ends_open_sockets(stage: Stage, path: str) -> None:
    with stage.step(f"logout revokes within 1 s, on the open socket {path} too"):
        person = await stage.person("leaver" + path.split("/", 2)[1][:3])
        socket, other = await person.connect(path), await _second_session(person)
        checks.status(await person.request("POST", "/auth/logout"), 204)
        begun = time.monotonic()
        ended = await socket.wait_for("session_ended")
        took_s = time.monotonic() - begun
        checks.true(ended.get("reason"), f"session_ended has no reason: {ended}")
        checks.true(took_s <= REVOKED_WITHIN.total_seconds(), f"session_ended came after {took_s:.2f} s")
        await socket.until(lambda: not socket.is_open, what="the socket was not closed")
        await _refused_soon(person)
        checks.problem(await _refresh(person, person.tokens), 401)
        person.tokens = other
        await person.get("/conversation")


async def _second_session(person: Person) -> Json:
    answer = await person.post("/auth/login", {"login": person.username, "password": person.password}, expect=200)
    tokens_of_answer: Json = answer["tokens"]
    return tokens_of_answer


async def _refused_soon(person: Person) -> None:
    for path in ("/conversation", "/user/me", "/notification", "/dataexport"):
        answer = await eventually(
            lambda path=path: person.request("GET", path),  # type: ignore[misc]
            lambda response: response.status_code == 401,
            what=f"401 for the ended session at {path}",
            within=REVOKED_WITHIN,
        )
        checks.problem(answer, 401, "invalid-token")


async def _refresh(person: Person, held: Json) -> httpx.Response:
    return await person.http.post("/auth/refresh", json={"refresh_token": held["refresh_token"]})


async def _profile(stage: Stage, person: Person) -> None:
    await eventually(
        lambda: person.request("GET", "/user/me"),
        lambda answer: answer.status_code == 200,
        what="one's own profile",
        within=stage.within,
    )

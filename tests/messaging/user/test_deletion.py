"""A person who deletes their account leaves nothing here, and nobody can relate to them any more."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from messaging.auth import app as auth_app
from messaging.auth.settings import AuthSettings
from messaging.kernel.purging import PORTION
from messaging.user.app import build
from messaging.user.settings import UserSettings
from messaging.user.tables import Base, RelationRow

from tests.messaging.auth.conftest import CHEAP, PASSWORD
from tests.messaging.user.conftest import CREATED_AT, Users, open_users
from tests.support.databases import DIALECTS
from tests.support.deletions import Deletions, tables_with
from tests.support.serve import served
from tests.support.services import RunningService, database_place, running_service
from tests.support.tokens import Person


@pytest.fixture(scope="module", params=DIALECTS)
async def users(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Users]:
    async with open_users(database_place(request, "user", tmp_path_factory), purge_delay_s=0.05) as opened:
        yield opened


@pytest.fixture(scope="module")
def deletions(users: Users) -> Deletions:
    return Deletions(users.service.host.runtime.bus)


async def held(users: Users, *words: str | UUID) -> set[str]:
    return await tables_with(users.service.host.runtime.database, *words)


async def befriend(users: Users, one: Person, other: Person) -> None:
    assert (await users.post("/contacts", one, {"user_id": str(other.id)})).is_success
    assert (await users.put(f"/contacts/requests/{one.id}", other, {"accept": True})).is_success


async def has_a_life(users: Users, ada: Person) -> Person:
    """Ada is in every table of the service; returns a contact of hers."""
    ben, carl, dora, emil = [await users.known() for _ in range(4)]
    assert (await users.put(f"/{ada.id}", ada, {"display_name": "Countess", "bio": "of looms"})).is_success
    await befriend(users, ada, ben)
    await befriend(users, carl, ada)
    assert (await users.post("/contacts", ada, {"user_id": str(dora.id)})).is_success
    assert (await users.post("/contacts", emil, {"user_id": str(ada.id)})).is_success
    assert (await users.put(f"/blocks/{carl.id}", ada)).is_success
    assert (await users.put(f"/blocks/{ada.id}", dora)).is_success
    for reporter, reported in ((ada, carl), (carl, ada)):
        body = {"user_id": str(reported.id), "reason": "abuse", "text": f"about {reported.username}"}
        assert (await users.post("/reports", reporter, body)).is_success
    return ben


async def test_no_table_holds_anything_of_them(users: Users, deletions: Deletions) -> None:
    ada = await users.known()
    await has_a_life(users, ada)
    everywhere = set(Base.metadata.tables) - {"last_seen"}
    assert await held(users, ada.id) >= everywhere

    await deletions.complete(ada.id)

    assert await held(users, ada.id, ada.username, "Countess", f"{ada.username}@example.org") == set()


async def test_others_have_a_contact_less_and_see_no_profile(users: Users, deletions: Deletions) -> None:
    ada = await users.known()
    ben = await has_a_life(users, ada)

    await deletions.complete(ada.id)

    assert (await users.get("/contacts", ben)).json()["items"] == []
    assert (await users.get(f"/{ada.id}", ben)).status_code == 404
    assert (await users.get(f"/by-username/{ada.username}", ben)).status_code == 404
    assert (await users.get(f"?ids={ada.id},{ben.id}", ben)).json()["items"][0]["id"] == str(ben.id)
    assert (await users.post("/contacts", ben, {"user_id": str(ada.id)})).status_code == 404
    assert (await users.put(f"/blocks/{ada.id}", ben)).status_code == 404


async def test_the_account_that_comes_late_makes_no_profile(users: Users, deletions: Deletions) -> None:
    ada = users.somebody()
    await deletions.complete(ada.id)

    await users.account(ada)
    await users.account(ada, version=9)

    assert await held(users, ada.id) == set()


async def test_who_has_more_relations_than_a_page_holds_is_taken_away_whole(users: Users, deletions: Deletions) -> None:
    ada = await users.known()
    async with users.service.host.runtime.database.writing() as session:
        for _ in range(PORTION + 1):
            session.add(RelationRow(user_id=ada.id, other_id=uuid4(), blocked=True, changed_at=CREATED_AT))
            session.add(RelationRow(user_id=uuid4(), other_id=ada.id, contact=True, changed_at=CREATED_AT))

    await deletions.complete(ada.id)

    assert await held(users, ada.id) == set()


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[tuple[RunningService, RunningService]]:
    """Auth as it is, and the user service that trusts it."""
    auth_settings = AuthSettings(data_dir=tmp_path, trusted_hops=1, login_limit_per_pair=2, **CHEAP)
    async with AsyncExitStack() as stack:
        auth = await stack.enter_async_context(running_service("auth", auth_settings, auth_app.build))
        url = await stack.enter_async_context(served(auth.host.admin))
        settings = UserSettings(data_dir=tmp_path, auth_internal_url=url)
        yield auth, await stack.enter_async_context(running_service("user", settings, build))


async def sign_up(auth: RunningService, name: str) -> tuple[str, dict[str, str]]:
    """Somebody's id, and the headers of their requests."""
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    made = (await auth.public.post("/api/auth/signUp", json=body)).json()
    return made["user"]["id"], {"Authorization": f"Bearer {made['tokens']['access_token']}"}


async def test_one_deletes_ones_own_account_by_way_of_the_user_service(
    platform: tuple[RunningService, RunningService],
) -> None:
    auth, user = platform
    ada, headers = await sign_up(auth, "ada")
    body = {"password": PASSWORD, "messages": "keep"}

    answer = await user.public.request("DELETE", f"/api/user/{ada}", json=body, headers=headers)

    assert answer.status_code == 202, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    progress = await auth.public.post("/api/auth/account/deletion", json=answer.json())
    assert progress.json()["messages"] == "keep"
    again = await user.public.request("DELETE", f"/api/user/{ada}", json=body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (401, "urn:messaging:problem:invalid-token")


async def test_a_wrong_password_is_told_as_auth_tells_it_and_counts_for_the_client(
    platform: tuple[RunningService, RunningService],
) -> None:
    auth, user = platform
    ada, headers = await sign_up(auth, "ada")
    body = {"password": "a guess", "messages": "keep"}

    here = headers | {"X-Forwarded-For": "203.0.113.5"}
    answers = [await user.public.request("DELETE", f"/api/user/{ada}", json=body, headers=here) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[0].json()["type"] == "urn:messaging:problem:invalid-credentials"
    assert int(answers[2].headers["Retry-After"]) > 0
    login = {"login": "ada", "password": PASSWORD}
    elsewhere = await auth.public.post("/api/auth/login", json=login, headers={"X-Forwarded-For": "203.0.113.6"})
    assert elsewhere.status_code == 200


async def test_nobody_deletes_anothers_account(platform: tuple[RunningService, RunningService]) -> None:
    auth, user = platform
    _, headers = await sign_up(auth, "ada")
    ben, _ = await sign_up(auth, "ben")
    body = {"password": PASSWORD, "messages": "delete"}

    unknown = await user.public.request("DELETE", f"/api/user/{ben}", json=body, headers=headers)
    nobody = await user.public.request("DELETE", f"/api/user/{ben}", json=body)
    unsaid = await user.public.request("DELETE", f"/api/user/{ben}", json={"password": PASSWORD}, headers=headers)

    assert [unknown.status_code, nobody.status_code, unsaid.status_code] == [404, 401, 422]


async def test_a_known_persons_account_is_forbidden(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    body = {"password": PASSWORD, "messages": "delete"}
    assert (await users.ask("DELETE", f"/{ben.id}", ada, body)).status_code == 403


async def test_while_auth_is_away_it_can_be_tried_again(users: Users) -> None:
    ada = await users.known()
    answer = await users.ask("DELETE", f"/{ada.id}", ada, {"password": PASSWORD, "messages": "delete"})
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers

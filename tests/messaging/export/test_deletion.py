"""The exports of a person who deletes their account end, whatever is being done with them."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from messaging.kernel.tokens import CallerVerifier

from tests.messaging.export.world import Exports, Person, World, problem
from tests.support.deletions import Deletions, tables_with


@pytest.fixture(scope="module")
async def exports(world: World) -> AsyncIterator[Exports]:
    """An export service that begins to remove people at once."""
    async with world.exporting(purge_delay_s=0.05) as exports:
        yield exports


@pytest.fixture(scope="module")
def deletions(exports: Exports) -> Deletions:
    return Deletions(exports.service.host.runtime.bus)


def id_of(exports: Exports, person: Person) -> UUID:
    verifier: CallerVerifier = exports.service.host.runtime.verifier
    return verifier.caller(person.token).user_id


async def held(exports: Exports, *words: str | UUID) -> set[str]:
    return await tables_with(exports.service.host.runtime.database, *words)


async def test_exports_with_their_bytes_and_links_are_gone(
    world: World, exports: Exports, deletions: Deletions
) -> None:
    ada, ben = await world.person(), await world.person()
    conversation = await world.conversation(ada, "the secret of an export")
    export_id = await exports.ready(ada, conversation)
    link = await exports.link(ada, export_id)
    kept = await exports.ready(ben, await world.conversation(ben, "of ben's own"))
    assert await held(exports, "the secret of an export", UUID(export_id)) == {
        "export",
        "export_chunk",
        "download_link",
    }

    await deletions.complete(id_of(exports, ada))

    assert await held(exports, "the secret of an export", UUID(export_id), id_of(exports, ada)) == set()
    assert problem(await exports.service.public.get(link, headers=ada.headers)) == (404, "not-found")
    assert (await exports.one(ben, kept))["state"] == "ready"


async def test_an_export_that_is_being_made_ends(world: World, exports: Exports, deletions: Deletions) -> None:
    ada = await world.person()
    conversation = await world.conversation(ada, *(f"word {number}" for number in range(30)))
    world.gate.close()
    export_id = await exports.begun(ada, conversation)
    await world.gate.waiting.wait()

    await deletions.complete(id_of(exports, ada))
    world.gate.open()

    again = await world.person()
    await exports.ready(again, await world.conversation(again, "the worker goes on"))
    assert await held(exports, UUID(export_id)) == set()


async def test_an_export_that_was_asked_for_at_the_last_moment_is_refused(
    world: World, exports: Exports, deletions: Deletions
) -> None:
    ada = await world.person()
    conversation = await world.conversation(ada, "too late")
    await deletions.complete(id_of(exports, ada))

    assert problem(await exports.create(ada, conversation)) == (401, "invalid-token")
    assert await held(exports, id_of(exports, ada)) == set()


async def test_who_never_exported_is_answered_too(world: World, exports: Exports, deletions: Deletions) -> None:
    ada = await world.person()

    await deletions.tell(id_of(exports, ada))

    (answer,) = await deletions.answered(id_of(exports, ada))
    assert answer.service == "export"

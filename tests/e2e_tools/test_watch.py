"""Whoever restarts without having been killed is found, and each kill is followed until the process is ready again."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from e2e.faults.target import Part, Process, Target
from e2e.faults.watch import Watch

AUTH = Process("auth", "auth-1", "started once", is_ready=True)
USER = Process("user", "user-1", "started once", is_ready=True)
AWAY = replace(AUTH, is_ready=False)
STARTED = replace(AWAY, mark="started twice")
BACK = replace(STARTED, is_ready=True)


class Film(Target):
    """A platform that looks as a test says: one picture after another, the last one for ever."""

    def __init__(self, *pictures: Iterable[Process]) -> None:
        super().__init__("http://localhost:1")
        self._pictures = [list(picture) for picture in pictures]

    def kill(self, part: Part) -> str:
        return f"{part}-1"

    def processes(self) -> list[Process]:
        return self._pictures.pop(0) if len(self._pictures) > 1 else self._pictures[0]

    def stop(self, part: Part) -> None:
        raise NotImplementedError

    start = hold = release = stop

    def scale_message(self, replicas: int) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("e2e.faults.watch.INTERVAL_S", 0)


async def watched(*pictures: Iterable[Process]) -> Watch:
    """Kill auth after the first picture, and wait until it is back."""
    watch = Watch(Film(*pictures))
    await watch.begin()
    await watch.kill("auth")
    await watch.back()
    return watch


async def test_a_killed_process_is_back_once_it_was_started_again_and_is_ready() -> None:
    watch = await watched([AUTH, USER], [AUTH, USER], [AUTH, USER], [AWAY, USER], [STARTED, USER], [BACK, USER])

    assert len(watch.recoveries["auth"]) == 1
    assert watch.strangers == []


async def test_another_one_that_restarts_is_found() -> None:
    restarted = replace(USER, mark="started twice")

    watch = await watched([AUTH, USER], [AUTH, USER], [BACK, restarted])

    assert watch.strangers == ["user-1 is another one: started twice"]


async def test_a_killed_one_that_restarts_once_more_is_found() -> None:
    again = replace(BACK, mark="started three times")

    watch = await watched([AUTH, USER], [AUTH, USER], [STARTED, USER], [again, USER])

    assert watch.strangers == ["auth-1 is another one: started three times"]


async def test_one_that_is_gone_is_found() -> None:
    watch = await watched([AUTH, USER], [AUTH, USER], [BACK])

    assert watch.strangers == ["user-1 is gone"]

"""What a new operator changes rolls through at most two platforms at once; what people change never waits."""

from messaging_operator.turns import Turns


def _may(
    turns: Turns, key: str, *, rolled_out: str | None = "old", observed: int = 1, fingerprint: str = "new"
) -> bool:
    status = {"rolledOut": rolled_out, "observedGeneration": observed}
    return turns.may_roll(key, generation=1, status=status, fingerprint=fingerprint)


def test_a_third_platform_waits_until_one_of_two_is_rolled_out() -> None:
    turns = Turns()

    assert [_may(turns, key) for key in ("a", "b", "c")] == [True, True, False]
    assert _may(turns, "a"), "a turn that was given stays"
    assert _may(turns, "a", rolled_out="new")
    assert _may(turns, "c")


def test_a_platform_that_is_gone_gives_its_turn_back() -> None:
    turns = Turns()
    assert [_may(turns, key) for key in ("a", "b", "c")] == [True, True, False]

    turns.leave("b")

    assert _may(turns, "c")


def test_a_change_of_a_person_and_a_new_platform_never_wait() -> None:
    turns = Turns()
    assert [_may(turns, key) for key in ("a", "b")] == [True, True]

    assert _may(turns, "changed", observed=0)
    assert _may(turns, "changed"), "also at the next look, when the status speaks of the new generation"
    assert _may(turns, "fresh", rolled_out=None)
    assert _may(turns, "same", rolled_out="new")
    assert not _may(turns, "c")

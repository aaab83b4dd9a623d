"""What people wrote cannot do anything to a terminal."""

from datetime import UTC

import pytest
from messaging_client.cli.choosing import choose
from messaging_client.cli.failures import UsageError
from messaging_client.cli.render import conversation_line, message_line, plain, title
from messaging_wire.conversation import Peer

from tests.messaging_client.making import ADA, MOMENT, conversation, message


def test_a_message_is_one_line_with_number_time_and_sender() -> None:
    line = message_line(message(7, content="hello"), {ADA: "ada"}, zone=UTC)

    assert line == "#7 2026-11-24 10:00 ada: hello"


def test_a_sender_whose_name_is_unknown_is_shown_by_id() -> None:
    assert str(ADA) in message_line(message(1), {})


def test_deleted_edited_and_system_messages_say_so() -> None:
    names = {ADA: "ada"}

    assert message_line(message(1, content="", deleted_at=MOMENT), names).endswith("ada deleted this message")
    assert message_line(message(1, content="x", edited_at=MOMENT), names).endswith("ada: x (edited)")
    assert message_line(message(1, content="ada joined", kind="system"), names).endswith(" * ada joined")


@pytest.mark.parametrize("dangerous", ["\x1b[2J", "\x07", "\x9b31m", "\u202e", "\r", "\x00"])
def test_control_characters_are_made_visible(dangerous: str) -> None:
    shown = plain(f"a{dangerous}b")

    assert dangerous[0] not in shown
    assert "\N{REPLACEMENT CHARACTER}" in shown


def test_a_second_line_cannot_pass_for_another_message() -> None:
    assert plain("one\n#9 ada: two") == "one\n    #9 ada: two"


def test_joiners_and_other_scripts_stay() -> None:
    assert plain("👩\u200d👩 שלום ünï") == "👩\u200d👩 שלום ünï"


def test_a_conversation_is_called_by_its_title_or_its_peer() -> None:
    peer = Peer(user_id=ADA, username="ada", display_name="Ada")

    assert title(conversation()) == "Reading circle"
    assert title(conversation(kind="direct", title=None, peer=peer)) == "@ada"
    gone = Peer(user_id=ADA, username="", display_name="")
    assert title(conversation(kind="direct", title=None, peer=gone)) == "Deleted person"
    assert conversation_line(conversation(last_seq=3)).endswith("Reading circle  2 members (3 unread)")


def test_a_conversation_is_chosen_by_title_without_case_or_by_its_beginning() -> None:
    circle, club = conversation(title="Reading circle"), conversation(title="Reading club")

    assert choose([circle, club], "reading CLUB") is club
    assert choose([circle, club], "reading ci") is circle
    with pytest.raises(UsageError, match="several"):
        choose([circle, club], "reading")
    with pytest.raises(UsageError, match="no conversation"):
        choose([circle], "cooking")

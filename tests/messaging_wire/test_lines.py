"""Titles and names: one line's worth of text, counted after it has been brought into its one form."""

import pytest
from messaging_wire.conversation import ConversationCreate
from messaging_wire.user import ProfileUpdate
from pydantic import ValidationError


@pytest.mark.parametrize("line", ["", "   ", "\t\n", "x" * 101, "a\u0000b", "a\ud800b"])
def test_a_line_that_is_empty_too_long_or_not_text_is_refused(line: str) -> None:
    with pytest.raises(ValidationError, match="title"):
        ConversationCreate(title=line)
    with pytest.raises(ValidationError, match="display_name"):
        ProfileUpdate(display_name=line)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (" Ada ", "Ada"),
        ("e\u0301" * 100, "\u00e9" * 100),
        (" " * 60 + "x" * 60, "x" * 60),
        ("\u200d\u202e", "\u200d\u202e"),
    ],
)
def test_a_line_is_composed_and_stripped_before_it_is_counted(line: str, kept: str) -> None:
    assert ConversationCreate(title=line).title == kept

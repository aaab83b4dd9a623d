"""Which text is one emoji."""

import emoji
import pytest
from messaging.message.emojis import complete_emoji
from messaging.message.tables import MAX_EMOJI


@pytest.mark.parametrize("text", ["👍", "👍🏽", "❤️", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "#️⃣", "*️⃣", "1️⃣"])
def test_an_emoji_of_the_recommended_set_is_one(text: str) -> None:
    assert complete_emoji(text) == text


@pytest.mark.parametrize(("text", "complete"), [("❤", "❤️"), ("🏳‍🌈", "🏳️‍🌈"), ("👁‍🗨️", "👁️‍🗨️"), ("☺", "☺️"), ("1⃣", "1️⃣")])
def test_a_form_without_its_selectors_means_the_complete_one(text: str, complete: str) -> None:
    assert complete_emoji(text) == complete


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1",
        "#",
        "👍👍",
        "👍 ",
        ":thumbs_up:",
        "🏽",
        "🇩",
        "\ufe0f",
        "\u200d",
        "👍\ufe0f",
        "\ufe0f❤",
        "❤\ufe0f\ufe0f",
        "❤\ufe0e",
        "👨‍👨",
        "<b>",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert complete_emoji(text) is None


def test_every_emoji_fits_its_column() -> None:
    assert max(len(text) for text in emoji.EMOJI_DATA) <= MAX_EMOJI

"""Which text is one emoji: the set that Unicode recommends for general interchange (RGI, UTS #51), from one library."""

import emoji

VARIATION_SELECTOR = "\ufe0f"


def _by_bare_form() -> dict[str, str]:
    complete = emoji.STATUS["fully_qualified"]
    return {_bare(text): text for text, about in emoji.EMOJI_DATA.items() if about["status"] == complete}


def _bare(text: str) -> str:
    return text.replace(VARIATION_SELECTOR, "")


_COMPLETE = _by_bare_form()


def complete_emoji(text: str) -> str | None:
    """Return the fully-qualified form of an emoji of the set, however many selectors it came with; None for all else.

    Text with a selector in a place where the emoji has none is no emoji.
    """
    complete = _COMPLETE.get(_bare(text))
    if complete is None or text == complete:
        return complete
    return complete if emoji.is_emoji(text) or text == _bare(text) else None

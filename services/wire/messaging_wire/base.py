"""The two kinds of model on the wire: what a client asks (strict) and what it reads (tolerant).

Requests forbid unknown fields, so that a typing error is a clear 422. Answers, events and socket payloads are read
with unknown fields ignored, so that they can grow without breaking an older reader.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints

_REFUSED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Unicode's categories Cc, but for tab and line feed, and Cs."""


def normalise_text(text: str) -> str:
    """Return `text` in NFC with LF line ends.

    Raises:
        ValueError: it holds a control character other than tab and line feed, or a lone surrogate.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if _REFUSED.search(text):
        raise ValueError("must not hold control characters or lone surrogates")
    return text


def _normalise(value: Any) -> Any:
    return normalise_text(value) if isinstance(value, str) else value


def format_time(moment: datetime) -> str:
    """Write an aware time as RFC 3339 UTC with microseconds, the only form that the platform sends."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("must carry a time zone, such as a final Z")
    return moment.astimezone(UTC)


Time = Annotated[datetime, AfterValidator(_aware), PlainSerializer(format_time, return_type=str, when_used="json")]
"""An aware UTC time, RFC 3339 with microseconds in JSON."""

Text = Annotated[str, BeforeValidator(_normalise)]
"""Text of a person: NFC, LF, no control characters; a length constraint counts code points after that."""

Item = TypeVar("Item")

ShortLine = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), BeforeValidator(_normalise)
]
"""A title or a name: like `Text`, without blanks around it, 1 to 100 code points after that.

Not built on `Text`: pydantic would count before it strips, and a line of blanks would pass as an empty one.
"""


class Request(BaseModel):
    """The body of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """What the platform sends: unknown fields are ignored by older readers."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Page(Answer, Generic[Item]):
    """One page of a list by keyset; `next_cursor` is opaque and null on the last page."""

    items: list[Item]
    next_cursor: str | None = None

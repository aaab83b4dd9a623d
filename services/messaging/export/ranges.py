"""Byte ranges of a download (RFC 9110, section 14): one range, or the whole."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


class RangeNotSatisfiableError(Exception):
    """The range lies outside of what there is."""


@dataclass(frozen=True)
class ByteRange:
    """The bytes from `start` up to but not including `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.stop - self.start


def asked_range(header: str | None, if_range: str | None, *, etag: str, size: int) -> ByteRange | None:
    """Return the part that is asked for, or None for the whole.

    The whole is also for several ranges, a malformed one, or a part of something else than `etag` (If-Range).

    Raises:
        RangeNotSatisfiableError: it begins behind the end.
    """
    match = _ONE_RANGE.match(header.replace(" ", "")) if header else None
    if match is None or (if_range is not None and if_range != etag):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        if int(last) == 0:
            raise RangeNotSatisfiableError
        return ByteRange(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise RangeNotSatisfiableError
    return ByteRange(int(first), min(size, int(last) + 1) if last else size)

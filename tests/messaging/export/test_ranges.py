"""One byte range, or the whole (RFC 9110, section 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messaging.export.ranges import ByteRange, RangeNotSatisfiableError, asked_range

ETAG = '"export"'


def part(header: str | None, if_range: str | None = None, *, size: int = 100) -> ByteRange | None:
    return asked_range(header, if_range, etag=ETAG, size=size)


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=90-", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("bytes=99-100000", 99, 100),
    ],
)
def test_one_range_is_cut_to_what_there_is(header: str, start: int, stop: int) -> None:
    assert part(header) == ByteRange(start, stop)


@pytest.mark.parametrize("header", [None, "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", ""])
def test_anything_else_is_the_whole(header: str | None) -> None:
    assert part(header) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        part(header)


def test_a_range_of_something_else_is_the_whole() -> None:
    assert part("bytes=0-1", ETAG) == ByteRange(0, 2)
    assert part("bytes=0-1", '"another"') is None
    assert part("bytes=0-1", f"W/{ETAG}") is None


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 100))
def test_a_range_never_reaches_beyond_the_end(first: int, last: int, size: int) -> None:
    try:
        found = part(f"bytes={first}-{last}", size=size)
    except RangeNotSatisfiableError:
        assert first >= size
    else:
        assert found is None or 0 <= found.start < found.stop <= size

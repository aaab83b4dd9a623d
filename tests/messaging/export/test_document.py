"""The document is one JSON object however it is cut into pieces."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from messaging.export.document import FORMAT_VERSION, JsonDocument

messages = st.lists(st.fixed_dictionaries({"seq": st.integers(1, 2**53), "content": st.text(max_size=50)}), max_size=20)


@given(found=messages, piece_bytes=st.integers(1, 300))
def test_the_pieces_are_of_one_size_and_make_up_the_document(found: list[dict[str, Any]], piece_bytes: int) -> None:
    document = JsonDocument(exported_at=datetime(2026, 11, 24, tzinfo=UTC), piece_bytes=piece_bytes)
    pieces: list[bytes] = []

    def take(*, last: bool = False) -> None:
        while (piece := document.take_piece(last=last)) is not None:
            pieces.append(piece)

    document.begin({"title": "Plans"})
    for message in found:
        document.add(message)
        take()
    document.end()
    take(last=True)
    assert {len(piece) for piece in pieces[:-1]} <= {piece_bytes}
    assert json.loads(b"".join(pieces)) == {
        "format_version": FORMAT_VERSION,
        "exported_at": "2026-11-24T00:00:00.000000Z",
        "conversation": {"title": "Plans"},
        "messages": found,
    }

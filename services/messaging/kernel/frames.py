"""WebSocket frames (RFC 6455, section 5.2) as bytes: written whole for any number of receivers, found in a stream.

Pure. Only what is common is here; whatever is not a plain text frame goes to the library (`links.py`).
"""

from typing import Final

FINAL_TEXT: Final = 0x81
"""First byte of a text message in one frame, without extensions."""
MASKED: Final = 0x80
MASK_BYTES: Final = 4


def text_frame(payload: bytes) -> bytes:
    """Write a text message of a server, which is not masked: the same bytes for every receiver."""
    length = len(payload)
    if length < 126:
        return bytes((FINAL_TEXT, length)) + payload
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


def find_frame(data: bytes, start: int) -> tuple[int, int] | None:
    """Find where the payload (or its mask) of the frame at `start` begins and where the frame ends.

    Returns None while its header is not complete; the end may lie behind the end of `data`.
    """
    here = len(data) - start
    if here < 2:
        return None
    second = data[start + 1]
    length, body = second & 0x7F, start + 2
    if length == 126:
        if here < 4:
            return None
        length, body = (data[start + 2] << 8) | data[start + 3], start + 4
    elif length == 127:
        if here < 10:
            return None
        length, body = int.from_bytes(data[start + 2 : start + 10], "big"), start + 10
    return body, body + length + (MASK_BYTES if second & MASKED else 0)

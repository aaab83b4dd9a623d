"""Loops that outlive what goes wrong in a round: a database or peer that is away must cost no process."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from messaging.kernel.database import is_transient

log = structlog.get_logger(__name__)


class Round:
    """How one round went; `failed` once it is over."""

    def __init__(self) -> None:
        self.failed = False


@contextmanager
def outliving(work: str) -> Iterator[Round]:
    """Log what goes wrong inside the block, with its trace unless it may pass by itself, and go on behind it.

    For the body of a background loop only, which pauses before its next round. Cancellation passes through.
    """
    result = Round()
    try:
        yield result
    except Exception as error:
        result.failed = True
        if is_transient(error):
            log.warning("work_waits", work=work, error=type(error).__name__)
        else:
            log.exception("work_failed", work=work)

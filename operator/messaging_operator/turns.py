"""At most two platforms roll at once because of the operator itself.

Called by reconcile.py. A new operator may change what every platform consists of; if that is bad, it shall be bad for
two platforms, not for all. Changes that a person made to a resource never wait.
"""

from collections.abc import Hashable, Mapping
from typing import Any

AT_ONCE = 2


class Turns:
    """Who may roll now; kept by one process, so that a new leader counts anew."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._by_person: set[Hashable] = set()
        self._by_operator: set[Hashable] = set()

    def may_roll(self, key: Hashable, *, generation: int, status: Mapping[str, Any], fingerprint: str) -> bool:
        """Return whether platform `key`, of this generation and status, may become what `fingerprint` names.

        A platform that was never rolled out, or that is as it was rolled out last, always may; the latter gives its
        turn back.
        """
        if status.get("rolledOut") in (None, fingerprint):
            self.leave(key)
        elif status.get("observedGeneration") != generation:
            self._by_operator.discard(key)
            self._by_person.add(key)
        elif key not in self._by_person | self._by_operator:
            if len(self._by_operator) >= self._at_once:
                return False
            self._by_operator.add(key)
        return True

    def leave(self, key: Hashable) -> None:
        """Give a turn back: the platform is rolled out or gone."""
        self._by_person.discard(key)
        self._by_operator.discard(key)

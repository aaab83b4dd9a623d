"""The judge of conversations after trouble, written once: what clients saw against what the database holds. Pure.

Of each conversation it must hold, whatever was killed, lost, repeated or late meanwhile:

- acknowledged means stored: once, under the acknowledged number, with what was acknowledged or a later change of it;
- the numbering has no gap, and no two messages share a `seq` or a `rev`;
- on every connection `seq` ascends without a repeat, and of each message so does `rev`;
- in the end every member has every message in the state that is stored, edits and tombstones included;
- nothing comes from elsewhere, and nobody hears what was said or changed after they left.

Fault scenarios on real parts (`e2e/faults`), in-process tests (`tests/messaging/message/reliability`) and benchmarks
call `check`; messages are plain dicts of the API's form.
"""

from e2e.checker.checks import check
from e2e.checker.findings import Findings, together
from e2e.checker.observation import Json, Observation

__all__ = ["Findings", "Json", "Observation", "check", "together"]

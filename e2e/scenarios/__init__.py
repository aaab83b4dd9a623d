"""Black-box scenarios, spoken by a client that knows docs/api.md only, against any platform by its URL.

``python -m e2e.scenarios --base-url http://localhost:5000`` runs them all; tests and faults import `run` and `Stage`.
Nothing here imports the platform's own packages: what passes here works for anybody's client.
"""

from e2e.scenarios.catalogue import SCENARIOS, run
from e2e.scenarios.stage import Stage

__all__ = ["SCENARIOS", "Stage", "run"]

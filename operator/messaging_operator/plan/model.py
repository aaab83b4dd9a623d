"""What a plan consists of: ordered actions with a reason each, problems, and how far the rollout is."""

from dataclasses import dataclass

from messaging_operator.desired import GeneratedSecret, Manifest
from messaging_operator.kinds import key_of
from messaging_operator.names import FIELD_MANAGER


@dataclass(frozen=True, kw_only=True)
class Action:
    """One write. `stage` is the stage it belongs to, '' for those that no stage waits for."""

    reason: str
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class Apply(Action):
    """Apply `manifest` server-side as `manager`."""

    manifest: Manifest
    manager: str = FIELD_MANAGER

    def __str__(self) -> str:
        return f"apply {key_of(self.manifest)}"


@dataclass(frozen=True, kw_only=True)
class CreateSecret(Action):
    """Create a generated Secret with new random values, unless one has come to be there meanwhile."""

    secret: GeneratedSecret

    def __str__(self) -> str:
        return f"create Secret {self.secret.name}"


@dataclass(frozen=True, kw_only=True)
class AddKeys(Action):
    """Make the values of `keys`, which `live` lacks; its other values stay."""

    secret: GeneratedSecret
    live: Manifest
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"add keys to Secret {self.secret.name}"


@dataclass(frozen=True, kw_only=True)
class Merge(Action):
    """Merge-patch an object that others made or whose data is not ours to state."""

    manifest: Manifest

    def __str__(self) -> str:
        return f"patch {key_of(self.manifest)}"


@dataclass(frozen=True, kw_only=True)
class Delete(Action):
    """Delete `live`; ``Orphan`` leaves what it made."""

    live: Manifest
    propagation: str = "Background"

    def __str__(self) -> str:
        return f"delete {key_of(self.live)}"


AnyAction = Apply | CreateSecret | AddKeys | Merge | Delete


@dataclass(frozen=True)
class Problem:
    """Something wrong that shows in no workload's own state; `needs_person` when waiting will not help."""

    reason: str
    component: str
    message: str
    needs_person: bool = True


@dataclass(frozen=True)
class StageState:
    """How far one stage is. `waiting_for` names the objects (or stages) that it waits for."""

    name: str
    entered: bool
    ready: bool
    waiting_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What to do now. `fingerprint` names the desired state; `rolled_out` says that all of it is in place and ready."""

    actions: tuple[AnyAction, ...]
    problems: tuple[Problem, ...] = ()
    stages: tuple[StageState, ...] = ()
    fingerprint: str = ""

    @property
    def rolled_out(self) -> bool:
        """Return whether every stage is ready and nothing is in the way."""
        return bool(self.stages) and all(stage.ready for stage in self.stages) and not self.problems

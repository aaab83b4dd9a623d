"""What the pure core hands to the shell: a platform's wanted objects, in the order of their rollout.

Stands between the builders of this package (which make these) and plan.py (which compares them with
what is observed). Only manifests are plain dictionaries: they are what the API server reads.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging_operator.spec import PlatformSpec

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Platform:
    """One MessagingPlatform resource.

    `uid` is empty where the platform lives in no cluster (`messaging-operator render`): its objects
    then carry no ownerReference, which would be refused or, worse, be garbage.
    """

    name: str
    namespace: str
    uid: str
    spec: PlatformSpec


@dataclass(frozen=True)
class GeneratedSecret:
    """A Secret that is created once and never overwritten: its random values are the live passwords.

    `manifest` has no data. `keys` are the random ones with their length in characters, `fixed` the
    others with their value. `critical` keys are those that data at rest depends on: lost while data
    exists, they are never made anew (Degraded/KeyLost). A `retained` Secret outlives the resource and
    therefore has no ownerReference.
    """

    manifest: Manifest
    keys: Mapping[str, int]
    fixed: Mapping[str, str] = field(default_factory=dict)
    critical: frozenset[str] = frozenset()
    retained: bool = True

    @property
    def name(self) -> str:
        """The name of the Secret."""
        return str(self.manifest["metadata"]["name"])


@dataclass(frozen=True)
class SecretReference:
    """A Secret that somebody else makes and that `component` cannot start without."""

    name: str
    component: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """Objects that are applied together, once every stage named in `after` is ready."""

    name: str
    objects: tuple[Manifest, ...]
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desired:
    """All that a platform consists of: Secrets to create, volumes to claim, then stages in rollout order.

    `claims` are PersistentVolumeClaims under the names that the StatefulSets' own templates would give:
    applied before the stages, so that a larger size and the deletion policy reach volumes that exist
    already. They are never deleted by the operator.
    """

    secrets: tuple[GeneratedSecret, ...]
    stages: tuple[Stage, ...]
    claims: tuple[Manifest, ...] = ()
    references: tuple[SecretReference, ...] = ()

    def stage(self, name: str) -> Stage:
        """The stage of that name; KeyError where there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def objects(self) -> Iterator[Manifest]:
        """Every manifest of every stage, in rollout order; generated Secrets are not among them."""
        for stage in self.stages:
            yield from stage.objects

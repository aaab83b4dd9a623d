"""Where pods may run and what they may use: the parts of the Pod API that a spec passes on.

Shapes and names are those of Kubernetes' core/v1; only what is listed here is accepted.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from messaging_operator.spec.base import Rule, SpecModel
from messaging_operator.spec.quantity import Quantity, value
from messaging_operator.spec.text import LabelKey, LabelValue

Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=20)]


class Amounts(SpecModel):
    """Amounts of what a node has to give."""

    cpu: Quantity | None = None
    """Cores, such as 500m or 2."""
    memory: Quantity | None = None
    """Bytes, such as 256Mi."""


def _within(amount: str | None, limit: str | None) -> bool:
    return amount is None or limit is None or value(amount) <= value(limit)


def _limit_rule(resource: str) -> Rule:
    def holds(resources: "Resources") -> bool:
        return _within(getattr(resources.requests, resource), getattr(resources.limits, resource))

    requests, limits = f"self.requests.{resource}", f"self.limits.{resource}"
    return Rule(
        cel=f"!has(self.requests) || !has(self.limits) || !has({requests}) || !has({limits})"
        f" || !isQuantity(string({requests})) || !isQuantity(string({limits}))"
        f" || quantity(string({requests})).compareTo(quantity(string({limits}))) <= 0",
        message=f"requests.{resource} must not be greater than limits.{resource}",
        holds=holds,
    )


class Resources(SpecModel):
    """What a container asks for and may use at most; taken whole in place of the operator's own default."""

    requests: Amounts = Amounts()
    """What the scheduler reserves."""
    limits: Amounts = Amounts()
    """What the container may use at most."""

    rules = (_limit_rule("cpu"), _limit_rule("memory"))


class TolerationOperator(StrEnum):
    """How a toleration's key and value are compared with a taint."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(SpecModel):
    """A taint that the pods may live with."""

    key: LabelKey | None = None
    """The taint's key; none (with Exists) means every taint."""
    operator: TolerationOperator = TolerationOperator.EQUAL
    """How key and value are compared."""
    value: LabelValue | None = None
    """The taint's value."""
    effect: TaintEffect | None = None
    """The effect to tolerate; none means all."""
    toleration_seconds: Annotated[int, Field(ge=0, le=86400)] | None = None
    """For NoExecute: how long a pod stays."""

    rules = (
        Rule(
            cel="has(self.key) || self.operator == 'Exists'",
            message="operator must be Exists where key is empty",
            holds=lambda one: one.key is not None or one.operator is TolerationOperator.EXISTS,
        ),
        Rule(
            cel="self.operator != 'Exists' || !has(self.value) || self.value == ''",
            message="value must be empty where operator is Exists",
            holds=lambda one: one.operator is not TolerationOperator.EXISTS or not one.value,
        ),
        Rule(
            cel="!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            message="tolerationSeconds needs effect NoExecute",
            holds=lambda one: one.toleration_seconds is None or one.effect is TaintEffect.NO_EXECUTE,
        ),
    )


class SelectorOperator(StrEnum):
    """How a label is compared with values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Requirement(SpecModel):
    """A condition on one label."""

    key: LabelKey
    """The label's key."""
    operator: SelectorOperator
    """How it is compared."""
    values: Annotated[tuple[LabelValue, ...], Field(max_length=20)] = ()
    """With In and NotIn at least one; otherwise none."""

    rules = (
        Rule(
            cel="(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            message="values must be given with In and NotIn, and only with them",
            holds=lambda one: (one.operator in {SelectorOperator.IN, SelectorOperator.NOT_IN}) == bool(one.values),
        ),
    )


Requirements = Annotated[tuple[Requirement, ...], Field(min_length=1, max_length=10)]


class NodeSelectorTerm(SpecModel):
    """Conditions on a node's labels that must all hold."""

    match_expressions: Requirements
    """The conditions."""


class NodeSelector(SpecModel):
    """Terms of which one must hold."""

    node_selector_terms: Annotated[tuple[NodeSelectorTerm, ...], Field(min_length=1, max_length=10)]
    """The terms."""


class PreferredNodes(SpecModel):
    """Nodes that are better than others."""

    weight: Annotated[int, Field(ge=1, le=100)]
    """How much better."""
    preference: NodeSelectorTerm
    """Which nodes."""


class NodeAffinity(SpecModel):
    """Nodes that pods must or should run on."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """Nodes that pods must run on."""
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[PreferredNodes, ...], Field(max_length=10)
    ] = ()
    """Nodes that pods should run on."""


class LabelSelector(SpecModel):
    """Pods by their labels; at least one condition."""

    match_labels: Labels = Field(default_factory=dict)
    """Labels that pods have."""
    match_expressions: Annotated[tuple[Requirement, ...], Field(max_length=10)] = ()
    """Conditions that hold for them."""

    rules = (
        Rule(
            cel="(has(self.matchLabels) && self.matchLabels.size() > 0)"
            " || (has(self.matchExpressions) && self.matchExpressions.size() > 0)",
            message="matchLabels or matchExpressions must hold something",
            holds=lambda one: bool(one.match_labels or one.match_expressions),
        ),
    )


class PodAffinityTerm(SpecModel):
    """Pods to be near to, or away from."""

    label_selector: LabelSelector
    """Which pods of the same namespace."""
    topology_key: LabelKey
    """What "near" means: the same value of this node label."""


class PreferredPods(SpecModel):
    """Pods that it is better to be near to, or away from."""

    weight: Annotated[int, Field(ge=1, le=100)]
    """How much better."""
    pod_affinity_term: PodAffinityTerm
    """Which pods."""


class PodAffinity(SpecModel):
    """Pods that must or should be near, or away."""

    required_during_scheduling_ignored_during_execution: Annotated[
        tuple[PodAffinityTerm, ...], Field(max_length=10)
    ] = ()
    """What must be so."""
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[PreferredPods, ...], Field(max_length=10)
    ] = ()
    """What should be so."""


class Affinity(SpecModel):
    """Rules on which nodes, and beside which pods, a component's pods run."""

    node_affinity: NodeAffinity | None = None
    """Which nodes."""
    pod_affinity: PodAffinity | None = None
    """Beside which pods."""
    pod_anti_affinity: PodAffinity | None = None
    """Away from which pods."""


class Placed(SpecModel):
    """A component whose pods' place and size may be chosen."""

    resources: Resources | None = None
    """What each pod's container asks for and may use; none means the operator's own default."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels that a node must have."""
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=10)] = ()
    """Taints that the pods may live with."""
    affinity: Affinity | None = None
    """Further rules of placement."""

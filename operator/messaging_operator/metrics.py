"""What the operator counts about itself, in Prometheus' terms; served by probes.py under /metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

WRITES = Counter(
    "messaging_operator_writes_total", "Writes sent to the API server.", ["method", "kind"], registry=REGISTRY
)
RECONCILES = Counter("messaging_operator_reconciles_total", "Reconciles by outcome.", ["outcome"], registry=REGISTRY)
RECONCILE_SECONDS = Histogram(
    "messaging_operator_reconcile_seconds", "How long a reconcile took, in seconds.", registry=REGISTRY
)
QUEUE_LENGTH = Gauge("messaging_operator_queue_length", "Platforms that wait for a worker now.", registry=REGISTRY)
LEADER = Gauge("messaging_operator_leader", "1 while this process leads, else 0.", registry=REGISTRY)
WATCH_MISSED = Counter(
    "messaging_operator_watch_missed_total",
    "Changes that a LIST showed and no watch had brought.",
    ["kind"],
    registry=REGISTRY,
)
CONDITION = Gauge(
    "messaging_operator_platform_condition",
    "1 while the condition is True, 0 while it is False.",
    ["namespace", "platform", "condition"],
    registry=REGISTRY,
)


def forget_platform(namespace: str, name: str) -> None:
    """Drop what is counted about one platform: it is gone."""
    for labels in [labels for labels in _labels_of_conditions() if labels[:2] == (namespace, name)]:
        CONDITION.remove(*labels)


def _labels_of_conditions() -> list[tuple[str, str, str]]:
    samples = [sample for metric in CONDITION.collect() for sample in metric.samples]
    return [(one.labels["namespace"], one.labels["platform"], one.labels["condition"]) for one in samples]

"""Every spec that a MessagingPlatform may have, as hypothesis strategies: plain dictionaries as a person writes them.

What is made here satisfies every rule of the CRD.
"""

import string
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

SERVICES = ("auth", "user", "message", "notification", "export")


def optional(**fields: Strategy) -> Strategy:
    """A mapping with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def platform_names() -> Strategy:
    """Names that a platform may have; short ones often, so that they are each other's beginnings and ends."""
    words = st.sampled_from(
        ["a", "demo", "auth", "mysql", "gateway", "migrate", "nodes", "rabbitmq", "x1", "credentials"]
    )
    joined = st.lists(words, min_size=1, max_size=4).map("-".join)
    return (joined | st.from_regex(r"[a-z]([-a-z0-9]{0,28}[a-z0-9])?", fullmatch=True)).filter(
        lambda name: len(name) <= 30
    )


def versions() -> Strategy:
    """Versions of the services."""
    return st.from_regex(
        r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-[0-9A-Za-z]([0-9A-Za-z.-]{0,10}[0-9A-Za-z])?)?", fullmatch=True
    )


def sizes() -> Strategy:
    """Quantities of bytes."""
    return st.builds("{}{}".format, st.integers(1, 4000), st.sampled_from(["Mi", "Gi", "M", "G", "Ti"]))


def cores() -> Strategy:
    """Quantities of CPU, also as bare numbers."""
    return st.integers(1, 64) | st.builds("{}m".format, st.integers(1, 9000))


def hosts() -> Strategy:
    """Host names and addresses."""
    label = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10)
    return st.lists(label, min_size=1, max_size=4).map(".".join)


def label_keys() -> Strategy:
    """Keys of labels."""
    return st.sampled_from(["zone", "example.com/pool", "kubernetes.io/os", "topology.kubernetes.io/zone", "A_b.c-d"])


def label_values() -> Strategy:
    """Values of labels."""
    return st.sampled_from(["", "a", "linux", "A_b.c-d", "x" * 63])


def resources(*, cpu_requested: bool = False) -> Strategy:
    """Resources whose requests are within their limits."""
    requests = {"cpu": cores()} if cpu_requested else {}
    amounts = st.fixed_dictionaries(
        requests, optional={"cpu": cores(), "memory": sizes()} if not requests else {"memory": sizes()}
    )
    without_limits = st.builds(lambda given: {"requests": given}, amounts)
    equal = st.builds(lambda given: {"requests": given, "limits": dict(given)}, amounts)
    if cpu_requested:
        return without_limits | equal
    return without_limits | equal | st.builds(lambda given: {"limits": given}, amounts)


def tolerations() -> Strategy:
    """Lists of tolerations."""
    effect = st.sampled_from(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    one = st.one_of(
        st.fixed_dictionaries({"operator": st.just("Exists")}, optional={"key": label_keys(), "effect": effect}),
        st.fixed_dictionaries({"key": label_keys()}, optional={"value": label_values(), "effect": effect}),
        st.fixed_dictionaries(
            {"key": label_keys(), "effect": st.just("NoExecute"), "tolerationSeconds": st.integers(0, 86400)}
        ),
    )
    return st.lists(one, max_size=3)


def requirements(*, least: int) -> Strategy:
    """Lists of conditions on labels."""
    with_values = st.fixed_dictionaries(
        {
            "key": label_keys(),
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(label_values(), min_size=1, max_size=3),
        }
    )
    bare = st.fixed_dictionaries({"key": label_keys(), "operator": st.sampled_from(["Exists", "DoesNotExist"])})
    return st.lists(with_values | bare, min_size=least, max_size=3)


def affinities() -> Strategy:
    """Affinities of every form."""
    term = st.fixed_dictionaries({"matchExpressions": requirements(least=1)})
    nodes = optional(
        requiredDuringSchedulingIgnoredDuringExecution=st.fixed_dictionaries(
            {"nodeSelectorTerms": st.lists(term, min_size=1, max_size=2)}
        ),
        preferredDuringSchedulingIgnoredDuringExecution=st.lists(
            st.fixed_dictionaries({"weight": st.integers(1, 100), "preference": term}), max_size=2
        ),
    )
    labels = st.dictionaries(label_keys(), label_values(), max_size=2)
    pod_term = st.fixed_dictionaries(
        {
            "labelSelector": optional(matchLabels=labels, matchExpressions=requirements(least=0)).filter(
                lambda given: any(given.values())
            ),
            "topologyKey": label_keys(),
        }
    )
    pods = optional(
        requiredDuringSchedulingIgnoredDuringExecution=st.lists(pod_term, max_size=2),
        preferredDuringSchedulingIgnoredDuringExecution=st.lists(
            st.fixed_dictionaries({"weight": st.integers(1, 100), "podAffinityTerm": pod_term}), max_size=2
        ),
    )
    return optional(nodeAffinity=nodes, podAffinity=pods, podAntiAffinity=pods)


def placement() -> dict[str, Strategy]:
    """The fields of everything whose pods' place may be chosen."""
    return {
        "nodeSelector": st.dictionaries(label_keys(), label_values(), max_size=2),
        "tolerations": tolerations(),
        "affinity": affinities(),
    }


def services() -> Strategy:
    """How one service runs."""
    env = st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["MESSAGING_LOG_LEVEL", "TZ", "MESSAGING_X"]),
                "value": st.sampled_from(["", "debug", "$(A) %"]),
            }
        ),
        max_size=3,
        unique_by=lambda one: str(one["name"]),
    )
    common = placement() | {"env": env}
    autoscaling = st.tuples(
        st.integers(1, 50), st.integers(1, 50), optional(targetCPUUtilizationPercentage=st.integers(1, 1000))
    ).map(lambda drawn: {"minReplicas": min(drawn[:2]), "maxReplicas": max(drawn[:2]), **drawn[2]})
    return optional(**common, replicas=st.integers(1, 50), resources=resources()) | st.fixed_dictionaries(
        {"autoscaling": autoscaling}, optional=common | {"resources": resources(cpu_requested=True)}
    )


def datastores(*, broker: bool) -> Strategy:
    """A database or a broker, managed or external."""
    volume = placement() | {
        "resources": resources(),
        "storage": sizes(),
        "storageClassName": st.sampled_from(["fast", "a.b"]),
    }
    if broker:
        volume["replicas"] = st.sampled_from([1, 3])
    required = {"host": hosts(), "credentialsSecret": st.sampled_from(["account", "my.secret"])}
    external = {"port": st.integers(1, 65535), "tls": st.sampled_from(["required", "disabled"])}
    if broker:
        external["virtualHost"] = st.sampled_from(["/", "chat"])
    return optional(**volume).map(lambda given: {"managed": given}) | st.fixed_dictionaries(
        required, optional=external
    ).map(lambda given: {"external": given})


def gateways() -> Strategy:
    """The gateway."""
    origin = st.builds("{}://{}".format, st.sampled_from(["http", "https"]), hosts())
    service = optional(type=st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"])) | st.fixed_dictionaries(
        {"type": st.sampled_from(["NodePort", "LoadBalancer"]), "nodePort": st.integers(30000, 32767)}
    )
    rate = st.tuples(st.integers(1, 1000), st.integers(0, 1000)).map(
        lambda drawn: {"perSecond": drawn[0], "burst": sum(drawn)}
    )
    return st.fixed_dictionaries(
        {"externalURL": origin | st.builds("{}:{}".format, origin, st.integers(1, 65535))},
        optional=placement()
        | {
            "resources": resources(),
            "replicas": st.integers(1, 20),
            "service": service,
            "trustedHops": st.integers(0, 9),
            "corsOrigins": st.lists(origin, max_size=3, unique=True) | st.just(["*"]),
            "rateLimits": rate,
        },
    )


def images() -> Strategy:
    """Where images come from."""
    reference = st.sampled_from(["local/x:1", "registry.example.com:5000/a/b:v1.2_3", "x@sha256:" + "0" * 64, "plain"])
    parts = (*SERVICES, "mysql", "rabbitmq", "envoy")
    return optional(
        registry=st.sampled_from(["registry.example.com", "localhost:5000/mirror"]),
        pullPolicy=st.sampled_from(["IfNotPresent", "Always", "Never"]),
        pullSecrets=st.lists(st.fixed_dictionaries({"name": st.sampled_from(["pull", "pull.b"])}), max_size=2),
        overrides=optional(**dict.fromkeys(parts, reference)),
    )


def specs() -> Strategy:
    """Whole specs."""
    return st.fixed_dictionaries(
        {"version": versions(), "gateway": gateways()},
        optional={
            "images": images(),
            "services": optional(**{service: services() for service in SERVICES}),
            "database": datastores(broker=False),
            "broker": datastores(broker=True),
            "storage": st.sampled_from([{}, {"database": {}}]),
            "signUp": st.sampled_from(["open", "closed"]),
            "networkPolicy": optional(enabled=st.booleans()),
            "paused": st.booleans(),
            "deletionPolicy": st.sampled_from(["Retain", "Delete"]),
        },
    )

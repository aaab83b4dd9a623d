"""Every image of the platform by its short name, and the one way to have it: local, pulled, or made from packages."""

from collections.abc import Callable
from dataclasses import dataclass

from e2e import cache, versions
from e2e.docker import RECIPE_LABEL, docker, label
from e2e.errors import ToolingError
from e2e.images import dockerfiles, metricsserver, nodearchive, registry, substitutes
from e2e.images.node import build as node
from e2e.steps import console


@dataclass(frozen=True)
class Entry:
    """An image: its name, whether a registry may have it, the hash of its recipe, and how to make it from packages."""

    image: str
    public: bool
    recipe: Callable[[], str]
    make: Callable[[], None]


def ensure(*names: str) -> list[str]:
    """Make sure that the local engine has the images with these short names; return their full names in that order.

    An image that is there with the recipe we would use, or unlabelled (a public one), is taken as it is.
    Raises ToolingError for an unknown name, or where an image can be neither pulled nor made.
    """
    unknown = sorted(set(names) - set(ENTRIES))
    if unknown:
        raise ToolingError(f"Unknown image {', '.join(unknown)}.", hint=f"Known: {', '.join(ENTRIES)}")
    for name in names:
        with cache.lock(f"image-{name}"):
            _ensure(ENTRIES[name])
    return [ENTRIES[name].image for name in names]


def node_image() -> str:
    """Return the image that kind's nodes shall have: ours when it is there, a public one, or ours, made now."""
    if state(ENTRIES["node"]) == "current":
        return versions.NODE_IMAGE
    return nodearchive.public_image() or ensure("node")[0]


def state(entry: Entry) -> str:
    """Say ``current``, ``public`` (unlabelled), ``outdated`` or ``missing`` for the local engine's copy."""
    found = label(entry.image)
    if found is None:
        return "missing"
    if entry.public and found == "":
        return "public"
    return "current" if found == entry.recipe() else "outdated"


def _ensure(entry: Entry) -> None:
    if state(entry) in {"current", "public"}:
        return
    if entry.public and registry.pull(entry.image):
        console.print(f"          {entry.image} pulled")
        return
    entry.make()
    docker("image", "prune", "--force", "--filter", f"label={RECIPE_LABEL}")


def _substitute(substitute: substitutes.Substitute) -> Entry:
    return Entry(substitute.image, True, lambda: substitute.recipe, lambda: substitutes.make(substitute))


def _with_base(build: dockerfiles.Build, base: str = "python") -> Entry:
    def make() -> None:
        ensure(base)
        dockerfiles.make(build)

    return Entry(build.image, build.public, lambda: build.recipe, make)


ENTRIES: dict[str, Entry] = {
    "python": _substitute(substitutes.PYTHON),
    "mysql": _substitute(substitutes.MYSQL),
    "rabbitmq": _substitute(substitutes.RABBITMQ),
    "envoy": _with_base(dockerfiles.ENVOY),
    "services": _with_base(dockerfiles.SERVICES),
    "services-tests": _with_base(dockerfiles.SERVICES_TESTS, "services"),
    "operator": _with_base(dockerfiles.OPERATOR),
    "node": Entry(versions.NODE_IMAGE, public=False, recipe=node.recipe, make=node.make),
    "metrics-server": Entry(
        versions.METRICS_SERVER_IMAGE, public=False, recipe=metricsserver.recipe, make=metricsserver.make
    ),
}

DELIVERED = tuple(name for name in ENTRIES if name != "services-tests")
"""All that a platform or a local cluster is made of."""
OURS = ("services", "operator")
PLATFORM = (*OURS, "mysql", "rabbitmq", "envoy")
"""What a platform and its operator run."""
